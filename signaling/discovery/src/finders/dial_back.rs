//! Whether a member is reached from another machine: it asks a member there to dial back. A firewall
//! of ours lets us through to ourselves and lets our own questions out, so only others can tell
//! whether it lets anybody in.
//!
//! The question, `GET /dial-back`, carries the announcement of who asks. Whoever is asked dials the
//! address that the question came from and the port that the announcement names, asks there for an
//! announcement as of any place, and says in one word what came of it, and behind it at which address it
//! sees the asker: where that is not the one that was asked from, something between translates
//! addresses, and what was dialled is not the asker. A TCP connection proves that the asker is at that
//! address or behind it, so nobody has a third machine dialled.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::str;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use tokio::time::timeout;

use super::ask::{AskError, ask, connect, exchange, split};
use crate::announcement::Announcement;

/// What came of dialling back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialedBack {
    /// The asker answered there.
    Reached,
    /// The machine said that nothing listens there.
    Refused,
    /// Nothing came back.
    Silent,
    /// No way leads there, or no machine has that address.
    NoRoute,
    /// Somebody else answered, or something else than a member.
    Another,
    /// Too many ask, or too often: nothing was dialled.
    Busy,
    /// The question made no sense: nothing was dialled.
    Malformed,
}

impl DialedBack {
    const ALL: [Self; 7] = [
        Self::Reached,
        Self::Refused,
        Self::Silent,
        Self::NoRoute,
        Self::Another,
        Self::Busy,
        Self::Malformed,
    ];

    /// The word that is answered.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::NoRoute => "no-route",
            Self::Another => "another",
            Self::Busy => "busy",
            Self::Malformed => "malformed",
        }
    }

    /// The whole answer to who came from there: the word, a space, and the address.
    #[must_use]
    pub fn told_to(self, came_from: SocketAddr) -> String {
        format!("{self} {}", came_from.ip().to_canonical())
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}

impl fmt::Display for DialedBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a member says that was asked to dial back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialBackAnswer {
    /// What came of it.
    pub outcome: DialedBack,
    /// Whether it sees the asker at another address than the one that was asked from: something
    /// between the two translates addresses, and that is what was dialled.
    pub is_translated: bool,
}

/// Asks the member at a place to dial back to whoever announces this at our address.
///
/// Takes five seconds at most.
///
/// # Errors
/// When the place is not reached, is no member, or is one of an older version, which refuses.
pub async fn ask_to_dial_back(
    place: SocketAddr,
    said: &Announcement,
) -> Result<DialBackAnswer, AskError> {
    let stream = connect(place).await?;
    let asked_from = stream.local_addr().map_err(AskError::Unreached)?.ip();
    let header = format!(
        "{ANNOUNCEMENT}: {}\r\n",
        BASE64URL_NOPAD.encode(&said.to_bytes())
    );
    match timeout(ANSWER, exchange(stream, place, PATH, &header)).await {
        Ok(Ok(answer)) => judge(&answer, asked_from),
        Ok(Err(_)) | Err(_) => Err(AskError::NotAMember),
    }
}

/// What a question says of who asks; `None` when it makes no sense, or names a port of the system, which
/// no announcement may.
#[must_use]
pub fn who_asks_to_dial_back(text: &str) -> Option<Announcement> {
    if text.len() > BASE64URL_NOPAD.encode_len(Announcement::MAX_BYTES) {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    Announcement::from_bytes(&bytes).ok()
}

/// Dials back to who asks, at the address that they came from. The caller limits how often.
///
/// Takes two seconds and a half at most.
pub async fn dial_back(came_from: SocketAddr, said: &Announcement) -> DialedBack {
    match ask(back(came_from, said.port)).await {
        Ok(theirs) if theirs.alias == said.alias => DialedBack::Reached,
        Ok(_) | Err(AskError::SaysNothing | AskError::NotAMember) => DialedBack::Another,
        Err(AskError::Unreached(error)) => match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
                DialedBack::Refused
            }
            io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::AddrNotAvailable => DialedBack::NoRoute,
            _ => DialedBack::Silent,
        },
    }
}

/// The same address at another port. A link-local one keeps the interface by which it came.
fn back(came_from: SocketAddr, port: u16) -> SocketAddr {
    match (came_from, came_from.ip().to_canonical()) {
        (SocketAddr::V6(from), IpAddr::V6(ip)) => {
            SocketAddrV6::new(ip, port, 0, from.scope_id()).into()
        }
        (_, ip) => SocketAddr::new(ip, port),
    }
}

/// What an answer of HTTP says to who asked from this address.
pub(super) fn judge(answer: &[u8], asked_from: IpAddr) -> Result<DialBackAnswer, AskError> {
    match split(answer) {
        (Some(200), Some(body)) => {
            let (outcome, seen_at) = read(body).ok_or(AskError::NotAMember)?;
            Ok(DialBackAnswer {
                outcome,
                is_translated: seen_at != asked_from.to_canonical(),
            })
        }
        (Some(400..=599), Some(_)) => Err(AskError::SaysNothing),
        (_, _) => Err(AskError::NotAMember),
    }
}

/// What [`DialedBack::told_to`] wrote, in that form only.
pub(super) fn read(body: &[u8]) -> Option<(DialedBack, IpAddr)> {
    let (word, seen_at) = str::from_utf8(body).ok()?.split_once(' ')?;
    let (outcome, seen_at) = (DialedBack::of_word(word)?, seen_at.parse::<IpAddr>().ok()?);
    // An address has several spellings, and one of them is written.
    let is_as_written = outcome.told_to((seen_at, 0).into()).as_bytes() == body;
    is_as_written.then_some((outcome, seen_at))
}

