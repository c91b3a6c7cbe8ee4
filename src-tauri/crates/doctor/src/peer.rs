//! Whether another machine, named by the user, can be reached, and whether it reaches us.

use std::net::SocketAddr;

use discovery::{Announcement, AskError, DialedBack, NotAPlace, Place};
use futures::future::join_all;
use tokio::time::Instant;

use crate::finding::Finding;
use crate::members::Heard;
use crate::subjects::Recognise;
use crate::tcp::{Unreached, unreached};

/// What came of going to some places.
#[derive(Debug)]
pub(crate) struct Visit {
    places: Vec<SocketAddr>,
    outcome: Outcome,
    /// Where it answers, if it does.
    answers_at: Option<SocketAddr>,
}

/// What is at one place. The last is the one that tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    NotFound,
    Unreached(Unreached),
    IsNotTincan,
    SaysNothing,
    IsAnother,
    Answers { ms: u32 },
}

/// Goes to what the user typed.
pub(crate) async fn visit(text: &str) -> Visit {
    let places = match text.parse::<Place>() {
        Ok(place) => place.resolve().await,
        Err(NotAPlace) => Vec::new(),
    };
    go(places, None).await
}

/// Goes to a person, whom `who` tells: where they are heard, and where they were last.
pub(crate) async fn person(last: &[SocketAddr], who: &dyn Recognise, heard: &Heard) -> Visit {
    let mut places = heard.person.clone();
    places.extend(last.iter().filter(|it| !heard.person.contains(it)));
    places.truncate(MOST_PLACES);
    go(places, Some(who)).await
}

async fn go(places: Vec<SocketAddr>, who: Option<&dyn Recognise>) -> Visit {
    let outcomes = join_all(places.iter().map(|it| ask(*it, who))).await;
    let answers = |it: &&(Outcome, &SocketAddr)| matches!(it.0, Outcome::Answers { .. });
    let found: Vec<_> = outcomes.into_iter().zip(&places).collect();
    let best = found.iter().map(|it| it.0).max();
    let answers_at = found.iter().find(answers).map(|it| *it.1);
    Visit {
        outcome: best.unwrap_or(Outcome::NotFound),
        answers_at,
        places,
    }
}

impl Visit {
    /// Whether whoever answers reaches us in turn, who announce this.
    pub(crate) async fn way_in(&self, said: &Announcement) -> Finding {
        let Some(place) = self.answers_at else {
            return Finding::WayInNotTried;
        };
        let Ok(told) = discovery::ask_to_dial_back(place, said).await else {
            return Finding::WayInNotTried;
        };
        match told.outcome {
            DialedBack::Reached => Finding::WayInOpen,
            // It dialled what translates our address, which says nothing of a firewall here.
            DialedBack::Refused | DialedBack::Silent | DialedBack::NoRoute
                if told.is_translated =>
            {
                Finding::WayInLeadsElsewhere
            }
            // We listen there, so a refusal is a firewall's too: some reject and do not drop.
            DialedBack::Refused | DialedBack::Silent | DialedBack::NoRoute => {
                Finding::WayInBlocked { port: said.port }
            }
            DialedBack::Another => Finding::WayInLeadsElsewhere,
            DialedBack::Busy | DialedBack::Malformed => Finding::WayInNotTried,
        }
    }

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
            Outcome::SaysNothing => Finding::PeerSaysNothing,
            Outcome::IsAnother => Finding::PeerIsAnother,
            Outcome::Answers { ms } => Finding::PeerAnswers { ms },
        }
    }
}

/// Asks for an announcement. At a typed place anybody's will do; a person's old place may be somebody
/// else's now.
async fn ask(place: SocketAddr, who: Option<&dyn Recognise>) -> Outcome {
    let begun = Instant::now();
    match discovery::ask(place).await {
        Ok(said) if who.is_some_and(|it| !it.is_theirs(&said)) => Outcome::IsAnother,
        Ok(_) => Outcome::Answers {
            ms: u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX),
        },
        Err(AskError::Unreached(error)) => Outcome::Unreached(unreached(&error)),
        Err(AskError::SaysNothing) => Outcome::SaysNothing,
        Err(AskError::NotAMember) => Outcome::IsNotTincan,
    }
}

