//! A limit for log lines that a stranger can cause.

use std::time::{Duration, Instant};

/// Admits one line per [`PERIOD`], and counts what is left out.
#[derive(Debug, Default)]
pub(crate) struct LogRate {
    last: Option<Instant>,
    skipped: u64,
}

impl LogRate {
    /// Whether a line may be written now; if so, how many were not since the one before.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|it| now < it + PERIOD) {
            self.skipped = self.skipped.saturating_add(1);
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.skipped))
    }
}

/// Often enough to see that something goes on, and when it ends.
const PERIOD: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_says_how_many_were_left_out() {
        let start = Instant::now();
        let mut rate = LogRate::default();
        let at = |ms| start + Duration::from_millis(ms);
        let admitted = [0, 1, 500, 999, 1000, 1001, 5000].map(|ms| rate.admit(at(ms)));
        let wanted = [Some(0), None, None, None, Some(3), None, Some(1)];
        assert_eq!(admitted, wanted);
    }
}
