//! What an outage held back.
//!
//! Packets that queued up behind an outage come late all at once, or faster than they were sent.
//! How late they are tells how long the outage was, and nothing of the path's jitter.

use crate::time::TimeDelta;

/// Knows while a backlog drains.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    draining: Option<Draining>,
}

#[derive(Clone, Copy, Debug)]
struct Draining {
    /// The least transit since the outage, and when it came.
    least: TimeDelta,
    at: TimeDelta,
}

impl Backlog {
    /// Whether what arrives at `at`, after `silence`, belongs to a backlog. `late`: whether it
    /// comes later than nearly all others did before.
    pub(super) fn holds(
        &mut self,
        at: TimeDelta,
        transit: TimeDelta,
        silence: TimeDelta,
        late: bool,
    ) -> bool {
        if !late {
            self.draining = None;
        } else if silence >= OUTAGE {
            self.draining = Some(Draining { least: transit, at });
        } else if let Some(draining) = &mut self.draining {
            if transit < draining.least {
                *draining = Draining { least: transit, at };
            } else if at - draining.at > DRAINED {
                self.draining = None;
            }
        }
        self.draining.is_some()
    }
}

/// Silence as long as the longest delay that is covered: no buffer helps against it.
const OUTAGE: TimeDelta = TimeDelta::from_millis(300);

/// When packets catch up no more for this long, the path is as slow as they are.
const DRAINED: TimeDelta = TimeDelta::from_millis(200);