/// A name may have any number of addresses.
const MOST_PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use discovery::Address;
    use identity::Identity;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn said() -> Announcement {
        let [ann, alias] = [0; 2].map(|_| Identity::generate().unwrap());
        Announcement::hidden(&ann, &alias, 4080, &[])
    }

    /// Answers one connection with this.
    async fn answering(with: Vec<u8>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _asked = stream.read(&mut [0; 500]).await.unwrap();
            stream.write_all(&with).await.unwrap();
        });
        place
    }

    /// A success of HTTP with this body.
    fn success(body: &[u8]) -> Vec<u8> {
        [b"HTTP/1.1 200 OK\r\n\r\n", body].concat()
    }

    #[tokio::test]
    async fn what_is_found_at_a_place_has_a_name() {
        let heard = Heard::default();
        let found = async |place: &str| visit(place).await.finding(&heard);
        let at = async |with: Vec<u8>| found(&answering(with).await.to_string()).await;
        let answers = at(success(&said().to_bytes())).await;
        assert!(
            matches!(answers, Finding::PeerAnswers { .. }),
            "{answers:?}"
        );
        let page = success(b"<html>It works!</html>");
        assert_eq!(at(page).await, Finding::PeerIsNotTincan);
        let ssh = b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec();
        assert_eq!(at(ssh).await, Finding::PeerIsNotTincan);
        let silent = b"HTTP/1.1 404 Not Found\r\n\r\n".to_vec();
        assert_eq!(at(silent).await, Finding::PeerSaysNothing);
        assert_eq!(found("127.0.0.1:1").await, Finding::PeerRefuses);
        assert_eq!(found("does-not-exist.invalid").await, Finding::PeerNotFound);
        assert_eq!(found("not a place").await, Finding::PeerNotFound);
    }

    const BLOCKED: Finding = Finding::WayInBlocked { port: 4080 };

    #[tokio::test]
    async fn whoever_answers_says_whether_it_reaches_us() {
        for (answer, finding) in [
            ("reached 127.0.0.1", Finding::WayInOpen),
            ("reached 192.168.1.1", Finding::WayInOpen),
            ("silent 127.0.0.1", BLOCKED),
            ("refused 127.0.0.1", BLOCKED),
            ("no-route 127.0.0.1", BLOCKED),
            ("silent 192.168.1.1", Finding::WayInLeadsElsewhere),
            ("refused 192.168.1.1", Finding::WayInLeadsElsewhere),
            ("no-route 192.168.1.1", Finding::WayInLeadsElsewhere),
            ("another 127.0.0.1", Finding::WayInLeadsElsewhere),
            ("busy 127.0.0.1", Finding::WayInNotTried),
            ("silent", Finding::WayInNotTried),
            ("<html>", Finding::WayInNotTried),
        ] {
            let place = answering(success(answer.as_bytes())).await;
            let visit = Visit {
                places: vec![place],
                outcome: Outcome::Answers { ms: 1 },
                answers_at: Some(place),
            };
            assert_eq!(visit.way_in(&said()).await, finding, "{answer}");
        }
        let visit = visit("127.0.0.1:1").await;
        assert_eq!(visit.way_in(&said()).await, Finding::WayInNotTried);
    }

    #[derive(Debug)]
    struct Is(Address);

    impl Recognise for Is {
        fn is_theirs(&self, announcement: &Announcement) -> bool {
            announcement.alias == self.0
        }
    }

    #[tokio::test]
    async fn somebody_else_at_a_persons_old_place_is_not_that_person() {
        let (said, heard) = (said(), Heard::default());
        let [hers, another] = [said.alias, Identity::generate().unwrap().address()].map(Is);
        let place = answering(success(&said.to_bytes())).await;
        let found = person(&[place], &hers, &heard).await.finding(&heard);
        assert!(matches!(found, Finding::PeerAnswers { .. }), "{found:?}");
        let place = answering(success(&said.to_bytes())).await;
        let found = person(&[place], &another, &heard).await.finding(&heard);
        assert_eq!(found, Finding::PeerIsAnother);
    }
}
