//! The rate limit of strangers' rings: beyond it their calls do not ring, and are remembered as
//! missed.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Timestamp;

/// What is counted: the time in which somebody who means it has tried and been heard.
pub(crate) const WINDOW: Duration = Duration::from_secs(600);

/// Rings of one stranger within [`WINDOW`]: once, once more because it may have been overheard, and
/// once for a call that broke. A fourth is a nuisance.
pub(crate) const OF_ONE: usize = 3;

/// Rings of all strangers together within [`WINDOW`]. An address costs nothing, so somebody with
/// many must not ring for each. Two people who try hard fit; a user who is called by more strangers
/// than that finds them among the missed calls.
pub(crate) const OF_ALL: usize = 6;

/// The rings of strangers that count; at most [`OF_ALL`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct StrangersRings {
    rings: VecDeque<Ring>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Ring {
    address: String,
    at: Timestamp,
}

impl StrangersRings {
    /// It rings for a stranger. When the record is full the oldest ring is forgotten.
    pub(crate) fn add(&mut self, now: Timestamp, address: &str) {
        if self.rings.len() == OF_ALL {
            self.rings.pop_front();
        }
        self.rings.push_back(Ring {
            address: address.to_owned(),
            at: now,
        });
    }

    /// Whether it must not ring for this stranger now.
    pub(crate) fn are_spent(&self, now: Timestamp, address: &str) -> bool {
        let lately = self.rings.iter().filter(|it| now.since(it.at) < WINDOW);
        let theirs = lately.clone().filter(|it| it.address == address);
        lately.count() >= OF_ALL || theirs.count() >= OF_ONE
    }
}

impl std::fmt::Debug for Ring {
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ring(at: {:?})", self.at)
    }
}
