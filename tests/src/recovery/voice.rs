//! A voice whose every moment is another, and when a recording of it was said.
//!
//! Syllables without pauses, each of another pitch: a few hundredths of a second tell which part of
//! the loop they are, so what is heard is known to be new, and how late it is.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use media::testing::Dice;

use crate::sound::{HZ, Recording};

/// One loop of a voice, mono at 48 kHz.
#[derive(Clone, Debug)]
pub struct Voice {
    samples: Vec<f32>,
    /// The same at [`COARSE_HZ`].
    coarse: Vec<f32>,
}

/// What a moment of a recording is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fit {
    correlation: f32,
    late: usize,
}

impl Voice {
    /// Another voice for each seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut samples = Vec::with_capacity(SYLLABLES * SYLLABLE);
        for _ in 0..SYLLABLES {
            let pitch_hz = 110.0 + 190.0 * dice.roll();
            let formants_hz = [300.0 + 500.0 * dice.roll(), 900.0 + 900.0 * dice.roll()];
            samples.extend((0..SYLLABLE).map(|at| sample(pitch_hz, formants_hz, at)));
        }
        let coarse = coarse(&samples);
        Self { samples, coarse }
    }

    /// Its samples, for a microphone that says them in a loop by the common clock.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// The first moment of a recording from `from` on at which this voice is heard, said no earlier
    /// than `from`, and from which on it is heard most of the time: what conceals a loss may sound
    /// like it for a moment. The moments before `*seen` are known to be none.
    pub fn first_heard(
        &self,
        recording: &Heard,
        from: Duration,
        seen: &mut Duration,
    ) -> Option<Duration> {
        let begin = from.max(*seen).max(recording.begun);
        let moments = (0..).map(|step| begin + STEP * step);
        let moments = moments.take_while(|at| *at + WINDOW <= recording.end());
        let heard: Vec<bool> = moments
            .map(|at| {
                self.late(recording, at)
                    .is_some_and(|late| at >= from + late)
            })
            .collect();
        let goes_on = |row: &[bool]| row.iter().filter(|it| **it).count() >= MOST;
        let mut rows = heard.windows(STAYS).zip(0..);
        let found = rows.find(|(row, _)| row[0] && goes_on(row));
        let decided = heard.len().saturating_sub(STAYS - 1) as u32;
        *seen = (*seen).max(begin + STEP * decided);
        found.map(|(_, step)| begin + STEP * step)
    }

    /// How late this voice is heard at this moment of a recording, when it is heard.
    #[must_use]
    pub fn late(&self, recording: &Heard, at: Duration) -> Option<Duration> {
        let fit = self.fit(recording, at)?;
        (fit.correlation >= ALIKE).then(|| Duration::from_secs_f64(fit.late as f64 / COARSE_HZ))
    }

    /// The lag at which a window of a recording fits best.
    fn fit(&self, recording: &Heard, at: Duration) -> Option<Fit> {
        let first = (at.checked_sub(recording.begun)?.as_secs_f64() * COARSE_HZ) as usize;
        let heard = recording.coarse.get(first..first + WINDOW_SAMPLES)?;
        let heard_energy = energy(heard);
        if heard_energy < SILENT {
            return None;
        }
        let period = self.coarse.len();
        let now = (at.as_secs_f64() * COARSE_HZ) as usize % period;
        let begin = (now + period - MOST_LATE) % period;
        // From the earliest lag on, across the end of the loop.
        let said = self.coarse.iter().cycle().skip(begin);
        let said: Vec<f32> = said.take(MOST_LATE + WINDOW_SAMPLES).copied().collect();
        let mut said_energy = energy(&said[..WINDOW_SAMPLES]);
        let fits = said
            .windows(WINDOW_SAMPLES)
            .enumerate()
            .map(|(shift, part)| {
                if shift > 0 {
                    let (new, old) = (part[WINDOW_SAMPLES - 1], said[shift - 1]);
                    said_energy += new * new - old * old;
                }
                let both = part.iter().zip(heard).map(|(a, b)| a * b).sum::<f32>();
                Fit {
                    correlation: both / (said_energy.max(SILENT) * heard_energy).sqrt(),
                    late: MOST_LATE - shift,
                }
            });
        fits.max_by(|a, b| a.correlation.total_cmp(&b.correlation))
    }
}

/// A recording by the common clock, as far as it was written.
#[derive(Clone, Debug)]
pub struct Heard {
    begun: Duration,
    coarse: Vec<f32>,
}

impl Heard {
    /// Reads one that a program's speaker writes.
    ///
    /// # Errors
    /// When it cannot be read, or has not begun yet.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(&Recording::read(path)?)
    }

    fn of(recording: &Recording) -> Result<Self> {
        use anyhow::Context;

        Ok(Self {
            begun: recording.begun.context("the recording has no clock")?,
            coarse: coarse(&recording.samples),
        })
    }

    fn end(&self) -> Duration {
        self.begun + Duration::from_secs_f64(self.coarse.len() as f64 / COARSE_HZ)
    }
}

