//! Speech of nobody: syllables with a pitch, formants, hisses and pauses, different for each seed.
//!
//! Detectors of speech take it for speech, which they do not do with chirps and tones. It says
//! nothing.
//!
//! ```
//! use media::testing::speech::Talker;
//!
//! let (one, same) = (Talker::new(7).speech(1.0), Talker::new(7).speech(1.0));
//! assert_eq!(one, same);
//! ```

use std::f32::consts::TAU;

use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::testing::Dice;
use crate::testing::room::{amplified, level_dbfs};

/// Somebody who talks.
#[derive(Clone, Debug)]
pub struct Talker {
    dice: Dice,
    pitch_hz: f32,
}

impl Talker {
    /// Another voice and other words for each seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let pitch_hz = 95.0 + 120.0 * dice.roll() as f32;
        Self { dice, pitch_hz }
    }

    /// Goes on talking for so many seconds, pauses included, at -26 dBFS on average.
    pub fn speech(&mut self, seconds: f64) -> Vec<f32> {
        let length = (seconds * f64::from(SAMPLE_RATE_HZ)) as usize;
        let mut out = Vec::with_capacity(length + HZ as usize);
        let mut tract = [Resonator::default(); 4];
        let mut voice = Glottis::default();
        while out.len() < length {
            let syllables = 5 + self.upto(5) as usize;
            for at in 0..syllables {
                let falling = 1.12 - 0.25 * at as f32 / syllables as f32;
                self.syllable(falling, &mut voice, &mut tract, &mut out);
            }
            let pause = HZ * (0.25 + 0.3 * self.dice.roll() as f32);
            out.resize(out.len() + pause as usize, 0.0);
        }
        out.truncate(length);
        let now = level_dbfs(&out);
        amplified(out, LEVEL_DBFS - now)
    }

    fn syllable(
        &mut self,
        pitch: f32,
        voice: &mut Glottis,
        tract: &mut [Resonator; 4],
        out: &mut Vec<f32>,
    ) {
        if self.dice.chance(0.45) {
            self.hiss(out);
        }
        let [from, to] = [0, 1].map(|_| VOWELS[self.upto(VOWELS.len() as u64) as usize]);
        let pitch_hz = self.pitch_hz * pitch * (0.94 + 0.12 * self.dice.roll() as f32);
        let loud = 0.5 + 0.5 * self.dice.roll() as f32;
        let length = (HZ * (0.13 + 0.13 * self.dice.roll() as f32)) as usize;
        for at in 0..length {
            let done = at as f32 / length as f32;
            let swell = (done * TAU / 2.0).sin().powf(0.6);
            let breath = (self.dice.roll() as f32 - 0.5) * 0.02;
            let mut sample = voice.next(pitch_hz * (1.03 - 0.06 * done)) + breath;
            for (at, resonator) in tract.iter_mut().enumerate() {
                let hz = from[at] + (to[at] - from[at]) * done;
                sample = resonator.pass(sample, hz, BANDWIDTHS_HZ[at]);
            }
            out.push(sample * swell * loud);
        }
    }

    /// What an s or an f is.
    fn hiss(&mut self, out: &mut Vec<f32>) {
        let length = (HZ * (0.05 + 0.05 * self.dice.roll() as f32)) as usize;
        let hz = 3_500.0 + 3_000.0 * self.dice.roll() as f32;
        let mut mouth = Resonator::default();
        for at in 0..length {
            let swell = (at as f32 / length as f32 * TAU / 2.0).sin();
            let noise = self.dice.roll() as f32 - 0.5;
            out.push(mouth.pass(noise, hz, 1_800.0) * swell * 0.25);
        }
    }

    fn upto(&mut self, most: u64) -> u64 {
        self.dice.number() % most
    }
}

/// Pulses of air, which lose 12 dB per octave.
#[derive(Debug, Default)]
struct Glottis {
    phase: f32,
    smooth: [f32; 2],
}

impl Glottis {
    fn next(&mut self, hz: f32) -> f32 {
        self.phase += hz / HZ;
        let mut pulse = -hz / HZ;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            pulse += 1.0;
        }
        for state in &mut self.smooth {
            *state += (pulse - *state) * 0.06;
            pulse = *state;
        }
        pulse * 8.0
    }
}

/// A resonance of the vocal tract.
#[derive(Clone, Copy, Debug, Default)]
struct Resonator([f32; 2]);

impl Resonator {
    fn pass(&mut self, sample: f32, hz: f32, bandwidth_hz: f32) -> f32 {
        let radius = (-TAU / 2.0 * bandwidth_hz / HZ).exp();
        let turn = 2.0 * radius * (TAU * hz / HZ).cos();
        let squared = radius * radius;
        let out = sample * (1.0 - turn + squared) + turn * self.0[0] - squared * self.0[1];
        self.0 = [out, self.0[0]];
        out
    }
}

const HZ: f32 = SAMPLE_RATE_HZ as f32;

/// A person at a metre from a microphone.
const LEVEL_DBFS: f32 = -26.0;

/// The first four formants of a, e, i, o, u and of some between them.
const VOWELS: [[f32; 4]; 7] = [
    [730.0, 1_090.0, 2_440.0, 3_400.0],
    [530.0, 1_840.0, 2_480.0, 3_500.0],
    [270.0, 2_290.0, 3_010.0, 3_700.0],
    [570.0, 840.0, 2_410.0, 3_300.0],
    [300.0, 870.0, 2_240.0, 3_200.0],
    [660.0, 1_720.0, 2_410.0, 3_400.0],
    [490.0, 1_350.0, 1_690.0, 3_100.0],
];

const BANDWIDTHS_HZ: [f32; 4] = [70.0, 100.0, 140.0, 220.0];
