//! Asks one place for its announcement: `GET /announcement`, HTTP/1.1, over TCP. For places that
//! nobody announces where we are: typed ones, those in an invite, those where somebody was last.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::announcement::Announcement;
use crate::lan::{FinderKind, Sighting};

/// The path under which the relay of a member gives its announcement,
/// [`Announcement::to_bytes`].
pub const ANNOUNCEMENT_PATH: &str = "/announcement";

/// Where the relay of a member listens if it can, and where one is looked for at a host that was
/// named without a port.
pub const DEFAULT_PORT: u16 = 48267;

/// Asks the relay at a place. `None` when nobody of ours answers in time. The answer names a port of
/// its own; what we have proof of is that it came from this one.
pub(super) async fn ask(place: SocketAddr) -> Option<Sighting> {
    let answer = timeout(TIMEOUT, exchange(place)).await.ok()?.ok()?;
    let announcement = Announcement::from_bytes(body(&answer)?).ok()?;
    Some(Sighting {
        announcement,
        places: vec![place],
        finder: FinderKind::Asked,
        lasts: LASTS,
    })
}

async fn exchange(place: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(place).await?;
    let request = format!(
        "GET {ANNOUNCEMENT_PATH} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
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

/// The body of an answer that says that all is well. The connection is closed behind it; a body in
/// chunks is refused as everything else is that no relay of ours sends.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let head = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    let status = answer.strip_prefix(b"HTTP/1.1 200")?;
    matches!(status.first(), Some(b' ' | b'\r')).then(|| &answer[head + 4..])
}

/// On a local network an answer takes milliseconds; a place where nobody is shall not be waited for.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Head and body: [`Announcement::MAX_BYTES`] and what a server says of itself.
const MAX_ANSWER_BYTES: u64 = 2048;

/// The asker asks again while it needs the place.
const LASTS: Duration = Duration::from_secs(60);

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
        let seen = ask(place).await.unwrap();
        assert_eq!((seen.announcement, seen.places), (said, vec![place]));
        assert_eq!(seen.finder, FinderKind::Asked);
    }

    #[tokio::test]
    async fn whoever_answers_something_else_or_nothing_is_not_seen() {
        let said = announcement().to_bytes();
        let refused = [&b"HTTP/1.1 404 Not Found\r\n\r\n"[..], &said].concat();
        let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 100_000]].concat();
        for answer in [
            Vec::new(),
            refused,
            endless,
            b"HTTP/1.1 200 OK\r\n".to_vec(),
        ] {
            assert_eq!(ask(answering(answer).await).await, None);
        }
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = nobody.local_addr().unwrap();
        // Somebody who takes the connection and says nothing.
        assert_eq!(ask(place).await, None);
        drop(nobody);
        assert_eq!(ask(place).await, None);
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = body(&bytes);
            let _ = body(&[b"HTTP/1.1 200 OK\r\n", &bytes[..]].concat());
        }
    }
}
