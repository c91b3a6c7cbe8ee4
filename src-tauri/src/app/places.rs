//! Who is at a place that the user types.

use std::sync::{Arc, MutexGuard, PoisonError};

use discovery::Place;
use engine::WhoIsThere;

use super::App;
use crate::understand::{PlaceState, Understood, understand};

/// A place whose name was typed, and who is there.
#[derive(Debug)]
pub(crate) struct Asked {
    place: Place,
    /// `None` until it is known.
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

    fn look_at(self: &Arc<Self>, typed: String) -> Understood {
        let Ok(place) = typed.parse::<Place>() else {
            return Understood::Unknown;
        };
        let mut asked = self.asked();
        let who = match asked.as_ref() {
            Some(asked) if asked.place == place => asked.who.clone(),
            Some(_) | None => {
                *asked = Some(Asked {
                    place: place.clone(),
                    who: None,
                });
                tokio::spawn(Arc::clone(self).ask(place));
                None
            }
        };
        let (state, person) = match who {
            None => (PlaceState::Asking, None),
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
