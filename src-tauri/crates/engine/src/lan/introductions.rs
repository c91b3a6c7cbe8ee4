//! Who it is that has an alias at a relay on a local network.
//!
//! An introduction proves nothing: whoever makes a false one is not understood, for the sealed
//! sessions are with the one whom it names.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use identity::{Address, Identity};

use crate::relays::Way;

/// Those who were introduced. At most [`MAX_INTRODUCED`], of which the oldest goes first.
#[derive(Debug, Default)]
pub(super) struct Introductions {
    known: VecDeque<(Way, Address)>,
    /// When the last ones were opened: each costs a key agreement.
    opened: VecDeque<Instant>,
}

impl Introductions {
    /// We know who is there.
    pub(super) fn learn(&mut self, way: Way, who: Address) {
        self.known.retain(|(it, _)| *it != way);
        if self.known.len() == MAX_INTRODUCED {
            self.known.pop_front();
        }
        self.known.push_back((way, who));
    }

    /// Opens a stranger's introduction. An alias speaks for one person only, and for itself before
    /// that: who only asks says no more.
    pub(super) fn open(&mut self, now: Instant, identity: &Identity, way: Way, bytes: &[u8]) {
        if self.who(way).is_some_and(|who| who != way.at) {
            return;
        }
        self.opened.retain(|it| now < *it + Duration::from_secs(1));
        if self.opened.len() >= OPENED_PER_SECOND {
            tracing::debug!("too many introductions");
            return;
        }
        self.opened.push_back(now);
        match seal::introduced(identity, bytes) {
            Some(who) => self.learn(way, who),
            None => tracing::debug!("an introduction is not for us"),
        }
    }

    pub(super) fn who(&self, way: Way) -> Option<Address> {
        let mut known = self.known.iter();
        known.find(|(it, _)| *it == way).map(|(_, who)| *who)
    }

    /// Somebody is used: strangers do not push them out.
    pub(super) fn refresh(&mut self, way: Way) {
        if let Some(at) = self.known.iter().position(|(it, _)| *it == way)
            && let Some(entry) = self.known.remove(at)
        {
            self.known.push_back(entry);
        }
    }
}

/// As many as a relay of a home has places for.
const MAX_INTRODUCED: usize = 64;

/// Thirty people who greet us at once have their turn in two seconds; each costs a tenth of a
/// millisecond.
const OPENED_PER_SECOND: usize = 20;
