//! Tones that a microphone hears, and whether a speaker played them.

use std::f32::consts::TAU;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use media::backend::audio::SAMPLE_RATE_HZ;

/// A tone without a break, whatever is asked of it.
#[derive(Debug, Default)]
pub(crate) struct Sine {
    /// Part of a turn, 0 to 1.
    phase: f32,
}

impl Sine {
    /// The next samples of a tone of `hz`; silence for 0.
    pub(crate) fn fill(&mut self, hz: u32, out: &mut [f32]) {
        for sample in out {
            *sample = if hz == 0 {
                0.0
            } else {
                LOUDNESS * (TAU * self.phase).sin()
            };
            self.phase = (self.phase + hz as f32 / SAMPLE_RATE_HZ as f32).fract();
        }
    }
}

/// All that a speaker played. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    samples: Arc<Mutex<Vec<f32>>>,
}

impl Recording {
    pub(crate) fn push(&self, samples: &[f32]) {
        self.lock().extend_from_slice(samples);
    }

    /// The present, for [`Recording::since`].
    pub(crate) fn mark(&self) -> usize {
        self.lock().len()
    }

    /// Whether this tone sounded anywhere after the mark.
    pub(crate) fn since(&self, mark: usize, hz: u32) -> bool {
        let samples = self.lock();
        let windows = samples[mark..].chunks_exact(WINDOW);
        windows.into_iter().any(|window| is_heard(window, hz))
    }

    /// Whether anything sounds now.
    pub(crate) fn is_loud(&self) -> bool {
        let samples = self.lock();
        let last = samples.len().saturating_sub(WINDOW);
        samples[last..].iter().any(|it| it.abs() > LOUDNESS / 20.0)
    }

    /// Whether this tone sounds now.
    pub(crate) fn now(&self, hz: u32) -> bool {
        let samples = self.lock();
        let last = samples.len().checked_sub(WINDOW);
        last.is_some_and(|from| is_heard(&samples[from..], hz))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<f32>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a third of the loudness of [`Sine`] is at this frequency (Goertzel's algorithm, over a
/// Hann window so that neighbours do not count).
fn is_heard(window: &[f32], hz: u32) -> bool {
    let turn = TAU * hz as f32 / SAMPLE_RATE_HZ as f32;
    let (mut last, mut before) = (0.0_f32, 0.0_f32);
    for (n, sample) in window.iter().enumerate() {
        let hann = 0.5 - 0.5 * (TAU * n as f32 / window.len() as f32).cos();
        let next = sample * hann + 2.0 * turn.cos() * last - before;
        (before, last) = (last, next);
    }
    let power = last * last + before * before - 2.0 * turn.cos() * last * before;
    let amplitude = 4.0 * power.max(0.0).sqrt() / window.len() as f32;
    amplitude > LOUDNESS / 3.0
}

/// Amplitude of a tone: as loud as speech.
const LOUDNESS: f32 = 0.3;

/// 20 ms: tones 150 Hz apart are told from each other.
const WINDOW: usize = SAMPLE_RATE_HZ as usize / 50;

#[test]
fn tones_are_told_from_each_other_and_from_silence() {
    let mut samples = [0.0; WINDOW];
    for (sung, heard) in [(1000, true), (2500, false), (0, false)] {
        Sine::default().fill(sung, &mut samples);
        assert_eq!(is_heard(&samples, 1000), heard, "{sung} Hz");
    }
}
