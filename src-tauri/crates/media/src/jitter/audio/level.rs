//! How early packets are when their turn comes: the least of the last turns.

/// The slack of the last turns, in microseconds.
#[derive(Debug, Default)]
pub(super) struct Level {
    turns: [i64; TURNS],
    count: usize,
    next: usize,
}

impl Level {
    /// The turn of a packet came `slack` after the earliest moment at which it could have come.
    pub(super) fn record(&mut self, slack: i64) {
        self.turns[self.next] = slack;
        self.next = (self.next + 1) % TURNS;
        self.count = (self.count + 1).min(TURNS);
    }

    /// The least slack, once there is enough to judge by: one early pull must not hide behind
    /// others.
    pub(super) fn lowest(&self) -> Option<i64> {
        if self.count < ENOUGH {
            None
        } else {
            self.turns[..self.count].iter().min().copied()
        }
    }

    /// All packets will have `by` more slack from now on.
    pub(super) fn shift(&mut self, by: i64) {
        self.turns.iter_mut().for_each(|it| *it += by);
    }

    /// Playout jumped; what was recorded says nothing any more.
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.next = 0;
    }
}

/// A fifth of a second of usual packets: two callbacks of a slow sound card.
const TURNS: usize = 10;
const ENOUGH: usize = 5;
