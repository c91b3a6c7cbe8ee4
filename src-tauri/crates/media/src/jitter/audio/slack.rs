//! How early packets are when they are played: the least slack of the last ones.
//!
//! The slack of a packet is the time from the earliest moment at which it could have been here
//! (the transit of the fastest packets) to the moment at which it is played.

use crate::time::TimeDelta;

/// The slack of the packets that were played last.
#[derive(Debug, Default)]
pub(super) struct SlackWindow {
    slacks: [TimeDelta; KEPT],
    count: usize,
    next: usize,
}

impl SlackWindow {
    /// A packet is played with this slack.
    pub(super) fn record(&mut self, slack: TimeDelta) {
        self.slacks[self.next] = slack;
        self.next = (self.next + 1) % KEPT;
        self.count = (self.count + 1).min(KEPT);
    }

    /// The least slack of the last packets; `None` while they are too few. Speakers pull unevenly,
    /// and the pull that came earliest after its packet is the one that must not run dry.
    pub(super) fn lowest(&self) -> Option<TimeDelta> {
        if self.count < ENOUGH {
            None
        } else {
            self.slacks[..self.count].iter().min().copied()
        }
    }

    /// Sound was inserted (positive) or removed (negative) before all later packets: they will be
    /// played with `by` more slack than those recorded.
    pub(super) fn shift(&mut self, by: TimeDelta) {
        self.slacks.iter_mut().for_each(|it| *it = *it + by);
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
