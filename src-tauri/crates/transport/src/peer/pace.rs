//! Pacing: spreads the packets of a large picture over time, so that a keyframe does not fill a
//! router's queue. Pure; the writer task asks it before each packet of a picture.
//!
//! A leaky bucket: what has left takes its time at the pace, and a packet waits when the bucket is
//! more than [`BURST`] ahead. Packets that are sent again go through the same bucket, before new
//! ones: a picture waits for them. Sound is not paced: it is small, and late is worth nothing.

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

/// The pace of one session's pictures.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// When all that left so far would be through at the pace.
    drained: Option<Instant>,
}

impl Pacer {
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
            Pace::Estimated(estimate) => estimate.scaled(FACTOR).max(in_time(picture)),
        };
        let wait = self.ahead(now);
        self.add(now, bytes, rate);
        wait
    }

    /// How long a packet of `bytes` of a shared screen has to wait at `now`. Such a picture may take
    /// seconds: nobody waits for it by the frame, and all else goes first.
    pub(crate) fn wait_patiently(&mut self, now: Instant, bytes: usize, pace: Pace) -> Duration {
        let rate = match pace {
            Pace::Local => LOCAL,
            Pace::Estimated(estimate) => estimate.max(SLOWEST_SCREEN),
        };
        let wait = self.ahead(now);
        self.add(now, bytes, rate);
        wait
    }

    /// Makes room for a packet of `bytes` that is sent again at `now`.
    ///
    /// # Errors
    /// How long it has to wait until it asks again.
    pub(crate) fn resend(
        &mut self,
        now: Instant,
        bytes: usize,
        pace: Pace,
    ) -> Result<(), Duration> {
        let wait = self.ahead(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        let rate = match pace {
            Pace::Local => LOCAL,
            Pace::Estimated(estimate) => estimate.scaled(FACTOR).max(SLOWEST),
        };
        self.add(now, bytes, rate);
        Ok(())
    }

    /// How long a packet has to wait for those before it. Waiting down to half of the burst lets
    /// several packets leave per wake-up of a timer.
    fn ahead(&self, now: Instant) -> Duration {
        let begins = self.drained.unwrap_or(now);
        let ahead = begins.saturating_duration_since(now);
        if ahead > BURST {
            ahead - BURST / 2
        } else {
            Duration::ZERO
        }
    }

    /// Takes a packet in, behind all before it; a pause is no credit for a later burst.
    fn add(&mut self, now: Instant, bytes: usize, rate: Bitrate) {
        let begins = self.drained.map_or(now, |it| it.max(now));
        let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / rate.bps() as f64);
        self.drained = Some(begins + takes);
    }
}

/// The rate at which a picture of `bytes` is through within [`LONGEST`].
fn in_time(bytes: usize) -> Bitrate {
    Bitrate::from_bps((bytes as f64 * 8.0 / LONGEST.as_secs_f64()) as u64).max(SLOWEST)
}

/// How much faster than the estimate packets leave, or every picture would wait for the one before;
/// libwebrtc's factor.
const FACTOR: f64 = 2.5;

/// A picture is never spread over more than this, two frames at 30 a second: beyond, it would come
/// too late to be played in time, and the pictures behind it would wait.
const LONGEST: Duration = Duration::from_millis(60);

/// The least pace, for tiny pictures at the start of a call.
const SLOWEST: Bitrate = Bitrate::from_kbps(1000);

/// The least pace of a shared screen: what the least estimate leaves.
const SLOWEST_SCREEN: Bitrate = Bitrate::from_kbps(60);

/// The pace on a local network: what a receiver with the usual socket buffer of 208 KiB takes
/// without loss.
const LOCAL: Bitrate = Bitrate::from_kbps(300_000);

/// How far ahead of the pace packets may leave: a few wake-ups of a timer, which is no finer than a
/// millisecond.
const BURST: Duration = Duration::from_millis(4);

#[cfg(test)]
mod tests {
    use super::*;

    /// When the last packet of a picture of `packets` leaves.
    fn spread(packets: usize, pace: Pace) -> Duration {
        let start = Instant::now();
        let mut now = start;
        let mut pacer = Pacer::default();
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
    fn a_screen_keeps_to_what_the_path_carries() {
        let (start, mut pacer) = (Instant::now(), Pacer::default());
        let mut now = start;
        for _ in 0..100 {
            let pace = Pace::Estimated(Bitrate::from_kbps(960));
            now += pacer.wait_patiently(now, 1200, pace);
        }
        let took = now - start;
        assert!((980..=1000).contains(&took.as_millis()), "{took:?}");
    }

    #[test]
    fn what_is_sent_again_waits_for_what_left_before() {
        let (mut pacer, now) = (Pacer::default(), Instant::now());
        let pace = Pace::Estimated(Bitrate::from_kbps(1000));
        let mut left = 0;
        for ms in 0..100 {
            let at = now + Duration::from_millis(ms);
            while pacer.resend(at, 1200, pace).is_ok() {
                left += 1;
            }
        }
        // 2.5 Mb/s for a tenth of a second, and a burst.
        assert!((25..=29).contains(&left), "{left}");
        let last = now + Duration::from_millis(99);
        assert!(pacer.wait(last, 1200, 1200, pace) > Duration::ZERO);
    }

    #[test]
    fn a_pause_is_forgotten() {
        let mut pacer = Pacer::default();
        let now = Instant::now();
        let pace = Pace::Estimated(Bitrate::from_kbps(1000));
        for _ in 0..50 {
            pacer.wait(now, 1200, 60_000, pace);
        }
        let later = now + Duration::from_secs(1);
        assert_eq!(pacer.wait(later, 1200, 1200, pace), Duration::ZERO);
    }
}
