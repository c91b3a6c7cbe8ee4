//! Spreads large pictures over time, so that a keyframe does not fill a router's queue. Pure.
//!
//! Only pictures are paced: sound and retransmissions pass by.

use std::time::{Duration, Instant};

use media::units::Bitrate;

/// How quickly packets may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// A network that carries far more than a call: only the receiver's socket buffer counts.
    Local,
    /// A path that is estimated to carry this much.
    Estimated(Bitrate),
}

/// The pace of one stream.
#[derive(Debug)]
pub(crate) struct Pacer {
    /// When all that left so far has passed at the pace.
    passed: Option<Instant>,
}

impl Pacer {
    pub(crate) const fn new() -> Self {
        Self { passed: None }
    }

    /// How long a packet of `bytes` of a picture of `picture` bytes has to wait at `now`.
    pub(crate) fn wait(
        &mut self,
        now: Instant,
        bytes: usize,
        picture: usize,
        pace: Pace,
    ) -> Duration {
        let rate = match pace {
            Pace::Local => LOCAL,
            Pace::Estimated(estimate) => estimate.scaled(FACTOR).max(quick_enough(picture)),
        };
        let begins = self.passed.map_or(now, |it| it.max(now));
        let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / rate.bps() as f64);
        self.passed = Some(begins + takes);
        let ahead = begins.saturating_duration_since(now);
        if ahead > BURST {
            ahead - BURST / 2
        } else {
            Duration::ZERO
        }
    }
}

/// The rate at which a picture of `bytes` is gone in time.
fn quick_enough(bytes: usize) -> Bitrate {
    Bitrate::from_bps((bytes as f64 * 8.0 / LONGEST.as_secs_f64()) as u64).max(SLOWEST)
}

/// Faster than the estimate, or every picture would wait for the one before; libwebrtc's factor.
const FACTOR: f64 = 2.5;

/// A picture is never spread over more than this: two of 30 a second.
const LONGEST: Duration = Duration::from_millis(60);

/// For tiny pictures at the start of a call.
const SLOWEST: Bitrate = Bitrate::from_kbps(1000);

/// What loopback and home networks take without loss in a receiver's buffer of 208 KiB.
const LOCAL: Bitrate = Bitrate::from_kbps(300_000);

/// What may leave at once. Timers are no finer than a millisecond.
const BURST: Duration = Duration::from_millis(4);

#[cfg(test)]
mod tests {
    use super::*;

    /// When the last packet of a picture of `packets` leaves.
    fn spread(packets: usize, pace: Pace) -> Duration {
        let start = Instant::now();
        let mut now = start;
        let mut pacer = Pacer::new();
        for _ in 0..packets {
            now += pacer.wait(now, 1200, packets * 1200, pace);
        }
        now - start
    }

    #[test]
    fn usual_pictures_leave_at_once_on_a_local_network() {
        assert_eq!(spread(60, Pace::Local), Duration::ZERO);
        assert!(spread(800, Pace::Local) < Duration::from_millis(30));
    }

    #[test]
    fn keyframes_are_spread_but_never_for_long() {
        let slow = Pace::Estimated(Bitrate::from_kbps(1000));
        assert_eq!(spread(2, slow), Duration::ZERO);
        let keyframe = spread(50, slow);
        assert!(keyframe > Duration::from_millis(50), "{keyframe:?}");
        assert!(keyframe <= LONGEST, "{keyframe:?}");
        let fast = spread(50, Pace::Estimated(Bitrate::from_kbps(8000)));
        assert!(
            fast < keyframe && fast > Duration::from_millis(15),
            "{fast:?}"
        );
    }

    #[test]
    fn a_pause_is_forgotten() {
        let mut pacer = Pacer::new();
        let now = Instant::now();
        let pace = Pace::Estimated(Bitrate::from_kbps(1000));
        for _ in 0..50 {
            pacer.wait(now, 1200, 60_000, pace);
        }
        let later = now + Duration::from_secs(1);
        assert_eq!(pacer.wait(later, 1200, 1200, pace), Duration::ZERO);
    }
}
