//! What is done to a voice: nothing, or all of it is taken for noise.

use std::time::Duration;

use media::backend::voice::{
    VOICE_FRAME, VoiceBackend, VoiceFigures, VoiceProcessor, VoiceSettings,
};

/// Processors that take everything for noise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hush;

impl VoiceBackend for Hush {
    fn processor(&self, settings: VoiceSettings) -> Box<dyn VoiceProcessor> {
        Box::new(Hushed(settings))
    }
}

#[derive(Debug)]
struct Hushed(VoiceSettings);

impl VoiceProcessor for Hushed {
    fn set(&mut self, settings: VoiceSettings) {
        self.0 = settings;
    }

    fn played(&mut self, _: &[f32; VOICE_FRAME]) {}

    fn process(&mut self, frame: &mut [f32; VOICE_FRAME], _: Duration) {
        if self.0.noise_suppression {
            frame.fill(0.0);
        }
    }

    fn microphone_restarts(&mut self) {}

    fn speaker_restarts(&mut self) {}

    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    fn figures(&self) -> VoiceFigures {
        VoiceFigures {
            echo_return_loss: Some(6.0),
            echo_return_loss_enhancement: Some(30.0),
        }
    }
}
