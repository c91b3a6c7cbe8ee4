//! Connections that have still to prove something, at most so many at a time: a newcomer always
//! gets a place, and when there are too many the oldest loses its own.
//!
//! Refusing the newcomer instead would let whoever holds every place by saying nothing keep all
//! others out. This way a silent connection lives only until as many newer ones have come, while
//! an honest one needs a few round trips.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Places for pending connections.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    places: Arc<Mutex<Places>>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    /// In the order in which they came.
    by_age: BTreeMap<u64, CancellationToken>,
}

/// The place of one connection, free again when left or dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Mutex<Places>>,
    number: u64,
    evicted: CancellationToken,
}

impl Pending {
    /// So many places, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            places: Arc::default(),
            limit: limit.max(1),
        }
    }

    /// Takes a place, if need be from the connection that has had its own for longest; the second
    /// value says so.
    pub(crate) fn enter(&self) -> (Place, bool) {
        let evicted = CancellationToken::new();
        let mut places = lock(&self.places);
        let oldest = if places.by_age.len() >= self.limit {
            places.by_age.pop_first()
        } else {
            None
        };
        let number = places.next;
        places.next += 1;
        places.by_age.insert(number, evicted.clone());
        drop(places);
        let crowded = oldest.is_some();
        if let Some((_, oldest)) = oldest {
            oldest.cancel();
        }
        let place = Place {
            places: Arc::clone(&self.places),
            number,
            evicted,
        };
        (place, crowded)
    }

    /// How many places are taken.
    pub(crate) fn len(&self) -> usize {
        lock(&self.places).by_age.len()
    }
}

impl Place {
    /// Waits until a newer connection takes the place; for ever once it was left.
    pub(crate) async fn evicted(&self) {
        self.evicted.cancelled().await;
    }

    /// Gives the place back: nothing has to be proven any more.
    pub(crate) fn leave(&self) {
        lock(&self.places).by_age.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

fn lock(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_evicted(place: &Place) -> bool {
        place.evicted.is_cancelled()
    }

    #[test]
    fn a_newcomer_takes_the_place_of_the_oldest() {
        let pending = Pending::new(2);
        let (first, _) = pending.enter();
        let (second, crowded) = pending.enter();
        assert!(!crowded);
        let (third, crowded) = pending.enter();
        assert!(crowded && is_evicted(&first) && !is_evicted(&second));
        second.leave();
        let (fourth, crowded) = pending.enter();
        assert!(!crowded, "a place was free");
        assert!(!is_evicted(&second) && !is_evicted(&third));
        drop((first, second, third, fourth));
        assert_eq!(pending.len(), 0);
    }

    #[test]
    fn there_is_one_place_at_least() {
        let pending = Pending::new(0);
        let (place, crowded) = pending.enter();
        assert!(!crowded && !is_evicted(&place));
    }
}
