//! Whom a person knows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use engine::{People, Relation};
use identity::Address;

/// What everybody is to one person. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Acquaintances {
    /// Those of whom nothing else is said.
    others: Relation,
    said: Arc<Mutex<HashMap<Address, Relation>>>,
}

impl Acquaintances {
    /// Everybody is this.
    pub(crate) fn all(others: Relation) -> Self {
        Self {
            others,
            said: Arc::default(),
        }
    }

    /// From now on this one is that.
    pub(crate) fn set(&self, who: Address, relation: Relation) {
        self.said.lock().unwrap().insert(who, relation);
    }
}

impl People for Acquaintances {
    fn relation(&self, who: &Address) -> Relation {
        let said = self.said.lock().unwrap();
        said.get(who).copied().unwrap_or(self.others)
    }

    fn familiar(&self) -> Vec<Address> {
        let said = self.said.lock().unwrap();
        let known = said.iter().filter(|(_, it)| **it == Relation::Contact);
        let mut known: Vec<_> = known.map(|(who, _)| *who).collect();
        known.sort_unstable();
        known
    }
}
