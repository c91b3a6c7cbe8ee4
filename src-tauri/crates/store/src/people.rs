//! Whom the user knows.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use identity::Address;

use crate::history::HistoryEntry;
use crate::person::Person;
use crate::whereabouts::{self, Whereabouts};

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
    /// The same, the last call first.
    recent: Vec<Address>,
    saved: HashMap<Address, Relation>,
    /// In the order of their names.
    contacts: Vec<Address>,
    /// Who was met last is last.
    whereabouts: Vec<Whereabouts>,
    /// Whether those are others than in the database.
    moved: bool,
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

    /// Those by whom the user wants to be recognised before others: contacts, then other people of
    /// past calls; whom the last call was with comes first among each. At most
    /// [`KnownPeople::MAX_FAMILIAR`].
    #[must_use]
    pub fn familiar(&self) -> Vec<Address> {
        let people = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_contact = |it: &&Address| people.saved.get(it) == Some(&Relation::Contact);
        let called = people.recent.iter().filter(is_contact);
        let never_called = people.contacts.iter().filter(|it| !people.met.contains(it));
        let others = people
            .recent
            .iter()
            .filter(|it| !people.saved.contains_key(it));
        let familiar = called.chain(never_called).chain(others);
        familiar.take(Self::MAX_FAMILIAR).copied().collect()
    }

    /// Who knows more people than this is recognised by those whom they spoke with last.
    pub const MAX_FAMILIAR: usize = 512;

    /// Where this person was met on local networks, the newest first; at most four places.
    #[must_use]
    pub fn places(&self, address: &Address) -> Vec<SocketAddr> {
        let people = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = people.whereabouts.iter().find(|it| it.address == *address);
        found.map(|it| it.places.clone()).unwrap_or_default()
    }

    /// Somebody proved to be at these places, the best first: they are kept before those where the
    /// same person was earlier, four in all, for the 256 people who were met last. The store writes
    /// them with its next [`Store::flush`](crate::Store::flush), at the latest when it is dropped.
    /// Nobody is asked whether that person should be remembered.
    pub fn met(&self, address: &Address, places: &[SocketAddr]) {
        let mut people = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let moved = whereabouts::met(&mut people.whereabouts, *address, places);
        people.moved |= moved;
    }

    /// Takes over the people of this history.
    pub(crate) fn learn(&self, history: &[HistoryEntry]) {
        let calls = history.iter().rev().filter(|it| !it.is_unanswered());
        let mut met = HashSet::new();
        let addresses = calls.filter_map(|it| it.peer.address.parse().ok());
        let recent = addresses.filter(|it| met.insert(*it)).collect();
        let mut people = self.0.write().unwrap_or_else(PoisonError::into_inner);
        (people.met, people.recent) = (met, recent);
    }

    /// Takes over where people were met.
    pub(crate) fn locate(&self, whereabouts: Vec<Whereabouts>) {
        let mut people = self.0.write().unwrap_or_else(PoisonError::into_inner);
        people.whereabouts = whereabouts;
    }

    /// Where people were met, if that is not in the database yet; from now on it counts as there.
    pub(crate) fn take_moved(&self) -> Option<Vec<Whereabouts>> {
        let mut people = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut people.moved).then(|| people.whereabouts.clone())
    }

    /// Where people were met is not in the database.
    pub(crate) fn set_moved(&self) {
        let mut people = self.0.write().unwrap_or_else(PoisonError::into_inner);
        people.moved = true;
    }

    /// Whether it is not.
    pub(crate) fn has_moved(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).moved
    }

    /// Forgets where those were who are neither saved nor in a past call.
    pub(crate) fn forget_strangers(&self) {
        let mut guard = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let people = &mut *guard;
        let before = people.whereabouts.len();
        let (saved, met) = (&people.saved, &people.met);
        people
            .whereabouts
            .retain(|it| match saved.get(&it.address) {
                Some(relation) => *relation == Relation::Contact,
                None => met.contains(&it.address),
            });
        people.moved |= people.whereabouts.len() < before;
    }

    /// Takes over the people whom the user saved or blocked, in the order of their names.
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
        let saved: Vec<(Address, Relation)> = people.iter().filter_map(relation).collect();
        let contacts = saved.iter().filter(|(_, it)| *it == Relation::Contact);
        let contacts = contacts.map(|(address, _)| *address).collect();
        let mut people = self.0.write().unwrap_or_else(PoisonError::into_inner);
        people.saved = saved.into_iter().collect();
        people.contacts = contacts;
    }
}
