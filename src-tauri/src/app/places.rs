//! Who is at a place that the user types.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use discovery::Place;
use engine::WhoIsThere;

use super::App;
use crate::me::me;
use crate::understand::{PlaceState, Understood, understand};

/// A place whose name was typed, and who is there.
#[derive(Debug)]
pub(crate) struct Asked {
    place: Place,
    /// When whoever is there was asked last.
    at: Instant,
    /// What was found out last; `None` until then.
    who: Option<WhoIsThere>,
}

impl App {
    /// What a text means. Whoever is at a place is asked once, in the background: the same text again
    /// has the answer in time.
    pub(crate) fn understand(self: &Arc<Self>, text: &str) -> Understood {
        let understood = understand(text, &self.address);
        match understood {
            Understood::Place { place, .. } => self.look_at(place),
            Understood::Nothing
            | Understood::Person { .. }
            | Understood::Own
            | Understood::Incomplete
            | Understood::BadRelay
            | Understood::Unknown => {
                // Whoever is asked anew may be there by then.
                *self.asked() = None;
                understood
            }
        }
    }

    /// Shows in our square code where we are on our networks, until the engine ends.
    pub(crate) async fn show_places(self: Arc<Self>) {
        let mut views = self.views.clone();
        let mut shown = Vec::new();
        loop {
            let places = views.borrow_and_update().lan.places.clone();
            if places != shown {
                let settings = self.shell.borrow().settings.clone();
                let me = me(&self.config(&settings), &places);
                self.shell.send_modify(|shell| shell.me = me);
                shown = places;
            }
            if views.changed().await.is_err() {
                return;
            }
        }
    }

    fn look_at(self: &Arc<Self>, typed: String) -> Understood {
        let Ok(place) = typed.parse::<Place>() else {
            return Understood::Unknown;
        };
        let now = Instant::now();
        let mut asked = self.asked();
        let who = match asked.as_mut() {
            Some(asked) if asked.place == place => {
                // Somebody may be there by now.
                if asked.who.is_some() && now > asked.at + ASK_AGAIN {
                    asked.at = now;
                    tokio::spawn(Arc::clone(self).ask(place));
                }
                asked.who.clone()
            }
            Some(_) | None => {
                *asked = Some(Asked {
                    place: place.clone(),
                    at: now,
                    who: None,
                });
                tokio::spawn(Arc::clone(self).ask(place));
                None
            }
        };
        let (state, person) = match who {
            None => (PlaceState::Asking, None),
            Some(WhoIsThere::NotLooking) => (PlaceState::NotLooking, None),
            Some(WhoIsThere::Nobody) => (PlaceState::Nobody, None),
            Some(WhoIsThere::Hidden) => (PlaceState::Hidden, None),
            Some(WhoIsThere::Person(person)) => (PlaceState::Found, Some(person)),
        };
        Understood::Place {
            place: typed,
            person,
            state,
        }
    }

    fn asked(&self) -> MutexGuard<'_, Option<Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(self: Arc<Self>, place: Place) {
        let places = place.resolve().await;
        let who = match self.engine.read().await.as_ref() {
            Some(engine) if !places.is_empty() => engine.who_is_at(places).await,
            Some(_) | None => WhoIsThere::Nobody,
        };
        let mut asked = self.asked();
        if let Some(asked) = asked.as_mut().filter(|it| it.place == place) {
            asked.who = Some(who);
        }
    }
}

/// Longer than the question takes, and short for who waits for somebody to come.
const ASK_AGAIN: Duration = Duration::from_secs(5);
