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
    /// From where introductions came in vain, and how many: each costs a key agreement. At most
    /// [`MAX_INTRODUCED`].
    vain: VecDeque<(Way, u32)>,
    /// When the last ones were opened.
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
        let vain = self.vain.iter().position(|(it, _)| *it == way);
        if vain.is_some_and(|at| self.vain[at].1 >= MAX_VAIN) {
            return;
        }
        self.opened.retain(|it| now < *it + Duration::from_secs(1));
        if self.opened.len() >= OPENED_PER_SECOND {
            tracing::debug!("too many introductions");
            return;
        }
        self.opened.push_back(now);
        if let Some(who) = seal::introduced(identity, bytes) {
            self.learn(way, who);
            return;
        }
        tracing::debug!("an introduction is not for us");
        if let Some(at) = vain {
            self.vain[at].1 += 1;
            return;
        }
        if self.vain.len() == MAX_INTRODUCED {
            self.vain.pop_front();
        }
        self.vain.push_back((way, 1));
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

/// More than have a place at our relay at a time.
const MAX_INTRODUCED: usize = 256;

/// How often one may introduce somebody in vain: a person who looks for somebody else here does it
/// once.
const MAX_VAIN: u32 = 4;

/// A tenth of a millisecond each. Whoever introduces in vain needs an alias for every fourth, and an
/// alias costs more than that at our relay, which takes in so many a second.
const OPENED_PER_SECOND: usize = 200;
