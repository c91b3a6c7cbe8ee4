//! How steadily pictures are shown: rate and freezes.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use media::freeze::Freezes;
//!
//! let (mut freezes, mut now) = (Freezes::new(), Instant::now());
//! for gap_ms in [0, 33, 33, 33, 400, 33] {
//!     now += Duration::from_millis(gap_ms);
//!     freezes.shown(now);
//! }
//! assert_eq!((freezes.pictures(), freezes.count()), (6, 1));
//! ```

use std::time::{Duration, Instant};

/// Counts shown pictures and freezes by the rule of W3C webrtc-stats, `freezeCount`: a gap longer
/// than three times the mean of the last 30 gaps and than that mean plus 150 ms.
#[derive(Clone, Debug)]
pub struct Freezes {
    last: Option<Instant>,
    gaps: [Duration; GAPS],
    known: usize,
    next: usize,
    shown: u64,
    count: u64,
    total: Duration,
}

impl Freezes {
    /// Nothing was shown yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            last: None,
            gaps: [Duration::ZERO; GAPS],
            known: 0,
            next: 0,
            shown: 0,
            count: 0,
            total: Duration::ZERO,
        }
    }

    /// A new picture was shown at `now`.
    pub fn shown(&mut self, now: Instant) {
        self.shown += 1;
        let Some(last) = self.last.replace(now) else {
            return;
        };
        let gap = now.saturating_duration_since(last);
        if self.known > 0 {
            let mean = self.gaps[..self.known].iter().sum::<Duration>() / self.known as u32;
            if gap > (mean * 3).max(mean + BEYOND_MEAN) {
                self.count += 1;
                self.total += gap;
            }
        }
        self.gaps[self.next] = gap;
        self.next = (self.next + 1) % GAPS;
        self.known = (self.known + 1).min(GAPS);
    }

    /// The other side switched its camera off, or the call was interrupted on purpose: the time
    /// until the next picture is no freeze.
    pub const fn paused(&mut self) {
        self.last = None;
    }

    /// Pictures shown.
    #[must_use]
    pub const fn pictures(&self) -> u64 {
        self.shown
    }

    /// `RTCInboundRtpStreamStats.freezeCount`.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// `RTCInboundRtpStreamStats.totalFreezesDuration`.
    #[must_use]
    pub const fn total(&self) -> Duration {
        self.total
    }
}

impl Default for Freezes {
    fn default() -> Self {
        Self::new()
    }
}

/// As many gaps as the W3C rule looks at.
const GAPS: usize = 30;

/// What the rule adds to the mean.
const BEYOND_MEAN: Duration = Duration::from_millis(150);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    fn with_gaps(gaps_ms: &[u64]) -> Freezes {
        let mut freezes = Freezes::new();
        let mut now = some_instant();
        freezes.shown(now);
        for gap in gaps_ms {
            now += Duration::from_millis(*gap);
            freezes.shown(now);
        }
        freezes
    }

    #[test]
    fn only_long_gaps_are_freezes() {
        let steady = [33; 60];
        assert_eq!(with_gaps(&steady).count(), 0);
        assert_eq!(with_gaps(&[&steady[..], &[180]].concat()).count(), 0);
        let frozen = with_gaps(&[&steady[..], &[190, 33, 33, 500]].concat());
        assert_eq!(
            (frozen.count(), frozen.total()),
            (2, Duration::from_millis(690))
        );
        assert_eq!(with_gaps(&[1000; 20]).count(), 0, "slow is not frozen");
    }

    #[test]
    fn a_pause_is_no_freeze() {
        let mut freezes = with_gaps(&[33; 40]);
        freezes.paused();
        freezes.shown(some_instant() + Duration::from_secs(60));
        assert_eq!((freezes.count(), freezes.pictures()), (0, 42));
    }
}
