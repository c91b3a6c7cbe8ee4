//! Calls that are over, so that nobody is let into one of them again.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use signal_wire::CallNumber;
use tokio::time::Instant;

/// The last calls that ended, for [`REMEMBERED`]. At most [`MOST`]; then the oldest is forgotten, and
/// whoever asks for it waits in vain for another one who does.
#[derive(Debug, Default)]
pub(super) struct Over {
    calls: HashSet<CallNumber>,
    order: VecDeque<(CallNumber, Instant)>,
}

impl Over {
    pub(super) fn note(&mut self, call: CallNumber, now: Instant) {
        if self.order.len() >= MOST {
            self.forget_oldest();
        }
        if self.calls.insert(call) {
            self.order.push_back((call, now));
        }
    }

    pub(super) fn contains(&self, call: CallNumber) -> bool {
        self.calls.contains(&call)
    }

    /// Forgets what is too old.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_old = |at: Instant| now.duration_since(at) >= REMEMBERED;
        while self.order.front().is_some_and(|(_, at)| is_old(*at)) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((call, _)) = self.order.pop_front() {
            self.calls.remove(&call);
        }
    }
}

/// Longer than any message about a call is on its way.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// About 150 KiB.
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_over_for_ten_minutes_and_the_oldest_of_too_many_is_forgotten() {
        let start = Instant::now();
        let mut over = Over::default();
        over.note(CallNumber(0), start);
        over.note(CallNumber(0), start);
        over.expire(start + REMEMBERED - Duration::from_millis(1));
        assert!(over.contains(CallNumber(0)));
        over.expire(start + REMEMBERED);
        assert!(!over.contains(CallNumber(0)));
        for n in 0..10_000 {
            over.note(CallNumber(n), start);
            assert!(over.calls.len() <= MOST && over.order.len() == over.calls.len());
        }
        assert!(over.contains(CallNumber(9_999)) && !over.contains(CallNumber(5_000)));
    }
}
