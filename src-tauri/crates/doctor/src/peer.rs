//! Whether another machine, named by the user, can be reached.

use std::net::SocketAddr;
use std::time::Duration;

use discovery::{ANNOUNCEMENT_PATH, NotAPlace, Place};
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::finding::Finding;
use crate::members::Heard;
use crate::tcp::{Unreached, connect};

/// What came of going to some places.
#[derive(Debug)]
pub(crate) struct Visit {
    places: Vec<SocketAddr>,
    outcome: Outcome,
}

/// What is at one place. The last is the one that tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    NotFound,
    Unreached(Unreached),
    IsNotTincan,
    Answers { ms: u32 },
}

/// Goes to what the user typed.
pub(crate) async fn visit(text: &str) -> Visit {
    let places = match text.parse::<Place>() {
        Ok(place) => place.resolve().await,
        Err(NotAPlace) => Vec::new(),
    };
    go(places).await
}

/// Goes to a person: where they are heard, and where they were last.
pub(crate) async fn person(last: &[SocketAddr], heard: &Heard) -> Finding {
    let mut places = heard.person.clone();
    places.extend(last.iter().filter(|it| !heard.person.contains(it)));
    places.truncate(MOST_PLACES);
    go(places).await.finding(heard)
}

async fn go(places: Vec<SocketAddr>) -> Visit {
    let outcomes = join_all(places.iter().map(|it| ask(*it))).await;
    let best = outcomes.into_iter().max();
    Visit {
        outcome: best.unwrap_or(Outcome::NotFound),
        places,
    }
}

impl Visit {
    /// What it says together with who is heard.
    pub(crate) fn finding(&self, heard: &Heard) -> Finding {
        let is_heard = self.places.iter().any(|it| heard.is_heard_at(it.ip()));
        match self.outcome {
            Outcome::NotFound => Finding::PeerNotFound,
            Outcome::Unreached(Unreached::Refused) => Finding::PeerRefuses,
            Outcome::Unreached(_) if is_heard => Finding::PeerIsolated,
            Outcome::Unreached(Unreached::Silent) => Finding::PeerSilent,
            Outcome::Unreached(Unreached::Absent) => Finding::PeerAbsent,
            Outcome::Unreached(Unreached::NoRoute) => Finding::PeerNoRoute,
            Outcome::IsNotTincan => Finding::PeerIsNotTincan,
            Outcome::Answers { ms } => Finding::PeerAnswers { ms },
        }
    }
}

/// Connects, and asks for an announcement.
async fn ask(place: SocketAddr) -> Outcome {
    let begun = Instant::now();
    let stream = match connect(place).await {
        Ok(stream) => stream,
        Err(unreached) => return Outcome::Unreached(unreached),
    };
    match timeout(ANSWER, answers(stream, place)).await {
        Ok(true) => Outcome::Answers {
            ms: u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX),
        },
        Ok(false) | Err(_) => Outcome::IsNotTincan,
    }
}

/// Whether there is an announcement to be had. Who it is of does not matter here.
async fn answers(mut stream: TcpStream, place: SocketAddr) -> bool {
    let host = SocketAddr::new(place.ip(), place.port());
    let request =
        format!("GET {ANNOUNCEMENT_PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    if stream.write_all(request.as_bytes()).await.is_err() {
        return false;
    }
    let mut answer = Vec::new();
    let read = stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await;
    read.is_ok() && is_announcement(&answer)
}

/// Whether an answer of HTTP is a success with something in it.
fn is_announcement(answer: &[u8]) -> bool {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n");
    let is_good = answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.0 200");
    is_good && end.is_some_and(|end| end + 4 < answer.len())
}

/// How long a machine that took the connection may take to answer.
const ANSWER: Duration = Duration::from_secs(1);

/// Bytes: an announcement has at most 1200, and its head some hundred.
const LONGEST_ANSWER: u64 = 2048;

/// A name may have any number of addresses.
const MOST_PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::net::TcpListener;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(answer in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = is_announcement(&answer);
        }
    }

    /// Answers one connection with this.
    async fn answering(with: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 500];
            let length = stream.read(&mut request).await.unwrap();
            let request = std::str::from_utf8(&request[..length]).unwrap();
            assert!(request.starts_with("GET /announcement HTTP/1.1\r\nHost: 127.0.0.1:"));
            stream.write_all(with).await.unwrap();
        });
        place
    }

    #[tokio::test]
    async fn what_is_found_at_a_place_has_a_name() {
        let heard = Heard::default();
        let found = async |place: &str| visit(place).await.finding(&heard);
        let place = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nTCAN").await;
        assert!(matches!(found(&place).await, Finding::PeerAnswers { .. }));
        let place = answering(b"HTTP/1.1 404 Not Found\r\n\r\nno").await;
        assert_eq!(found(&place).await, Finding::PeerIsNotTincan);
        let place = answering(b"SSH-2.0-OpenSSH_9.2p1\r\n").await;
        assert_eq!(found(&place).await, Finding::PeerIsNotTincan);
        assert_eq!(found("127.0.0.1:1").await, Finding::PeerRefuses);
        assert_eq!(found("does-not-exist.invalid").await, Finding::PeerNotFound);
        assert_eq!(found("not a place").await, Finding::PeerNotFound);
    }
}
