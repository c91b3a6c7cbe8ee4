//! Asks one place for its announcement: `GET /announcement`, HTTP/1.1, over TCP. For places that
//! nobody announces where we are: typed ones, those in an invite, those where somebody was last.

use std::future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use identity::Identity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Finder, NotOpened};
use crate::announcement::Announcement;
use crate::lan::{FinderKind, Heard, Sighting};

/// The path under which the relay of a member gives its announcement,
/// [`Announcement::to_bytes`].
const ANNOUNCEMENT_PATH: &str = "/announcement";

/// Where the relay of a member listens if it can, and where one is looked for at a host that was
/// named without a port.
pub const DEFAULT_PORT: u16 = 48267;

/// Why a place gave no announcement.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No connection; [`io::ErrorKind::TimedOut`] when nothing came back in time.
    #[error("cannot be reached")]
    Unreached(#[source] io::Error),
    /// An answer of HTTP that refuses. The relay of a member refuses while it says nothing of
    /// itself or has no room; so does any web server.
    #[error("answers without an announcement")]
    SaysNothing,
    /// It took the connection, and answered something else or nothing in time.
    #[error("not a member")]
    NotAMember,
}

/// Asks the relay at a place who is there. Whoever answers claims it, and names a port of its own;
/// what we have proof of is that it came from this one.
///
/// Takes two seconds and a half at most.
///
/// # Errors
/// When no announcement comes.
pub async fn ask(place: SocketAddr) -> Result<Announcement, AskError> {
    let stream = connect(place).await?;
    match timeout(ANSWER, exchange(stream, place, ANNOUNCEMENT_PATH, "")).await {
        Ok(Ok(answer)) => judge(&answer),
        Ok(Err(_)) | Err(_) => Err(AskError::NotAMember),
    }
}

/// Connects to the relay at a place.
pub(super) async fn connect(place: SocketAddr) -> Result<TcpStream, AskError> {
    match timeout(CONNECT, TcpStream::connect(place)).await {
        Ok(connected) => connected.map_err(AskError::Unreached),
        Err(_) => Err(AskError::Unreached(io::ErrorKind::TimedOut.into())),
    }
}

/// Asks at places that are known, each in a task of its own: at most [`MAX_QUESTIONS`].
pub(super) struct Asking {
    questions: JoinSet<Result<Sighting, AskError>>,
}

impl Finder for Asking {
    const NAME: &'static str = "asking";

    fn open(_alias: &Arc<Identity>) -> Result<Self, NotOpened> {
        let questions = JoinSet::new();
        Ok(Self { questions })
    }

    async fn hear(&mut self) -> Option<Heard> {
        loop {
            match self.questions.join_next().await {
                Some(Ok(Ok(sighting))) => return Some(Heard::Seen(sighting)),
                // Nobody is there.
                Some(_) => {}
                None => future::pending().await,
            }
        }
    }

    fn ask(&mut self, places: &[SocketAddr]) {
        let room = MAX_QUESTIONS.saturating_sub(self.questions.len());
        for place in places.iter().take(room) {
            self.questions.spawn(find(*place));
        }
    }
}

/// Asks as a finder: what is answered is a sighting at the place.
async fn find(place: SocketAddr) -> Result<Sighting, AskError> {
    Ok(Sighting {
        announcement: ask(place).await?,
        places: vec![place],
        finder: FinderKind::Asked,
        lasts: LASTS,
    })
}

/// Asks for a path with these headers, each ended, and reads the answer as far as one may be.
pub(super) async fn exchange(
    mut stream: TcpStream,
    place: SocketAddr,
    path: &str,
    headers: &str,
) -> io::Result<Vec<u8>> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n",
        host(place),
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(MAX_ANSWER_BYTES)
        .read_to_end(&mut answer)
        .await?;
    Ok(answer)
}

/// The place as a relay knows itself: a scope means something on this machine only.
fn host(place: SocketAddr) -> SocketAddr {
    SocketAddr::new(place.ip(), place.port())
}

