//! A filter that takes out what is below a frequency.

use std::f64::consts::{PI, SQRT_2};

use crate::backend::audio::SAMPLE_RATE_HZ;

/// A second-order Butterworth high-pass filter for sound at 48 kHz.
#[derive(Clone, Debug)]
pub struct HighPass {
    forward: f64,
    back: [f64; 2],
    before: [f64; 2],
    after: [f64; 2],
}

impl HighPass {
    /// Takes out what is below `hz`, which is 3 dB softer.
    #[must_use]
    pub fn new(hz: f64) -> Self {
        let turn = (PI * hz / f64::from(SAMPLE_RATE_HZ)).tan();
        let forward = 1.0 / (1.0 + SQRT_2 * turn + turn * turn);
        Self {
            forward,
            back: [
                2.0 * (turn * turn - 1.0) * forward,
                (1.0 - SQRT_2 * turn + turn * turn) * forward,
            ],
            before: [0.0; 2],
            after: [0.0; 2],
        }
    }

    /// What is left of the next sample.
    pub fn next(&mut self, sample: f32) -> f32 {
        let now = f64::from(sample);
        let out = self.forward * (now - 2.0 * self.before[0] + self.before[1])
            - self.back[0] * self.after[0]
            - self.back[1] * self.after[1];
        self.before = [now, self.before[0]];
        self.after = [out, self.after[0]];
        out as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much is left of a tone, in dB.
    fn left_of(hz: f32) -> f32 {
        let mut filter = HighPass::new(100.0);
        let tone = |at: usize| (at as f32 * hz * std::f32::consts::TAU / 48_000.0).sin();
        let out: Vec<f32> = (0..96_000).map(|at| filter.next(tone(at))).collect();
        10.0 * (2.0 * crate::level::energy(&out[48_000..])).log10()
    }

    #[test]
    fn an_octave_below_falls_by_twelve_decibels() {
        for (hz, left) in [(1000.0, 0.0), (100.0, -3.0), (50.0, -12.3), (25.0, -24.1)] {
            let measured = left_of(hz);
            assert!((measured - left).abs() < 0.1, "{hz} Hz: {measured} dB");
        }
    }
}
