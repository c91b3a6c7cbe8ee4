//! When to show a decoded picture.
//!
//! On a clean path: at once. Where the network makes pictures come unevenly, the delay covers
//! 96 of 100 of them and no more, so that a rare keyframe, which takes longer on the way, holds
//! nothing back. Where the sound must wait longer than the picture, the picture waits along, so
//! that lips and voice stay within what people notice.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use media::jitter::video::Playout;
//! use media::time::MediaTime;
//!
//! let (mut playout, start) = (Playout::new(), Instant::now());
//! for number in 0..30 {
//!     let arrived = start + Duration::from_millis(33) * number;
//!     let time = MediaTime::from_micros(33_000 * i64::from(number));
//!     let show_at = playout.show_at(arrived, arrived, time, None);
//!     assert_eq!(show_at, arrived, "an even stream is not delayed");
//! }
//! ```

use std::time::{Duration, Instant};

use super::delay::{Delay, Order};
use crate::time::{MediaTime, TimeDelta};

/// Decides for each picture of one stream when to show it.
#[derive(Debug)]
pub struct Playout {
    delay: Delay,
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    arrived: Instant,
    time: MediaTime,
}

impl Playout {
    /// Nothing was received yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            delay: Delay::new(Duration::ZERO),
            last: None,
        }
    }

    /// When to show the picture that was captured at `time`, arrived at `arrived` and is decoded
    /// `now`. `heard_at` is when the sound captured at the same time is heard, if that is known.
    /// Never before `now`, never more than 300 ms after it.
    pub fn show_at(
        &mut self,
        now: Instant,
        arrived: Instant,
        time: MediaTime,
        heard_at: Option<Instant>,
    ) -> Instant {
        let length = self.follow(arrived, time);
        self.delay.arrival(arrived, time, length, Order::InOrder);
        let early = TimeDelta::from(self.delay()) - self.delay.slack(now, time);
        let due = now + early.or_zero();
        let with_sound = heard_at.and_then(|it| it.checked_sub(LEAD)).unwrap_or(now);
        due.max(with_sound).clamp(now, now + LONGEST)
    }

    /// The delay that covers the unevenness of late, counted from the fastest pictures.
    #[must_use]
    pub fn delay(&self) -> Duration {
        let needed = self.delay.needed().or_zero();
        if needed <= TOLERATED {
            Duration::ZERO
        } else {
            needed.min(LONGEST_FOR_EVENNESS)
        }
    }

    /// The time that the picture stands for. Measures anew after a jump: an outage, or times that
    /// are on another timeline from now on.
    fn follow(&mut self, arrived: Instant, time: MediaTime) -> TimeDelta {
        let Some(last) = self.last.replace(Last { arrived, time }) else {
            return USUAL_STEP;
        };
        let between = TimeDelta::from(arrived.saturating_duration_since(last.arrived));
        let step = time.since(last.time);
        if (step - between).abs() > JUMP {
            self.delay.restart();
            return USUAL_STEP;
        }
        step.clamp(TimeDelta::from_micros(1), USUAL_STEP)
    }
}

impl Default for Playout {
    fn default() -> Self {
        Self::new()
    }
}

/// How far the picture may lead the sound. People notice sound that is 125 ms late (ITU-R BT.1359,
/// detectability); this keeps clear of our own bound of 40 ms by what threads are late.
pub const LEAD: Duration = Duration::from_millis(35);

/// Unevenness that nobody sees: the sender's camera and encoder and our own threads make this
/// much, and a buffer that only smooths that is delay for nothing.
const TOLERATED: Duration = Duration::from_millis(25);

/// The most a picture waits for evenness: a conversation suffers more from delay.
const LONGEST_FOR_EVENNESS: Duration = Duration::from_millis(100);

/// The most a picture waits for the sound.
const LONGEST: Duration = Duration::from_millis(300);

/// A quarter of a second between two pictures is an outage or a new clock, not unevenness.
const JUMP: TimeDelta = TimeDelta::from_millis(250);

/// 30 pictures a second.
const USUAL_STEP: TimeDelta = TimeDelta::from_micros(33_333);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    const MS: Duration = Duration::from_millis(1);

    /// Shows pictures captured every 33 ms that arrive with these extra delays; returns how long
    /// the last one waits.
    fn wait_after(delays_ms: &[u32], heard_after_ms: Option<u32>) -> Duration {
        let start = some_instant();
        let mut playout = Playout::new();
        let mut wait = Duration::ZERO;
        for (index, delay) in delays_ms.iter().enumerate() {
            let captured = start + MS * 33 * index as u32;
            let arrived = captured + MS * (20 + delay);
            let heard_at = heard_after_ms.map(|after| captured + MS * after);
            let time = MediaTime::from_micros(index as i64 * 33_000);
            wait = playout.show_at(arrived, arrived, time, heard_at) - arrived;
        }
        wait
    }

    #[test]
    fn an_even_stream_is_shown_at_once() {
        assert_eq!(wait_after(&[0; 100], None), Duration::ZERO);
        assert_eq!(
            wait_after(&[0, 5, 3, 10, 0, 8, 0, 12, 4, 0], None),
            Duration::ZERO
        );
    }

    #[test]
    fn an_uneven_stream_waits_for_its_late_pictures() {
        let uneven: Vec<u32> = (0..90).map(|it| if it % 5 == 4 { 80 } else { 0 }).collect();
        let wait = wait_after(&uneven[..88], None);
        assert!(wait >= MS * 80 && wait <= MS * 82, "{wait:?}");
        assert_eq!(wait_after(&uneven, None), MS, "the late ones do not wait");
        assert!(
            wait_after(
                &uneven.repeat(3).iter().map(|it| it * 3).collect::<Vec<_>>(),
                None
            ) <= MS * 101
        );
    }

    #[test]
    fn rare_large_pictures_hold_nothing_back() {
        let keyframes: Vec<u32> = (0..300)
            .map(|it| if it % 60 == 59 { 70 } else { 3 })
            .collect();
        for shown in 61..300 {
            assert_eq!(wait_after(&keyframes[..shown], None), Duration::ZERO);
        }
    }

    #[test]
    fn unevenness_is_forgotten() {
        let mut delays = vec![100; 1];
        delays.insert(0, 0);
        delays.extend([0; 300]);
        assert_eq!(wait_after(&delays, None), Duration::ZERO);
    }

    #[test]
    fn the_picture_waits_for_a_much_later_sound_only() {
        assert_eq!(wait_after(&[0; 30], Some(50)), Duration::ZERO);
        assert_eq!(wait_after(&[0; 30], Some(160)), MS * 105);
        assert_eq!(wait_after(&[0; 30], Some(5000)), LONGEST);
    }

    #[test]
    fn a_new_timeline_is_no_unevenness() {
        let start = some_instant();
        let mut playout = Playout::new();
        for index in 0..200_u32 {
            let arrived = start + MS * 33 * index;
            let shift = if index < 50 { 0 } else { -400_000 };
            let time = MediaTime::from_micros(i64::from(index) * 33_000 + shift);
            assert_eq!(playout.show_at(arrived, arrived, time, None), arrived);
        }
    }

    #[test]
    fn an_outage_costs_no_lasting_delay() {
        let mut delays = vec![0; 60];
        delays.push(2000);
        delays.extend([0; 10]);
        assert_eq!(wait_after(&delays, None), Duration::ZERO);
    }
}
