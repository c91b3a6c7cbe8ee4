//! The sounds of the phone, made of plucked strings: pure functions of the position.
//!
//! A pluck is a few partials that die away, the higher ones first. All peaks stay below -12 dBFS,
//! so that a voice is never drowned and two plucks at once never clip.
//!
//! ```
//! use media::sounds::Sound;
//!
//! let second: Vec<f32> = (0..48_000).map(|at| Sound::RingTone.sample(at)).collect();
//! assert!(second.iter().any(|it| it.abs() > 0.03) && second.iter().all(|it| it.abs() < 0.26));
//! ```

use std::f32::consts::TAU;

use crate::backend::audio::SAMPLE_RATE_HZ;

/// One sound, from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Somebody calls us: two plucked notes a fifth apart every three seconds, louder over ten.
    RingTone,
    /// The other device rings: the same two notes, soft and low, every three seconds.
    RingBack,
    /// Media flows: one short pluck.
    Connected,
    /// The path was lost: two falling notes.
    Lost,
    /// The call is over: two low notes.
    Ended,
    /// The other side says something in text: a tick.
    Text,
}

/// One plucked note.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// When it is plucked, seconds from the beginning of the sound or of its period.
    at: f32,
    /// Pitch.
    hz: f32,
    /// Seconds until it has died away to a third.
    decay: f32,
}

impl Sound {
    /// The sample at `position`, counted from the beginning of the sound at 48 kHz, in -1 to 1.
    #[must_use]
    pub fn sample(self, position: u64) -> f32 {
        let hz = u64::from(SAMPLE_RATE_HZ);
        let in_period = if self.repeats() {
            position % (PERIOD_S * hz)
        } else {
            position
        };
        if !self.repeats() && position > LONGEST_S * hz {
            return 0.0;
        }
        let time = in_period as f32 / SAMPLE_RATE_HZ as f32;
        let elapsed = (position / hz) as f32;
        let sum: f32 = self.notes().iter().map(|note| note.sample(time)).sum();
        sum * self.gain(elapsed)
    }

    /// Whether it goes on until it is replaced.
    #[must_use]
    pub const fn repeats(self) -> bool {
        match self {
            Self::RingTone | Self::RingBack => true,
            Self::Connected | Self::Lost | Self::Ended | Self::Text => false,
        }
    }

    const fn notes(self) -> &'static [Note] {
        const RING_TONE: &[Note] = &[note(0.0, A4, 0.7), note(0.28, E5, 0.9)];
        const RING_BACK: &[Note] = &[note(0.0, A3, 0.5), note(0.28, E4, 0.7)];
        const CONNECTED: &[Note] = &[note(0.0, E5, 0.18)];
        const LOST: &[Note] = &[note(0.0, E4, 0.3), note(0.22, A3, 0.4)];
        const ENDED: &[Note] = &[note(0.0, A3, 0.2), note(0.2, E3, 0.3)];
        const TEXT: &[Note] = &[note(0.0, A5, 0.06)];
        match self {
            Self::RingTone => RING_TONE,
            Self::RingBack => RING_BACK,
            Self::Connected => CONNECTED,
            Self::Lost => LOST,
            Self::Ended => ENDED,
            Self::Text => TEXT,
        }
    }

    /// Peak of a note. Two notes overlap, and their partials add up.
    fn gain(self, elapsed: f32) -> f32 {
        match self {
            Self::RingTone => PEAK * (0.35 + 0.65 * (elapsed / SWELL_S).min(1.0)),
            Self::RingBack => PEAK * 0.4,
            Self::Connected | Self::Lost | Self::Ended => PEAK * 0.6,
            // It comes while somebody speaks.
            Self::Text => PEAK * 0.35,
        }
    }
}

impl Note {
    fn sample(self, time: f32) -> f32 {
        let since = time - self.at;
        if since < 0.0 {
            return 0.0;
        }
        let attack = (since / ATTACK_S).min(1.0);
        let partial = |n: f32, share: f32| {
            share * (TAU * self.hz * n * since).sin() * (-since * n / self.decay).exp()
        };
        attack * (partial(1.0, 0.6) + partial(2.0, 0.25) + partial(3.0, 0.15))
    }
}

const fn note(at: f32, hz: f32, decay: f32) -> Note {
    Note { at, hz, decay }
}

/// -14 dBFS for one note; two together stay below -12 dBFS because the first has decayed.
const PEAK: f32 = 0.19;

/// A pluck that starts at once would click.
const ATTACK_S: f32 = 0.004;

/// Seconds from one ring to the next.
const PERIOD_S: u64 = 3;

/// Seconds until the ring tone has its full strength.
const SWELL_S: f32 = 10.0;

/// After this long every single sound has died away.
const LONGEST_S: u64 = 4;

const E3: f32 = 164.81;
const A3: f32 = 220.0;
const E4: f32 = 329.63;
const A4: f32 = 440.0;
const E5: f32 = 659.26;
const A5: f32 = 880.0;

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Sound; 6] = [
        Sound::RingTone,
        Sound::RingBack,
        Sound::Connected,
        Sound::Lost,
        Sound::Ended,
        Sound::Text,
    ];
    const SECOND: u64 = SAMPLE_RATE_HZ as u64;

    fn peak(sound: Sound, from: u64, to: u64) -> f32 {
        (from..to)
            .map(|at| sound.sample(at).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn every_sound_is_heard_and_stays_below_minus_12_dbfs() {
        for sound in ALL {
            let peak = peak(sound, 0, 20 * SECOND);
            assert!(peak > 0.03 && peak < 0.251, "{sound:?} peaks at {peak}");
        }
    }

    #[test]
    fn the_ring_tone_swells_and_never_stops() {
        let first = peak(Sound::RingTone, 0, SECOND);
        let later = peak(Sound::RingTone, 12 * SECOND, 13 * SECOND);
        assert!(later > 2.0 * first, "{first} then {later}");
        assert!(peak(Sound::RingTone, 3000 * SECOND, 3001 * SECOND) > 0.1);
    }

    #[test]
    fn what_does_not_repeat_dies_away() {
        for sound in [Sound::Connected, Sound::Lost, Sound::Ended, Sound::Text] {
            assert!(peak(sound, 3 * SECOND, 6 * SECOND) < 0.001, "{sound:?}");
        }
    }

    #[test]
    fn no_sound_clicks() {
        for sound in ALL {
            let steps = (0..4 * SECOND).map(|at| (sound.sample(at + 1) - sound.sample(at)).abs());
            assert!(steps.fold(0.0, f32::max) < 0.05, "{sound:?}");
        }
    }
}