fn energy(samples: &[f32]) -> f32 {
    samples.iter().map(|it| it * it).sum()
}

/// A vowel of this pitch that rises and falls.
fn sample(pitch_hz: f64, formants_hz: [f64; 2], at: usize) -> f32 {
    let cycles = pitch_hz * at as f64 / HZ as f64;
    let tone: f64 = (1..=12)
        .map(|harmonic| {
            let harmonic = f64::from(harmonic);
            let near = |formant: f64| (-((harmonic * pitch_hz - formant) / 200.0).powi(2)).exp();
            let gain = near(formants_hz[0]) + 0.6 * near(formants_hz[1]) + 0.2 / harmonic;
            gain * (std::f64::consts::TAU * cycles * harmonic).sin()
        })
        .sum();
    let progress = at as f64 / SYLLABLE as f64;
    let envelope = 0.3 + 0.7 * (progress * std::f64::consts::PI).sin();
    (0.15 * envelope * tone).clamp(-1.0, 1.0) as f32
}

/// A coarser rate is enough to tell syllables apart, and a hundredth of the work.
fn coarse(samples: &[f32]) -> Vec<f32> {
    let parts = samples.chunks_exact(COARSER);
    parts
        .map(|it| it.iter().sum::<f32>() / COARSER as f32)
        .collect()
}

/// Samples of ours for one of those compared.
const COARSER: usize = 24;

const COARSE_HZ: f64 = (HZ / COARSER) as f64;

/// 80 ms each: half a second tells six of them.
const SYLLABLE: usize = HZ * 80 / 1000;

/// Eight seconds.
const SYLLABLES: usize = 100;

/// What is looked at at once: most of a syllable.
const WINDOW: Duration = Duration::from_millis(60);

const WINDOW_SAMPLES: usize = (HZ / COARSER) * 60 / 1000;

/// From one look to the next, as the sound device goes.
const STEP: Duration = Duration::from_millis(10);

/// Windows that are looked at together: half a second, which no concealment lasts.
const STAYS: usize = 50;

/// So many of them must fit. Where a fifth is lost, some do not.
const MOST: usize = 35;

/// What sounds alike. Concealed and stretched sound is below it, another part of the voice too.
const ALIKE: f32 = 0.7;

/// Sound that is later is no conversation: 1.5 s.
const MOST_LATE: usize = (HZ / COARSER) * 3 / 2;

/// Below it there is nothing to hear in a window.
const SILENT: f32 = 1e-4;

#[cfg(test)]
mod tests {
    use super::*;

    /// A recording that began at `begun` seconds, of what the voice says `late` seconds after it
    /// was said, from `from` on.
    fn recorded(voice: &Voice, begun: f64, late: f64, from: f64) -> Heard {
        let said = |at: usize| {
            let time = begun + at as f64 / HZ as f64;
            let position = ((time - late) * HZ as f64) as usize % voice.samples.len();
            if time < from {
                0.0
            } else {
                voice.samples[position]
            }
        };
        let recording = Recording {
            samples: (0..4 * HZ).map(said).collect(),
            begun: Some(Duration::from_secs_f64(begun)),
        };
        Heard::of(&recording).unwrap()
    }

    /// Seconds.
    fn first(voice: &Voice, heard: &Heard, from: Duration) -> f64 {
        let mut seen = Duration::ZERO;
        let first = voice.first_heard(heard, from, &mut seen);
        first.unwrap().as_secs_f64()
    }

    #[test]
    fn what_was_said_after_the_event_is_found_where_it_begins() {
        let voice = Voice::new(5);
        let heard = recorded(&voice, 100.0, 0.08, 101.5);
        let from = Duration::from_secs_f64(101.2);
        let first = first(&voice, &heard, from);
        assert!((101.45..101.55).contains(&first), "{first}");
        let late = voice.late(&heard, Duration::from_secs(102)).unwrap();
        assert!(late.as_millis().abs_diff(80) <= 1, "{late:?}");
    }

    #[test]
    fn old_sound_does_not_count() {
        let voice = Voice::new(5);
        // What was said before the event is heard for a second after it.
        let heard = recorded(&voice, 100.0, 1.0, 0.0);
        let from = Duration::from_secs_f64(101.2);
        let first = first(&voice, &heard, from);
        assert!((102.15..102.3).contains(&first), "{first}");
    }

    #[test]
    fn another_voice_is_not_heard() {
        let (voice, other) = (Voice::new(5), Voice::new(6));
        let heard = recorded(&other, 100.0, 0.1, 0.0);
        let mut seen = Duration::ZERO;
        assert_eq!(
            voice.first_heard(&heard, Duration::from_secs(100), &mut seen),
            None
        );
        assert!(seen > Duration::from_secs(103));
    }
}
