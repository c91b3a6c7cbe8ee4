//! Strangers whose call the user declined a moment ago: they do not ring again yet.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Timestamp;

/// Long enough that calling again and again is no nuisance, short enough for somebody who was
/// declined by mistake. Our user can call back at any time, and who is called is no stranger.
pub(crate) const PAUSE: Duration = Duration::from_secs(60);

/// How many strangers are remembered. Each takes the user a click, so there are no more in a
/// minute; when it is full the oldest is forgotten.
const CAPACITY: usize = 16;

/// The strangers who have to wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct DeclinedStrangers {
    entries: VecDeque<Entry>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Entry {
    address: String,
    until: Timestamp,
}

impl DeclinedStrangers {
    /// The user declined a stranger's call.
    pub(crate) fn add(&mut self, now: Timestamp, address: &str) {
        self.entries
            .retain(|entry| entry.until > now && entry.address != address);
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry {
            address: address.to_owned(),
            until: now + PAUSE,
        });
    }

    /// Whether a stranger may not ring yet.
    pub(crate) fn contains(&self, now: Timestamp, address: &str) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.until > now && entry.address == address)
    }
}

impl std::fmt::Debug for Entry {
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry(until: {:?})", self.until)
    }
}
