//! People whom the user saved or blocked.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
}

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
