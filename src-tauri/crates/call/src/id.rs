//! Names of calls and people.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names one call, chosen at random by its caller. The total order decides glare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A person to call: the address that their key proves, and what they call themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// The address in its text form, `tincan:…`; opaque to this crate.
    pub address: String,
    /// What to show. Untrusted text from the other side, at most [`Peer::MAX_NAME`] characters
    /// and without control characters; empty when unknown.
    pub name: String,
}

impl Peer {
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 64;
}

impl fmt::Debug for Peer {
    /// Addresses and names stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer(…)")
    }
}
