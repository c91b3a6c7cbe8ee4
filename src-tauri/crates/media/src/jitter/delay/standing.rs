//! The delay that no packet of late was without.

use crate::time::TimeDelta;

/// The transits of the last arrivals.
#[derive(Debug, Default)]
pub(super) struct LatestTransits {
    ring: [Option<Arrived>; KEPT],
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    at: TimeDelta,
    transit: TimeDelta,
}

impl LatestTransits {
    pub(super) fn add(&mut self, at: TimeDelta, transit: TimeDelta) {
        self.ring[self.next] = Some(Arrived { at, transit });
        self.next = (self.next + 1) % KEPT;
    }

    /// The least transit of a fifth of a second up to the newest arrival.
    pub(super) fn least(&self) -> Option<TimeDelta> {
        let arrived = self.ring.iter().flatten();
        let newest = arrived.clone().map(|it| it.at).max()?;
        arrived
            .filter(|it| newest - it.at <= LATELY)
            .map(|it| it.transit)
            .min()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// More packets than usually come in [`LATELY`].
const KEPT: usize = 16;

/// Long enough for a burst to pass, short enough to follow a path at once.
const LATELY: TimeDelta = TimeDelta::from_millis(200);
