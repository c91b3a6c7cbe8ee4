//! How early packets are when they are played: the least slack of the last ones.
//!
//! The slack of a packet is the time from the earliest moment at which it could have been here
//! (the transit of the fastest packets) to the moment at which it is played. What is kept is the
//! transit up to that moment, so that all of them change with a path that becomes faster or slower.

use crate::time::TimeDelta;

/// The transits, from capture to playout, of the packets that were played last.
#[derive(Debug, Default)]
pub(super) struct SlackWindow {
    transits: [TimeDelta; KEPT],
    count: usize,
    next: usize,
}

impl SlackWindow {
    /// A packet is played after this transit.
    pub(super) fn record(&mut self, transit: TimeDelta) {
        self.transits[self.next] = transit;
        self.next = (self.next + 1) % KEPT;
        self.count = (self.count + 1).min(KEPT);
    }

    /// The least transit of the last packets; `None` while they are too few. Speakers pull unevenly,
    /// and the pull that came earliest after its packet is the one that must not run dry.
    pub(super) fn least_transit(&self) -> Option<TimeDelta> {
        if self.count < ENOUGH {
            None
        } else {
            self.transits[..self.count].iter().min().copied()
        }
    }

    /// Sound was inserted (positive) or removed (negative) before all later packets: they will be
    /// played with `by` more slack than those recorded.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        self.transits.iter_mut().for_each(|it| *it = *it + by);
    }

    /// Playout jumped: the recorded packets say nothing about the next ones.
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.next = 0;
    }
}

/// A fifth of a second of usual packets: two callbacks of a slow sound card.
const KEPT: usize = 10;
const ENOUGH: usize = 5;
