//! Whom the user knows.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use identity::Address;

use crate::history::HistoryEntry;

/// The people whom the user called, or whose call the user accepted, as far as the history goes
/// back. In memory: asking never waits for the disk. Clones show the same people.
#[derive(Clone, Debug, Default)]
pub struct KnownPeople(Arc<RwLock<HashSet<Address>>>);

impl KnownPeople {
    /// Whether this person is among them.
    #[must_use]
    pub fn contains(&self, address: &Address) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.contains(address)
    }

    /// Takes over the people of this history.
    pub(crate) fn learn(&self, history: &[HistoryEntry]) {
        let met = history.iter().filter(|it| !it.is_unanswered());
        let known = met.filter_map(|it| it.peer.address.parse().ok()).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
    }
}
