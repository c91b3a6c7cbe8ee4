//! What is done to a voice: nothing, or all of it is taken for noise. And it fails on demand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use media::backend::voice::{
    VOICE_FRAME, VoiceBackend, VoiceFigures, VoiceHealth, VoiceProcessor, VoiceSettings,
};

/// Processors that take everything for noise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hush {
    health: Arc<Mutex<VoiceHealth>>,
}

impl Hush {
    /// How it does from now on.
    pub(crate) fn does(&self, health: VoiceHealth) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }
}

impl VoiceBackend for Hush {
    fn processor(&self, settings: VoiceSettings) -> Box<dyn VoiceProcessor> {
        Box::new(Hushed(settings, self.clone()))
    }
}

#[derive(Debug)]
struct Hushed(VoiceSettings, Hush);

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

    fn health(&self) -> VoiceHealth {
        *self.1.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
