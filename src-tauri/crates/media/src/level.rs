//! How loud sound is, for a meter and for the receipt that somebody is heard.
//!
//! ```
//! use media::level::Meter;
//!
//! let mut meter = Meter::new();
//! meter.push(&[0.1; 480]);
//! assert!((0.6..0.7).contains(&meter.level()));
//! ```

/// Follows the loudness of one stream of 48 kHz sound. Does not allocate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    level: f32,
}

impl Meter {
    /// A meter at rest.
    #[must_use]
    pub const fn new() -> Self {
        Self { level: 0.0 }
    }

    /// Takes the next samples, any number of them.
    pub fn push(&mut self, samples: &[f32]) {
        if samples.is_empty() {
            return;
        }
        let fall = FALL_PER_SAMPLE * samples.len() as f32;
        self.level = loudness(samples).max(self.level - fall).max(0.0);
    }

    /// Loudness as people judge it: 0 is silence, 1 is the loudest; speech is around 0.6. Rises
    /// at once, falls within half a second.
    #[must_use]
    pub const fn level(&self) -> f32 {
        self.level
    }
}

/// Mean square of `samples`, 0 when there are none. Values that are no number count as silence.
#[must_use]
pub fn energy(samples: &[f32]) -> f32 {
    let sum: f32 = samples
        .iter()
        .map(|it| it * it)
        .filter(|it| it.is_finite())
        .sum();
    sum / samples.len().max(1) as f32
}

/// Loudness of one stretch of sound, 0 to 1: decibels, from the noise of a quiet room up.
#[must_use]
pub fn loudness(samples: &[f32]) -> f32 {
    let decibels = 10.0 * energy(samples).max(1e-12).log10();
    ((decibels - QUIET_DBFS) / -QUIET_DBFS).clamp(0.0, 1.0)
}

/// Decibels below full scale of this [energy], at least -96: what one bit of 16 is.
///
/// ```
/// use media::level;
///
/// assert_eq!(level::dbfs(level::energy(&[0.1; 480])), -20);
/// assert_eq!(level::dbfs(0.0), -96);
/// ```
#[must_use]
pub fn dbfs(energy: f32) -> i8 {
    let decibels = 10.0 * energy.max(1e-12).log10();
    decibels.round().clamp(-96.0, 0.0) as i8
}

/// -60 dBFS: below it a meter that moves would only show noise.
const QUIET_DBFS: f32 = -60.0;

/// From 1 to 0 in half a second.
const FALL_PER_SAMPLE: f32 = 2.0 / 48_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_what_people_hear() {
        for (amplitude, expected) in [
            (0.0, 0.0),
            (0.001, 0.0),
            (0.01, 0.333),
            (0.1, 0.667),
            (1.0, 1.0),
        ] {
            let mut meter = Meter::new();
            meter.push(&[amplitude; 480]);
            assert!(
                (meter.level() - expected).abs() < 0.01,
                "{amplitude}: {}",
                meter.level()
            );
        }
    }

    #[test]
    fn rises_at_once_and_falls_within_half_a_second() {
        let mut meter = Meter::new();
        meter.push(&[1.0; 480]);
        meter.push(&[]);
        assert!((meter.level() - 1.0).abs() < 1e-6);
        meter.push(&[0.0; 12_000]);
        assert!((meter.level() - 0.5).abs() < 0.01);
        meter.push(&[0.0; 12_000]);
        assert!(meter.level() < 0.01);
    }

    #[test]
    fn nonsense_is_silence() {
        let mut meter = Meter::new();
        meter.push(&[f32::NAN, f32::INFINITY]);
        assert!(meter.level().abs() < 1e-6);
    }
}
