//! What is done to the microphone's sound before it is sent: the echo of the speaker is taken out,
//! noise is taken down, and loudness is kept even.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::audio::SAMPLE_RATE_HZ;

/// Samples that are processed at a time: 10 ms.
pub const VOICE_FRAME: usize = SAMPLE_RATE_HZ as usize / 100;

/// Makes processors.
pub trait VoiceBackend: Send + Sync + fmt::Debug {
    /// A processor for one microphone and one speaker, with everything switched as in `settings`.
    fn processor(&self, settings: VoiceSettings) -> Box<dyn VoiceProcessor>;
}

/// What shall be done to the voice. The names are those of Media Capture and Streams (W3C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoiceSettings {
    /// What the speaker plays is taken out of what the microphone hears.
    pub echo_cancellation: bool,
    /// What is no voice is taken down.
    pub noise_suppression: bool,
    /// Loudness is kept even.
    pub auto_gain_control: bool,
}

impl VoiceSettings {
    /// Everything on: a conversation.
    pub const SPEECH: Self = Self {
        echo_cancellation: true,
        noise_suppression: true,
        auto_gain_control: true,
    };

    /// Everything off: samples pass unchanged.
    pub const UNPROCESSED: Self = Self {
        echo_cancellation: false,
        noise_suppression: false,
        auto_gain_control: false,
    };
}

/// Processes the sound of one microphone. On the thread that owns it, never in a device's callback.
pub trait VoiceProcessor: Send + fmt::Debug {
    /// Switches what is done, from the next frame on.
    fn set(&mut self, settings: VoiceSettings);

    /// The speaker was given this frame, mono at 48 kHz: all that it was given, in order, silence
    /// too. Any value is taken: what is no number counts as silence, what is beyond full scale as
    /// that.
    fn played(&mut self, frame: &[f32; VOICE_FRAME]);

    /// The microphone heard this frame, in order; it is replaced by what shall be sent, which was
    /// heard [`delay`](Self::delay) earlier. Every sample of it is finite and in -1 to 1, whatever
    /// was heard. `echo_delay` is how long after [`played`](Self::played) was told of a sound its
    /// echo is expected in what the microphone hears, as far as the devices know.
    fn process(&mut self, frame: &mut [f32; VOICE_FRAME], echo_delay: Duration);

    /// The microphone is another one, or stood still: sound of before says nothing of what comes.
    fn microphone_restarts(&mut self);

    /// The speaker is another one, or stood still: what was played before says nothing of its echo.
    fn speaker_restarts(&mut self);

    /// By how much sound comes out later than it went in, as things are switched now; what is
    /// switched off delays the next frame still.
    fn delay(&self) -> Duration;

    /// How well the echo is removed.
    fn figures(&self) -> VoiceFigures;

    /// Whether all that is switched on works.
    fn health(&self) -> VoiceHealth;
}

/// Whether what is switched on works; what is switched off is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct VoiceHealth {
    /// Whether echo is taken out.
    pub echo_cancellation: StageHealth,
    /// Whether noise is taken down.
    pub noise_suppression: StageHealth,
    /// Whether loudness is kept even.
    pub auto_gain_control: StageHealth,
    /// Whether what the speaker plays is gone from what is sent, as measured over several seconds;
    /// null while nothing was measured: nothing has played, or echoes are not to be removed.
    pub echo_removed: Option<bool>,
}

/// How one part of the processing does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum StageHealth {
    /// It works, begins, or is switched off.
    #[default]
    Well,
    /// It failed, and sound passes without it; it is tried again by itself.
    Failed,
    /// It failed too often. A switch or another device is its next chance.
    GivenUp,
}

/// How well the echo is removed; the names and units are those of webrtc-stats (W3C). `None` while
/// nothing is known: no echo was heard so far, or echoes are not removed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VoiceFigures {
    /// By how many dB what the microphone hears of the speaker is quieter than what the speaker
    /// played.
    pub echo_return_loss: Option<f64>,
    /// By how many dB more the echo is taken down.
    pub echo_return_loss_enhancement: Option<f64>,
}

/// Leaves sound as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unprocessed;

impl VoiceBackend for Unprocessed {
    fn processor(&self, _: VoiceSettings) -> Box<dyn VoiceProcessor> {
        Box::new(Self)
    }
}

impl VoiceProcessor for Unprocessed {
    fn set(&mut self, _: VoiceSettings) {}

    fn played(&mut self, _: &[f32; VOICE_FRAME]) {}

    fn process(&mut self, _: &mut [f32; VOICE_FRAME], _: Duration) {}

    fn microphone_restarts(&mut self) {}

    fn speaker_restarts(&mut self) {}

    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    fn figures(&self) -> VoiceFigures {
        VoiceFigures::default()
    }

    fn health(&self) -> VoiceHealth {
        VoiceHealth::default()
    }
}
