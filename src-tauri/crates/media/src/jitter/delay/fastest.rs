//! The transit of the fastest packets: what all others are measured against.

use crate::time::TimeDelta;

/// The least transit of the last seconds. A sliding window follows the drift of clocks and a new
/// path; it is cut into parts, of which the oldest goes when a new one begins.
#[derive(Debug, Default)]
pub(super) struct LeastTransit {
    parts: [Option<TimeDelta>; PARTS],
    /// The number of the newest part, counted from the origin of time.
    newest: i64,
}

impl LeastTransit {
    pub(super) fn add(&mut self, at: TimeDelta, transit: TimeDelta) {
        let part = at.micros().div_euclid(PART.micros());
        let begun = part.saturating_sub(self.newest).clamp(0, PARTS as i64);
        for step in 0..begun {
            self.parts[slot_of(part - step)] = None;
        }
        self.newest = self.newest.max(part);
        let least = &mut self.parts[slot_of(self.newest)];
        *least = Some(least.map_or(transit, |it| it.min(transit)));
    }

    pub(super) fn get(&self) -> Option<TimeDelta> {
        self.parts.iter().flatten().min().copied()
    }

    /// The path became longer: nothing faster than `transit` counts any more.
    pub(super) fn raise_to(&mut self, transit: TimeDelta) {
        for part in self.parts.iter_mut().flatten() {
            *part = transit.max(*part);
        }
    }
}

const fn slot_of(part: i64) -> usize {
    part.rem_euclid(PARTS as i64) as usize
}

/// Eight parts of half a second: 4 s, over which clocks of 100 ppm drift by 0.4 ms.
const PARTS: usize = 8;
const PART: TimeDelta = TimeDelta::from_millis(500);