/// What an answer says. The connection is closed behind its body; one in chunks is refused as
/// everything else is that no relay of ours sends.
pub(super) fn judge(answer: &[u8]) -> Result<Announcement, AskError> {
    match split(answer) {
        (Some(200), Some(body)) => Announcement::from_bytes(body).map_err(|_| AskError::NotAMember),
        (Some(400..=599), Some(_)) => Err(AskError::SaysNothing),
        (_, _) => Err(AskError::NotAMember),
    }
}

/// The status and the body of an answer, as far as it has them.
pub(super) fn split(answer: &[u8]) -> (Option<u16>, Option<&[u8]>) {
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n");
    (status(answer), head.map(|it| &answer[it + 4..]))
}

/// The status of an answer of HTTP/1.1 (RFC 9112, section 4).
fn status(answer: &[u8]) -> Option<u16> {
    let (digits, rest) = answer
        .strip_prefix(b"HTTP/1.1 ")?
        .split_first_chunk::<3>()?;
    let is_whole = matches!(rest.first(), Some(b' ' | b'\r'));
    let is_number = is_whole && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| {
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
    })
}

/// The first packet that is lost is repeated after a second (RFC 6298, section 2); a place where
/// nobody is shall not be waited for longer.
const CONNECT: Duration = Duration::from_millis(1400);

/// On a local network an answer takes milliseconds.
const ANSWER: Duration = Duration::from_secs(1);

/// Head and body: [`Announcement::MAX_BYTES`] and what a server says of itself.
const MAX_ANSWER_BYTES: u64 = 2048;

/// At once: a place takes a second where nobody is.
const MAX_QUESTIONS: usize = 64;

/// Whoever is needed is asked again three times in this: see [`Neighbours::ask_again`].
///
/// [`Neighbours::ask_again`]: crate::Neighbours::ask_again
const LASTS: Duration = Duration::from_secs(35);

#[cfg(test)]
mod tests {
    use identity::Identity;
    use proptest::prelude::*;
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one question with these bytes. Returns where.
    async fn answering(answer: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).await.unwrap();
            let expected = format!("GET /announcement HTTP/1.1\r\nHost: {place}\r\n");
            assert!(request[..length].starts_with(expected.as_bytes()));
            let _ = stream.write_all(&answer).await;
        });
        place
    }

    fn announcement() -> Announcement {
        let [ann, alias] = [0; 2].map(|_| Identity::generate().unwrap());
        Announcement::open(&ann, &alias, 4080, "Ann")
    }

    #[tokio::test]
    async fn a_member_that_is_asked_is_seen_at_the_place() {
        let said = announcement();
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n\r\n";
        let place = answering([&head[..], &said.to_bytes()].concat()).await;
        let seen = find(place).await.unwrap();
        assert_eq!((seen.announcement, seen.places), (said, vec![place]));
        assert_eq!(seen.finder, FinderKind::Asked);
    }

    #[tokio::test]
    async fn whoever_answers_something_else_or_nothing_is_not_seen() {
        let said = announcement().to_bytes();
        let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 100_000]].concat();
        for answer in [
            Vec::new(),
            endless,
            b"HTTP/1.1 200 OK\r\n".to_vec(),
            b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec(),
            b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec(),
            [&b"HTTP/1.1 2000 OK\r\n\r\n"[..], &said].concat(),
        ] {
            let asked = ask(answering(answer).await).await;
            assert!(matches!(asked, Err(AskError::NotAMember)), "{asked:?}");
        }
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = nobody.local_addr().unwrap();
        // Somebody who takes the connection and says nothing.
        assert!(matches!(ask(place).await, Err(AskError::NotAMember)));
        drop(nobody);
        assert!(matches!(ask(place).await, Err(AskError::Unreached(_))));
    }

    #[tokio::test]
    async fn whoever_refuses_says_nothing() {
        let said = announcement().to_bytes();
        for status in ["404 Not Found", "503 Service Unavailable"] {
            let head = format!("HTTP/1.1 {status}\r\n\r\n");
            let refused = [head.as_bytes(), &said].concat();
            let asked = ask(answering(refused).await).await;
            assert!(matches!(asked, Err(AskError::SaysNothing)), "{asked:?}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = judge(&bytes);
            let _ = judge(&[b"HTTP/1.1 ", &bytes[..]].concat());
            let _ = judge(&[b"HTTP/1.1 200 OK\r\n\r\n", &bytes[..]].concat());
        }
    }
}
