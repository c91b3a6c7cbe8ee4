//! A voice with a clock in it: a chirp every half second over a soft murmur.
//!
//! The sound is a pure function of the position within its two seconds. A synthetic microphone
//! hands over, at time `t` of the machine's monotonic clock, the sample at `t` modulo the period,
//! so whoever hears it can tell when it was said.
//!
//! ```
//! use media::synthetic::voice::{PERIOD, Voice};
//!
//! let voice = Voice::new();
//! let mut second = vec![0.0; 48_000];
//! voice.fill(PERIOD as u64, &mut second);
//! assert_eq!(second, voice.samples()[..48_000]);
//! ```

use std::f32::consts::TAU;

use crate::backend::audio::SAMPLE_RATE_HZ;

/// Samples until the voice repeats: 2 s at 48 kHz.
pub const PERIOD: usize = 2 * SAMPLE_RATE_HZ as usize;

/// The voice, computed once.
#[derive(Clone)]
pub struct Voice {
    samples: Box<[f32]>,
}

impl Voice {
    /// Computes the voice: some ten milliseconds of work, so not in a callback.
    #[must_use]
    pub fn new() -> Self {
        let mut samples = vec![0.0; PERIOD].into_boxed_slice();
        for (index, syllable) in samples
            .chunks_exact_mut(PERIOD / SYLLABLES.len())
            .enumerate()
        {
            murmur(SYLLABLES[index], syllable);
        }
        for half_second in samples.chunks_exact_mut(CHIRP_INTERVAL) {
            add_chirp(half_second);
        }
        Self { samples }
    }

    /// One period.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// The sample at `position`, which counts on beyond the period.
    #[must_use]
    pub fn sample_at(&self, position: u64) -> f32 {
        self.samples[(position % PERIOD as u64) as usize]
    }

    /// Fills `out` with the samples from `position` on. Does not allocate.
    pub fn fill(&self, position: u64, out: &mut [f32]) {
        let mut from = (position % PERIOD as u64) as usize;
        let mut rest = out;
        while !rest.is_empty() {
            let (now, later) = rest.split_at_mut(rest.len().min(PERIOD - from));
            now.copy_from_slice(&self.samples[from..from + now.len()]);
            (from, rest) = (0, later);
        }
    }
}

impl Default for Voice {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").finish_non_exhaustive()
    }
}

/// Pitch and first two formants of one syllable, Hz.
#[derive(Clone, Copy)]
struct Syllable {
    pitch_hz: f32,
    formants_hz: [f32; 2],
}

/// Fills `out` with one syllable that starts and ends at zero.
fn murmur(syllable: Syllable, out: &mut [f32]) {
    let len = out.len() as f32;
    for (index, sample) in out.iter_mut().enumerate() {
        let progress = index as f32 / len;
        let envelope = (progress * TAU / 2.0).sin().powi(2);
        // The pitch falls by a tenth, as in a calm sentence.
        let cycles =
            syllable.pitch_hz * index as f32 / SAMPLE_RATE_HZ as f32 * (1.05 - 0.05 * progress);
        let tone: f32 = (1..=HARMONICS)
            .map(|n| formant_gain(syllable, n as f32) * (TAU * (cycles * n as f32).fract()).sin())
            .sum();
        *sample = MURMUR_GAIN * envelope * tone;
    }
}

fn formant_gain(syllable: Syllable, harmonic: f32) -> f32 {
    let hz = syllable.pitch_hz * harmonic;
    let near = syllable
        .formants_hz
        .map(|formant| (-((hz - formant) / 180.0).powi(2)).exp());
    near[0] + 0.5 * near[1] + 0.1 / harmonic
}

/// Adds a linear sweep with soft ends to the start of `out`.
fn add_chirp(out: &mut [f32]) {
    let seconds = CHIRP_LEN as f32 / SAMPLE_RATE_HZ as f32;
    let slope = (CHIRP_TO_HZ - CHIRP_FROM_HZ) / seconds;
    for (index, sample) in out.iter_mut().take(CHIRP_LEN).enumerate() {
        let t = index as f32 / SAMPLE_RATE_HZ as f32;
        let edge = index.min(CHIRP_LEN - 1 - index) as f32 / CHIRP_EDGE as f32;
        let cycles = CHIRP_FROM_HZ * t + slope * t * t / 2.0;
        *sample += CHIRP_GAIN * edge.min(1.0) * (TAU * cycles.fract()).sin();
    }
}

const CHIRP_FROM_HZ: f32 = 200.0;
const CHIRP_TO_HZ: f32 = 7000.0;

/// 80 ms: long enough for a sharp correlation peak, short enough to pass as one event.
const CHIRP_LEN: usize = SAMPLE_RATE_HZ as usize * 80 / 1000;
const CHIRP_INTERVAL: usize = SAMPLE_RATE_HZ as usize / 2;
/// 2 ms, so that the ends do not click.
const CHIRP_EDGE: usize = 96;
/// -12 dBFS: clearly above the murmur, with headroom for the sum.
const CHIRP_GAIN: f32 = 0.25;
const MURMUR_GAIN: f32 = 0.05;
const HARMONICS: u32 = 24;

/// All different, so that the voice shifted by less than its period never looks like itself.
const SYLLABLES: [Syllable; 8] = [
    Syllable {
        pitch_hz: 118.0,
        formants_hz: [730.0, 1090.0],
    },
    Syllable {
        pitch_hz: 131.0,
        formants_hz: [270.0, 2290.0],
    },
    Syllable {
        pitch_hz: 124.0,
        formants_hz: [530.0, 1840.0],
    },
    Syllable {
        pitch_hz: 109.0,
        formants_hz: [570.0, 840.0],
    },
    Syllable {
        pitch_hz: 137.0,
        formants_hz: [300.0, 870.0],
    },
    Syllable {
        pitch_hz: 121.0,
        formants_hz: [660.0, 1720.0],
    },
    Syllable {
        pitch_hz: 113.0,
        formants_hz: [440.0, 1020.0],
    },
    Syllable {
        pitch_hz: 104.0,
        formants_hz: [640.0, 1190.0],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_two_ways_to_ask_give_the_same_samples() {
        let voice = Voice::new();
        let mut out = vec![0.0; 200_000];
        voice.fill(95_000, &mut out);
        for index in [0, 999, 1000, 96_999, 199_999] {
            assert_eq!(out[index], voice.sample_at(95_000 + index as u64));
        }
    }

    #[test]
    fn is_audible_without_clipping() {
        let peak = Voice::new()
            .samples()
            .iter()
            .fold(0.0_f32, |peak, it| peak.max(it.abs()));
        assert!((0.2..0.6).contains(&peak), "peak is {peak}");
    }

    #[test]
    fn no_shift_within_the_period_looks_like_another() {
        let voice = Voice::new();
        let samples = voice.samples();
        let product = |shift: usize| -> f32 {
            (0..PERIOD)
                .map(|i| samples[i] * samples[(i + shift) % PERIOD])
                .sum()
        };
        let energy = product(0);
        for half_seconds in 1..4 {
            assert!(product(half_seconds * CHIRP_INTERVAL) < 0.8 * energy);
        }
        assert!(product(100) < 0.7 * energy);
    }
}
