//! What is done to sound on its way, and noise.

use std::f64::consts::PI;

use crate::testing::Dice;

use super::level_dbfs;

/// `sound` by so many dB louder.
#[must_use]
pub fn amplified(mut sound: Vec<f32>, decibels: f32) -> Vec<f32> {
    for sample in &mut sound {
        *sample *= 10_f32.powf(decibels / 20.0);
    }
    sound
}

/// White noise of a level.
#[must_use]
pub(super) fn noise(dbfs: f32, length: usize, seed: u64) -> Vec<f32> {
    let mut dice = Dice::new(seed);
    let white = (0..length)
        .map(|_| dice.roll() as f32 * 2.0 - 1.0)
        .collect();
    at_level(white, dbfs)
}

/// Noise like that of a fan: 3 dB less per octave.
#[must_use]
pub fn pink_noise(dbfs: f32, length: usize, seed: u64) -> Vec<f32> {
    let mut dice = Dice::new(seed);
    // Paul Kellet's filter, its economy version.
    let mut state = [0.0_f32; 3];
    let mut pink = || {
        let white = dice.roll() as f32 * 2.0 - 1.0;
        state[0] = 0.997_65 * state[0] + white * 0.099_046;
        state[1] = 0.963 * state[1] + white * 0.296_516_4;
        state[2] = 0.57 * state[2] + white * 1.052_691_3;
        state.iter().sum::<f32>() + white * 0.184_8
    };
    at_level((0..length).map(|_| pink()).collect(), dbfs)
}

/// Many who talk at once: `voices` again and again, each from somewhere else in it.
#[must_use]
pub fn babble(voices: &[Vec<f32>], dbfs: f32, length: usize) -> Vec<f32> {
    let mut all = vec![0.0; length];
    for (number, voice) in voices.iter().enumerate() {
        for turn in 0..3 {
            let from = (number * 3 + turn) * 31_337;
            for (at, sample) in all.iter_mut().enumerate() {
                *sample += voice[(at + from) % voice.len()];
            }
        }
    }
    at_level(all, dbfs)
}

fn at_level(sound: Vec<f32>, dbfs: f32) -> Vec<f32> {
    let now = level_dbfs(&sound);
    amplified(sound, dbfs - now)
}

/// As long as both together. Silence costs nothing.
pub(super) fn convolved(sound: &[f32], response: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; sound.len() + response.len()];
    for (at, sample) in sound.iter().enumerate() {
        if *sample != 0.0 {
            let there = &mut out[at..at + response.len()];
            for (to, tap) in there.iter_mut().zip(response) {
                *to += sample * tap;
            }
        }
    }
    out
}

/// `sound` as a clock hears it that is slower than that of who plays it, by so many millionths.
pub(super) fn at_another_clock(sound: &[f32], faster_ppm: f64, length: usize) -> Vec<f32> {
    if faster_ppm == 0.0 {
        let mut sound = sound.to_vec();
        sound.resize(length, 0.0);
        return sound;
    }
    let between = |at: usize| {
        let position = at as f64 * (1.0 + faster_ppm * 1e-6);
        let (whole, rest) = (position.floor() as isize, position.fract());
        (1 - TAPS..=TAPS)
            .map(|tap| {
                let sample = usize::try_from(whole + tap).ok();
                let sample = sample.and_then(|at| sound.get(at)).copied();
                sample.map_or(0.0, |it| it * windowed_sinc(rest - tap as f64) as f32)
            })
            .sum()
    };
    (0..length).map(between).collect()
}

fn windowed_sinc(at: f64) -> f64 {
    if at.abs() < 1e-9 {
        return 1.0;
    }
    let window = (PI * at / (2.0 * TAPS as f64)).cos().powi(2);
    (PI * at).sin() / (PI * at) * window
}

/// On each side of a moment between two samples.
const TAPS: isize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_clock_reads_between_samples() {
        let tone = |at: f64| (at * 0.05).sin() as f32;
        let sound: Vec<f32> = (0..48_000).map(|at| tone(f64::from(at))).collect();
        let read = at_another_clock(&sound, 200.0, 40_000);
        for at in [100_u32, 20_000, 39_999] {
            let expected = tone(f64::from(at) * 1.000_2);
            assert!((read[at as usize] - expected).abs() < 1e-3, "{at}");
        }
    }
}
