//! People whom the user saved or blocked.

use std::fmt;

use identity::Address;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::StoreError;
use crate::history::MAX_NUMBER;

/// Somebody whom the user saved or blocked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The address in its text form.
    pub address: String,
    /// What the user calls them; empty for what they call themselves.
    pub name: String,
    /// What they called themselves last; empty when unknown.
    pub their_name: String,
    /// Whether the user saved them: a contact.
    pub contact: bool,
    /// Whether they must not ring here.
    pub blocked: bool,
    /// When the user found the same words on both sides, milliseconds since 1970 (UTC); null when
    /// never.
    #[ts(type = "number | null")]
    pub pinned_at: Option<u64>,
    /// How they were found to be who they say; null when never.
    pub pinned_how: Option<PinnedHow>,
}

/// How the user made sure of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PinnedHow {
    /// Both compared the four words of a call.
    Words,
}

impl Person {
    /// Somebody of whom nothing is remembered yet.
    pub(crate) fn new(address: &Address) -> Self {
        Self {
            address: address.to_string(),
            name: String::new(),
            their_name: String::new(),
            contact: false,
            blocked: false,
            pinned_at: None,
            pinned_how: None,
        }
    }

    /// The name to show: the user's for them, else their own.
    pub(crate) fn shown_name(&self) -> &str {
        if self.name.is_empty() {
            &self.their_name
        } else {
            &self.name
        }
    }

    /// Whether there is a reason to remember them.
    pub(crate) const fn is_kept(&self) -> bool {
        self.contact || self.blocked
    }

    /// The same with everything within its limits, whoever wrote it; none without an address.
    pub(crate) fn validated(self) -> Option<Self> {
        let address: Address = self.address.parse().ok()?;
        let pin = self.pinned_at.zip(self.pinned_how).filter(|_| self.contact);
        Some(Self {
            address: address.to_string(),
            name: identity::clean_name(&self.name),
            their_name: identity::clean_name(&self.their_name),
            pinned_at: pin.map(|(at, _)| at.min(MAX_NUMBER)),
            pinned_how: pin.map(|(_, how)| how),
            ..self
        })
        .filter(Self::is_kept)
    }
}

/// Brings people into the order in which they are shown: by name, then by address.
pub(crate) fn sort(people: &mut [Person]) {
    people.sort_by_cached_key(|it| (it.shown_name().to_lowercase(), it.address.clone()));
}

/// Refuses to remember more people than a list shows and a view carries. Blocking has room of its
/// own, so that no number of contacts keeps the user from it. An import that makes contacts of
/// blocked people can leave more contacts than the limit; then whatever adds none is still allowed.
pub(crate) fn check_count(before: &[Person], after: &[Person]) -> Result<(), StoreError> {
    for blocked in [false, true] {
        let count = |people: &[Person]| people.iter().filter(|it| it.contact != blocked).count();
        let now = count(after);
        if now > MAX_PEOPLE && now > count(before) {
            let limit = MAX_PEOPLE;
            return Err(StoreError::TooManyPeople { blocked, limit });
        }
    }
    Ok(())
}

/// How many people can be saved, and as many others blocked.
pub(crate) const MAX_PEOPLE: usize = 1000;

impl fmt::Debug for Person {
    /// Addresses and names stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("contact", &self.contact)
            .field("blocked", &self.blocked)
            .field("pinned_at", &self.pinned_at)
            .finish_non_exhaustive()
    }
}

/// Where the secret key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum KeyPlace {
    /// In the system's keychain.
    Keychain,
    /// In a file that only this user reads.
    File,
}
