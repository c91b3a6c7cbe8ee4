//! Whom the user knows.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use identity::Address;

use crate::history::HistoryEntry;
use crate::person::Person;

/// What somebody is to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Saved by the user.
    Contact,
    /// Called or accepted before, as far as the history goes back.
    Known,
    /// Neither.
    Stranger,
    /// Must not ring here.
    Blocked,
}

/// What everybody is to the user. In memory: asking never waits for the disk. Clones show the same
/// people.
#[derive(Clone, Debug, Default)]
pub struct KnownPeople(Arc<RwLock<People>>);

#[derive(Debug, Default)]
struct People {
    met: HashSet<Address>,
    saved: HashMap<Address, Relation>,
}

impl KnownPeople {
    /// What this person is.
    #[must_use]
    pub fn relation(&self, address: &Address) -> Relation {
        let people = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match people.saved.get(address) {
            Some(relation) => *relation,
            None if people.met.contains(address) => Relation::Known,
            None => Relation::Stranger,
        }
    }

    /// Takes over the people of this history.
    pub(crate) fn learn(&self, history: &[HistoryEntry]) {
        let met = history.iter().filter(|it| !it.is_unanswered());
        let met = met.filter_map(|it| it.peer.address.parse().ok()).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).met = met;
    }

    /// Takes over the people whom the user saved or blocked.
    pub(crate) fn save(&self, people: &[Person]) {
        let relation = |it: &Person| {
            let address = it.address.parse().ok()?;
            let relation = match (it.blocked, it.contact) {
                (true, _) => Relation::Blocked,
                (false, true) => Relation::Contact,
                (false, false) => return None,
            };
            Some((address, relation))
        };
        let saved = people.iter().filter_map(relation).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).saved = saved;
    }
}
