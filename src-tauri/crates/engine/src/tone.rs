//! The sounds of the phone: ring tone, ring-back and the like, on the playout thread.

use media::sounds::Sound;

/// What shall sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing.
    Silence,
    /// This, from its beginning.
    Play(Sound),
}

/// Mixes the current sound into what is played.
#[derive(Debug, Default)]
pub(crate) struct Tones {
    current: Option<(Sound, u64)>,
}

impl Tones {
    /// Plays `tone` from now on.
    pub(crate) fn play(&mut self, tone: Tone) {
        self.current = match tone {
            Tone::Silence => None,
            Tone::Play(sound) => Some((sound, 0)),
        };
    }

    /// Adds the sound to `block`.
    pub(crate) fn mix(&mut self, block: &mut [f32]) {
        let Some((sound, position)) = &mut self.current else {
            return;
        };
        for sample in block {
            *sample = (*sample + sound.sample(*position)).clamp(-1.0, 1.0);
            *position += 1;
        }
    }
}
