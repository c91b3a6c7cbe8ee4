//! The noise suppressor: RNNoise in Rust (nnnoiseless), with its weights in the program.

use std::mem;

use media::backend::voice::VOICE_FRAME;
use nnnoiseless::DenoiseState;

use super::Frame;
use super::stage::{Around, Filter};

/// Half of its window, in samples: its frames overlap by one.
pub(super) const DELAY: u32 = VOICE_FRAME as u32;

pub(super) struct NoiseSuppressor {
    rnnoise: Box<DenoiseState<'static>>,
    /// What was heard before, which is what RNNoise gives back now.
    before: Frame,
    /// How much of it is left as it was.
    left: f32,
}

impl NoiseSuppressor {
    pub(super) fn new() -> Self {
        Self {
            rnnoise: DenoiseState::new(),
            before: [0.0; VOICE_FRAME],
            left: 0.0,
        }
    }
}

impl Filter for NoiseSuppressor {
    fn process(&mut self, frame: &mut Frame, around: &Around<'_>) {
        let as_it_was = mem::replace(&mut self.before, *frame);
        let heard = frame.map(|sample| sample * FULL_SCALE);
        let voiced = self.rnnoise.process_frame(frame, &heard).clamp(0.0, 1.0);
        let left = if around.only_echo {
            0.0
        } else {
            LEFT_IN_PAUSES + (LEFT_WITH_VOICE - LEFT_IN_PAUSES) * voiced
        };
        let step = (left - self.left) / VOICE_FRAME as f32;
        for (sample, as_it_was) in frame.iter_mut().zip(as_it_was) {
            self.left += step;
            *sample = *sample / FULL_SCALE * (1.0 - self.left) + as_it_was * self.left;
        }
    }
}

impl std::fmt::Debug for NoiseSuppressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NoiseSuppressor").finish_non_exhaustive()
    }
}

// One frame of theirs is one of ours.
const _: () = assert!(DenoiseState::FRAME_SIZE == VOICE_FRAME);

/// It was trained on the range of 16 bits.
const FULL_SCALE: f32 = 32_768.0;

/// How much of the sound is mixed to what RNNoise makes of it. What it takes from a voice is
/// heard more than the noise behind one: this lifts PESQ by a third in a quiet room and in babble,
/// and costs nothing beside a fan.
const LEFT_WITH_VOICE: f32 = 0.3;

/// Noise alone is 26 dB softer at most, so that a line does not seem dead.
const LEFT_IN_PAUSES: f32 = 0.05;
