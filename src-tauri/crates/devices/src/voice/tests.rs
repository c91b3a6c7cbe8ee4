//! The processing in simulated rooms, and what it does with anything that may come.

mod delay;
mod failing;
mod health;
mod howl;
mod input;
mod levels;
mod room;
mod switching;

use media::backend::voice::{VoiceBackend, VoiceProcessor, VoiceSettings};

use media::testing::room::{Room, Scene};
use media::testing::speech::Talker;

use super::{Frame, VoiceProcessing};

fn processor(settings: VoiceSettings) -> Box<dyn VoiceProcessor> {
    VoiceProcessing.processor(settings)
}

/// Somebody talks in a quiet office.
fn somebody_talks(seconds: f64) -> Scene {
    Scene {
        near: Talker::new(8).speech(seconds),
        ..Scene::quiet(Room::OFFICE)
    }
}

/// Every way to switch the three stages.
fn all_settings() -> impl Iterator<Item = VoiceSettings> {
    (0..8).map(|bits| VoiceSettings {
        echo_cancellation: bits & 1 != 0,
        noise_suppression: bits & 2 != 0,
        auto_gain_control: bits & 4 != 0,
    })
}
