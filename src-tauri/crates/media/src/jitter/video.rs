//! When to show a decoded picture.
//!
//! On a clean path: at once. Where the network makes pictures come unevenly, the delay covers
//! most of that unevenness and no more. Where the sound must wait longer than the picture, the
//! picture waits along, so that lips and voice stay within what people notice.

use std::time::{Duration, Instant};

use crate::time::MediaTime;

/// Decides for each picture of one stream when to show it.
#[derive(Clone, Debug, Default)]
pub struct Playout {
    base: Option<Base>,
    /// How late pictures come after the fastest ones: decays, rises at once.
    lateness_us: f64,
}

/// The fastest arrival of late: what lateness is measured against.
#[derive(Clone, Copy, Debug)]
struct Base {
    arrived: Instant,
    time: MediaTime,
}

impl Playout {
    /// Nothing was received yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { base: None, lateness_us: 0.0 }
    }

    /// When to show the picture that was captured at `time`, arrived at `arrived` and is decoded
    /// `now`. `heard_at` is when the sound captured at the same time is heard, if that is known.
    /// Never before `now`, never more than [`LONGEST`] after it.
    pub fn show_at(
        &mut self,
        now: Instant,
        arrived: Instant,
        time: MediaTime,
        heard_at: Option<Instant>,
    ) -> Instant {
        let due = self.due(arrived, time);
        let with_sound = heard_at.and_then(|it| it.checked_sub(LEAD)).unwrap_or(now);
        due.max(with_sound).clamp(now, now + LONGEST)
    }

    /// The delay that covers the unevenness of late.
    #[must_use]
    pub fn delay(&self) -> Duration {
        let covered = self.lateness_us - TOLERATED.as_micros() as f64;
        Duration::from_micros(covered.max(0.0) as u64).min(LONGEST)
    }

    fn due(&mut self, arrived: Instant, time: MediaTime) -> Instant {
        let base = *self.base.get_or_insert(Base { arrived, time });
        let expected = base.at(time);
        let late = arrived.saturating_duration_since(expected);
        if late > RESYNC || expected.saturating_duration_since(arrived) > RESYNC {
            self.base = Some(Base { arrived, time });
            self.lateness_us = 0.0;
            return arrived;
        }
        if arrived < expected {
            self.base = Some(Base { arrived, time });
        } else {
            self.base = Some(Base { arrived: base.arrived + late.mul_f64(BASE_FOLLOWS), ..base });
        }
        self.lateness_us = (late.as_micros() as f64).max(self.lateness_us * FORGET);
        if self.delay().is_zero() { arrived } else { expected + self.delay() }
    }
}

impl Base {
    /// When a picture captured at `time` would have come as fast as the base.
    fn at(self, time: MediaTime) -> Instant {
        let ahead = time.micros_since(self.time);
        let span = Duration::from_micros(ahead.unsigned_abs()).min(RESYNC * 600);
        if ahead >= 0 {
            self.arrived + span
        } else {
            self.arrived.checked_sub(span).unwrap_or(self.arrived)
        }
    }
}

/// How far the picture may lead the sound: half of what ITU-R BT.1359 calls detectable (45 ms
/// early), minus what a screen adds.
pub const LEAD: Duration = Duration::from_millis(40);

/// Unevenness that nobody sees: the sender's camera and encoder and our own threads make this
/// much, and a buffer that only smooths that is delay for nothing.
const TOLERATED: Duration = Duration::from_millis(25);

/// The most a picture waits: beyond that a conversation suffers more than from unevenness.
const LONGEST: Duration = Duration::from_millis(300);

/// A jump larger than this is an outage or a new clock, not unevenness.
const RESYNC: Duration = Duration::from_secs(1);

/// Per picture: unevenness is half forgotten after 2 s at 30 pictures a second.
const FORGET: f64 = 0.988;

/// Per picture, of the lateness: lets the base follow drifting clocks and longer routes.
const BASE_FOLLOWS: f64 = 0.002;

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
        assert_eq!(wait_after(&[0, 5, 3, 10, 0, 8, 0, 12, 4, 0], None), Duration::ZERO);
    }

    #[test]
    fn an_uneven_stream_waits_for_its_late_pictures() {
        let uneven: Vec<u32> = (0..90).map(|it| if it % 5 == 4 { 80 } else { 0 }).collect();
        let wait = wait_after(&uneven[..88], None);
        assert!(wait > MS * 35 && wait < MS * 60, "{wait:?}");
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
        assert_eq!(wait_after(&[0; 30], Some(160)), MS * 100);
        assert_eq!(wait_after(&[0; 30], Some(5000)), LONGEST);
    }

    #[test]
    fn an_outage_costs_no_lasting_delay() {
        let mut delays = vec![0; 60];
        delays.push(2000);
        delays.extend([0; 10]);
        assert_eq!(wait_after(&delays, None), Duration::ZERO);
    }
}
