//! How often pictures come, and which of them to encode.
//!
//! An encoder spreads its bit rate over the pictures that it is told to expect. A camera that gives
//! twice as many would send twice the rate; one that gives half as many, as most do in the dark,
//! would leave half of it unused.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use media::rate::cadence::Cadence;
//!
//! let (mut cadence, start) = (Cadence::new(), Instant::now());
//! // A camera of 60 pictures a second, of which 30 are wanted.
//! let kept = (0..120).filter(|at| cadence.keep(start + Duration::from_secs(1) * *at / 60, 30.0));
//! assert_eq!(kept.count(), 60);
//! assert_eq!(cadence.fps(30.0), 30.0);
//! ```

use std::time::{Duration, Instant};

/// Follows the pictures of one camera.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cadence {
    /// When the last kept picture was captured.
    kept_at: Option<Instant>,
    /// Smoothed time from one kept picture to the next.
    interval_s: Option<f64>,
    /// The rate that the encoder expects.
    expected_fps: Option<f64>,
}

impl Cadence {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            kept_at: None,
            interval_s: None,
            expected_fps: None,
        }
    }

    /// Whether to encode the picture captured at `at`, when at most `most_fps` are wanted.
    pub fn keep(&mut self, at: Instant, most_fps: f32) -> bool {
        let Some(kept_at) = self.kept_at else {
            self.kept_at = Some(at);
            return true;
        };
        // 1. One that comes too soon is left out.
        let since = at.saturating_duration_since(kept_at);
        if since.as_secs_f64() * f64::from(most_fps) < SHORTEST {
            return false;
        }
        // 2. The others are kept and measured, unless the camera was off before.
        self.kept_at = Some(at);
        if since < PAUSE {
            let interval = self.interval_s.unwrap_or(since.as_secs_f64());
            self.interval_s = Some(interval + (since.as_secs_f64() - interval) * SMOOTHING);
        }
        true
    }

    /// How many pictures a second the encoder shall expect, at most `most_fps`. Steady while the
    /// camera is about as fast as before: a change disturbs its rate control.
    pub fn fps(&mut self, most_fps: f32) -> f32 {
        let most = f64::from(most_fps);
        let Some(interval) = self.interval_s else {
            return most_fps;
        };
        let measured = 1.0 / interval;
        let expected = self.expected_fps.unwrap_or(most).min(most);
        let expected = if (measured / expected - 1.0).abs() > STEADY {
            measured.clamp(SLOWEST, most.max(SLOWEST))
        } else {
            expected
        };
        self.expected_fps = Some(expected);
        expected as f32
    }
}

/// The shortest part of the wanted interval at which a picture still counts: cameras jitter, and of
/// one that is half as fast again as wanted every second picture is too soon.
const SHORTEST: f64 = 0.8;

/// Half of the last second or so counts at 30 pictures a second.
const SMOOTHING: f64 = 0.05;

/// A quarter more or less is what rate control evens out by itself.
const STEADY: f64 = 0.25;

/// Below one picture a second there is no rate.
const SLOWEST: f64 = 1.0;

/// After this the camera was off.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    /// How many of `count` pictures at `rate` a second are kept, and what the encoder expects then.
    fn after(cadence: &mut Cadence, start: Instant, rate: u32, count: u32) -> (usize, f32) {
        let kept = (0..count)
            .filter(|at| cadence.keep(start + Duration::from_secs(1) * *at / rate, 30.0))
            .count();
        (kept, cadence.fps(30.0))
    }

    #[test]
    fn a_camera_as_fast_as_wanted_is_taken_whole() {
        let mut cadence = Cadence::new();
        assert_eq!(after(&mut cadence, some_instant(), 30, 300), (300, 30.0));
    }

    #[test]
    fn of_a_camera_twice_as_fast_every_second_picture_is_taken() {
        let mut cadence = Cadence::new();
        assert_eq!(after(&mut cadence, some_instant(), 60, 600), (300, 30.0));
        let (kept, fps) = after(&mut Cadence::new(), some_instant(), 50, 500);
        assert_eq!((kept, fps), (250, 30.0));
    }

    #[test]
    fn a_slow_camera_is_expected_to_be_slow() {
        let mut cadence = Cadence::new();
        let (kept, fps) = after(&mut cadence, some_instant(), 15, 150);
        assert_eq!(kept, 150);
        assert!((fps - 15.0).abs() < 1.0, "{fps}");
    }

    #[test]
    fn light_makes_it_fast_again_and_a_pause_says_nothing() {
        let mut cadence = Cadence::new();
        let start = some_instant();
        after(&mut cadence, start, 15, 150);
        let later = start + Duration::from_secs(60);
        let (_, fps) = after(&mut cadence, later, 30, 300);
        assert!((fps - 30.0).abs() < 1.0, "{fps}");
    }

    #[test]
    fn jitter_takes_no_picture_and_changes_nothing() {
        let mut cadence = Cadence::new();
        let start = some_instant();
        let late = [0, 4, 1, 5, 2, 0, 3];
        let kept = (0..210u32)
            .filter(|at| {
                let on_time = start + Duration::from_secs(1) * *at / 30;
                let late = Duration::from_millis(late[*at as usize % late.len()]);
                cadence.keep(on_time + late, 30.0)
            })
            .count();
        assert_eq!((kept, cadence.fps(30.0)), (210, 30.0));
    }
}
