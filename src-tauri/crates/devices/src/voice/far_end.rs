//! Tells whether the microphone hears little but the speaker.

use media::backend::voice::VOICE_FRAME;
use media::level;

use super::Frame;

/// Follows what was played, heard and left of it.
#[derive(Debug, Default)]
pub(super) struct FarEnd {
    /// Frames for which what was played may be heard still.
    audible: u32,
    /// Frames with something audible so far, up to [`LEARNING`].
    learnt: u32,
    heard: Band,
    left: Band,
}

impl FarEnd {
    pub(super) fn played(&mut self, frame: &Frame) {
        if level::energy(frame) > SILENCE {
            self.audible = LINGERING;
        }
    }

    /// Whether `heard`, of which the canceller left `left`, is mostly echo. While none `cancels`,
    /// because it failed or begins, whatever may be an echo is one.
    pub(super) fn only_echo(&mut self, heard: &Frame, left: &Frame, cancels: bool) -> bool {
        let heard = self.heard.push(heard);
        let left = self.left.push(left);
        let Some(audible) = self.audible.checked_sub(1) else {
            return false;
        };
        self.audible = audible;
        if !cancels {
            self.learnt = 0;
            return true;
        }
        // A canceller that does not know the room leaves much of an echo.
        if self.learnt < LEARNING {
            self.learnt += 1;
            return true;
        }
        left < heard * ECHO
    }
}

/// The energy of the last 50 ms or so, rumble left out, which the canceller takes out too.
#[derive(Debug, Default)]
struct Band {
    energy: f32,
    last: f32,
}

impl Band {
    fn push(&mut self, frame: &Frame) -> f32 {
        let mut risen: Frame = [0.0; VOICE_FRAME];
        for (to, sample) in risen.iter_mut().zip(frame) {
            *to = sample - 0.95 * self.last;
            self.last = *sample;
        }
        self.energy += (level::energy(&risen) - self.energy) * 0.2;
        self.energy
    }
}

/// -70 dBFS.
const SILENCE: f32 = 1e-7;

/// 600 ms: the longest delay that the canceller looks for, and the room.
const LINGERING: u32 = 60;

/// 2 s of sound: after that the canceller takes most of an echo out.
const LEARNING: u32 = 200;

/// More than 6 dB were taken out. Of two who speak at once with equal voices it takes out 3 to 6.
const ECHO: f32 = 0.25;
