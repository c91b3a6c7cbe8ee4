//! Questions for whoever is at a place that the user typed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use discovery::{FinderKind, Sighting};
use identity::Address;
use tokio::sync::oneshot;

use super::standing::Standing;
use crate::view::NearbyPerson;

/// Who is at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhoIsThere {
    /// Nobody was asked: we are no member of local networks now.
    NotLooking,
    /// Nothing answers.
    Nobody,
    /// Somebody who does not say to us who they are.
    Hidden,
    /// This person, proven.
    Person(NearbyPerson),
}

/// Questions that have no answer yet. At most [`MAX_QUESTIONS`].
#[derive(Debug, Default)]
pub(super) struct Questions(Vec<Question>);

#[derive(Debug)]
struct Question {
    places: Vec<SocketAddr>,
    until: Instant,
    /// Who answered at one of the places.
    alias: Option<Address>,
    answer: oneshot::Sender<WhoIsThere>,
}

impl Questions {
    /// Asks. Whoever is not answered in time hears that nobody is there.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        places: Vec<SocketAddr>,
        answer: oneshot::Sender<WhoIsThere>,
    ) {
        if self.0.len() == MAX_QUESTIONS {
            self.0.remove(0);
        }
        self.0.push(Question {
            places,
            until: now + PATIENCE,
            alias: None,
            answer,
        });
    }

    /// Somebody was heard.
    pub(super) fn hear(&mut self, sighting: &Sighting) {
        if sighting.finder != FinderKind::Asked {
            return;
        }
        for question in &mut self.0 {
            if sighting
                .places
                .iter()
                .any(|it| question.places.contains(it))
            {
                question.alias = Some(sighting.announcement.alias);
            }
        }
    }

    /// Answers what can be answered.
    pub(super) fn pass<'a>(
        &mut self,
        now: Instant,
        standing: impl Fn(&Address) -> Option<&'a Standing>,
    ) {
        for question in std::mem::take(&mut self.0) {
            let known = question.alias.map(|it| standing(&it));
            let answer = match known {
                Some(Some(Standing {
                    person,
                    is_shown: true,
                    ..
                })) => Some(WhoIsThere::Person(NearbyPerson {
                    address: person.address.to_string(),
                    name: person.name.clone(),
                })),
                Some(None) => Some(WhoIsThere::Hidden),
                Some(Some(_)) if question.until <= now => Some(WhoIsThere::Hidden),
                None if question.until <= now => Some(WhoIsThere::Nobody),
                Some(Some(_)) | None => None,
            };
            match answer {
                // The one who asked may have stopped waiting.
                Some(answer) => _ = question.answer.send(answer),
                None => self.0.push(question),
            }
        }
    }
}

/// A person asks one thing at a time.
const MAX_QUESTIONS: usize = 8;

/// A connection, an answer and a proof on one network, or a machine that does not answer.
const PATIENCE: Duration = Duration::from_secs(3);