/// The path under which the relay of a member dials back.
const PATH: &str = "/dial-back";

/// The header that carries the announcement of who asks, in URL-safe base64.
const ANNOUNCEMENT: &str = "Tincan-Announcement";

/// Longer than dialling back takes.
const ANSWER: Duration = Duration::from_millis(3500);

#[cfg(test)]
mod tests {
    use identity::Identity;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn announcement(port: u16) -> Announcement {
        let [ann, alias] = [0; 2].map(|_| Identity::generate().unwrap());
        Announcement::hidden(&ann, &alias, port, &[])
    }

    /// Answers whoever comes with this body.
    async fn answering(body: Vec<u8>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _asked = stream.read(&mut [0; 4096]).await.unwrap();
                let answer = [b"HTTP/1.1 200 OK\r\n\r\n", &body[..]].concat();
                let _told = stream.write_all(&answer).await;
            }
        });
        port
    }

    fn from() -> SocketAddr {
        ([127, 0, 0, 1], 50_000).into()
    }

    #[tokio::test]
    async fn only_the_alias_that_asked_is_reached() {
        let said = announcement(4080);
        let port = answering(said.to_bytes()).await;
        let asks = |mut said: Announcement| {
            said.port = port;
            said
        };
        assert_eq!(dial_back(from(), &asks(said)).await, DialedBack::Reached);
        let another = dial_back(from(), &asks(announcement(4080))).await;
        assert_eq!(another, DialedBack::Another);
        let web = announcement(answering(b"<html>".to_vec()).await);
        assert_eq!(dial_back(from(), &web).await, DialedBack::Another);
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = announcement(closed.local_addr().unwrap().port());
        drop(closed);
        assert_eq!(dial_back(from(), &nobody).await, DialedBack::Refused);
    }

    #[tokio::test]
    async fn each_word_is_understood_and_nothing_else_is() {
        for outcome in DialedBack::ALL {
            let body = outcome.told_to(from()).into_bytes();
            let place = ([127, 0, 0, 1], answering(body).await).into();
            let told = ask_to_dial_back(place, &announcement(4080)).await.unwrap();
            let is_translated = false;
            assert_eq!(
                told,
                DialBackAnswer {
                    outcome,
                    is_translated
                }
            );
        }
        for body in [
            "hello",
            "silent",
            "silent ",
            "silent  127.0.0.1",
            "silent 127.0.0.1 ",
            "silent 127.0.0.1:80",
            "silent ::ffff:127.0.0.1",
            "silent 0:0:0:0:0:0:0:1",
            "hello 127.0.0.1",
        ] {
            let place = ([127, 0, 0, 1], answering(body.into()).await).into();
            let told = ask_to_dial_back(place, &announcement(4080)).await;
            assert!(matches!(told, Err(AskError::NotAMember)), "{told:?}");
        }
    }

    #[tokio::test]
    async fn whoever_is_seen_at_another_address_than_its_own_is_translated() {
        for (seen_at, is_translated) in [
            ("127.0.0.1:9", false),
            ("[::ffff:127.0.0.1]:9", false),
            ("192.168.1.1:9", true),
            ("[::1]:9", true),
        ] {
            let body = DialedBack::Silent.told_to(seen_at.parse().unwrap());
            let place = ([127, 0, 0, 1], answering(body.into()).await).into();
            let told = ask_to_dial_back(place, &announcement(4080)).await.unwrap();
            assert_eq!(told.is_translated, is_translated, "{seen_at}");
        }
    }

    #[test]
    fn what_was_asked_is_read_back_and_ports_of_the_system_are_not_dialled() {
        let text = |port| BASE64URL_NOPAD.encode(&announcement(port).to_bytes());
        assert_eq!(who_asks_to_dial_back(&text(4080)).unwrap().port, 4080);
        for refused in [
            text(22),
            String::new(),
            "hello".to_owned(),
            "A".repeat(9000),
        ] {
            assert_eq!(who_asks_to_dial_back(&refused), None, "{refused}");
        }
    }

    #[test]
    fn the_way_back_keeps_the_interface_of_a_link_local_address() {
        let v6: SocketAddr = SocketAddrV6::new("fe80::1".parse().unwrap(), 9, 0, 3).into();
        assert_eq!(back(v6, 80).to_string(), "[fe80::1%3]:80");
        let mapped: SocketAddr = "[::ffff:192.168.1.2]:9".parse().unwrap();
        assert_eq!(back(mapped, 80).to_string(), "192.168.1.2:80");
    }

    proptest! {
        #[test]
        fn any_question_and_any_answer_is_judged(text: String, bytes: Vec<u8>) {
            let _ = who_asks_to_dial_back(&text);
            let _ = who_asks_to_dial_back(&BASE64URL_NOPAD.encode(&bytes));
            let _ = judge(&bytes, from().ip());
            let _ = judge(&[b"HTTP/1.1 200 OK\r\n\r\n", &bytes[..]].concat(), from().ip());
        }

        #[test]
        fn what_is_told_is_read_back(word in 0..DialedBack::ALL.len(), ip: IpAddr) {
            let outcome = DialedBack::ALL[word];
            let told = outcome.told_to((ip, 9).into());
            prop_assert_eq!(read(told.as_bytes()), Some((outcome, ip.to_canonical())));
        }
    }
}
