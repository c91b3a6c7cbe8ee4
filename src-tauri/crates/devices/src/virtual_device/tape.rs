//! Sound that is heard again a while after it was played.
//!
//! A loop of samples, each at the place of its moment. A speaker writes what it plays, a microphone
//! takes out what was played [`Tape::delay`] before and leaves silence there, so that a gap in what
//! is played is a gap in what is heard and never a sound of the loop before. Both may come from
//! callbacks of devices: neither allocates, locks or blocks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use media::backend::audio::SAMPLE_RATE_HZ;

/// The loop.
pub(crate) struct Tape {
    /// Where positions are counted from.
    epoch: Instant,
    delay: Duration,
    /// Samples as the bits of `f32`.
    samples: Box<[AtomicU32]>,
}

impl Tape {
    /// A silent one.
    pub(crate) fn new(epoch: Instant, delay: Duration) -> Self {
        let room = position(delay + SLACK);
        Self {
            epoch,
            delay,
            samples: (0..room).map(|_| AtomicU32::new(SILENCE)).collect(),
        }
    }

    /// These samples are played from `at` on.
    pub(crate) fn play(&self, at: Instant, samples: &[f32]) {
        let Some(since) = at.checked_duration_since(self.epoch) else {
            return;
        };
        for (place, sample) in self.from(since).zip(samples) {
            place.store(sample.to_bits(), Ordering::Relaxed);
        }
    }

    /// Fills `out` with what was played [`Self::delay`] before `at`.
    pub(crate) fn hear(&self, at: Instant, out: &mut [f32]) {
        let Some(since) = at.checked_duration_since(self.epoch + self.delay) else {
            return out.fill(0.0);
        };
        for (place, sample) in self.from(since).zip(out) {
            *sample = f32::from_bits(place.swap(SILENCE, Ordering::Relaxed));
        }
    }

    /// The places from this moment on, without an end.
    fn from(&self, since: Duration) -> impl Iterator<Item = &AtomicU32> {
        let first = position(since) % self.samples.len();
        self.samples[first..]
            .iter()
            .chain(self.samples.iter().cycle())
    }
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape")
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}

/// The samples of so much time.
fn position(time: Duration) -> usize {
    let samples = time.as_nanos() * u128::from(SAMPLE_RATE_HZ) / 1_000_000_000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// The bits of 0.0.
const SILENCE: u32 = 0;

/// How far the two ends may be off the time: more than a microphone makes up for at once and a
/// speaker plays ahead.
const SLACK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const DELAY: Duration = Duration::from_secs(2);

    fn heard(tape: &Tape, at: Instant, samples: usize) -> Vec<f32> {
        let mut out = vec![f32::NAN; samples];
        tape.hear(at, &mut out);
        out
    }

    #[test]
    fn each_sample_is_heard_exactly_the_delay_after_it_was_played() {
        let start = Instant::now();
        let tape = Tape::new(start, DELAY);
        // Longer than the loop, in chunks that do not divide it, heard on another beat.
        let mut said = (0..).map(|it| it as f32);
        let mut wanted = (0..).map(|it| it as f32);
        for chunk in 0..1_000 {
            let at = start + chunk * 10 * MS;
            let samples: Vec<_> = said.by_ref().take(480).collect();
            tape.play(at, &samples);
            if let Some(chunk) = chunk.checked_sub(200) {
                let at = start + DELAY + chunk * 10 * MS;
                let wanted: Vec<_> = wanted.by_ref().take(480).collect();
                assert_eq!(heard(&tape, at, 480), wanted, "chunk {chunk}");
            }
        }
    }

    #[test]
    fn before_anything_was_played_there_is_silence() {
        let start = Instant::now();
        let tape = Tape::new(start, DELAY);
        tape.play(start, &[1.0; 48]);
        let before = start + DELAY - 10 * MS;
        assert!(heard(&tape, before, 480).iter().all(|it| *it == 0.0));
        assert!(heard(&tape, start, 48).iter().all(|it| *it == 0.0));
        assert_eq!(heard(&tape, start + DELAY, 48), [1.0; 48]);
    }

    #[test]
    fn a_gap_is_silence_and_no_sound_comes_twice() {
        let start = Instant::now();
        let tape = Tape::new(start, DELAY);
        tape.play(start, &[1.0; 480]);
        assert_eq!(heard(&tape, start + DELAY, 480), [1.0; 480]);
        // Once around the loop, and nothing was played meanwhile.
        let around = start + DELAY + DELAY + SLACK;
        assert_eq!(heard(&tape, around, 480), [0.0; 480]);
    }

    #[test]
    fn neither_end_allocates() {
        let start = Instant::now();
        let tape = Tape::new(start, DELAY);
        let mut chunk = [0.0; 480];
        let allocations = crate::allocations::during(|| {
            tape.play(start + 10 * MS, &chunk);
            tape.hear(start + DELAY, &mut chunk);
        });
        assert_eq!(allocations, 0);
    }
}
