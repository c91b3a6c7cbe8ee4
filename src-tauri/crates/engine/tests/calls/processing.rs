//! What is done to the microphone's sound, and what the user sees of it.

use std::time::Duration;

use engine::command::Command;
use engine::view::EngineView;
use media::backend::voice::{StageHealth, VoiceHealth};

use crate::support::{Duo, Person};

/// Waits until the microphone's meter moves, or rests.
async fn meter_moves(person: &Person, moves: bool) {
    let look = |view: &EngineView| ((view.microphone_level > 0.1) == moves).then_some(());
    let what = if moves { "a level" } else { "no level" };
    person.sees(what, look).await;
}

#[tokio::test]
async fn a_setting_is_in_force_at_once_in_a_call_too() {
    let mut duo = Duo::in_a_call().await;
    duo.alice.devices.sing(1000);
    duo.bob.hears(1000).await;
    duo.alice.suppresses_noise(true).await;
    duo.bob.hears_nothing().await;
    duo.alice.suppresses_noise(false).await;
    duo.bob.hears(1000).await;
    duo.stop().await;
}

#[tokio::test]
async fn the_figures_tell_what_is_sent_and_how_well_the_echo_is_removed() {
    let mut duo = Duo::in_a_call().await;
    duo.alice.devices.sing(1000);
    let loud = |view: &EngineView| view.stats.clone().filter(|it| it.audio_level > 0.1);
    let stats = duo.alice.sees("a level", loud).await;
    assert_eq!(stats.echo_return_loss, Some(6.0));
    assert_eq!(stats.echo_return_loss_enhancement, Some(30.0));
    duo.alice.suppresses_noise(true).await;
    let quiet = |view: &EngineView| view.stats.clone().filter(|it| it.audio_level == 0.0);
    duo.alice.sees("no level", quiet).await;
    assert!(!duo.alice.view().microphone_silent, "it gives sound");
    duo.stop().await;
}

#[tokio::test]
async fn a_test_of_the_speaker_shows_that_the_microphone_hears_it() {
    let mut duo = Duo::online().await;
    duo.alice.devices.sing(1000);
    duo.alice.suppresses_noise(true).await;
    let preview = Command::Preview {
        camera: false,
        microphone: true,
    };
    duo.alice.does(preview).await;
    meter_moves(&duo.alice, false).await;
    duo.alice.does(Command::TestSpeaker).await;
    meter_moves(&duo.alice, true).await;
    duo.pass(Duration::from_secs(2)).await;
    meter_moves(&duo.alice, false).await;
    duo.stop().await;
}

#[tokio::test]
async fn what_others_do_not_hear_is_no_talk_of_somebody_muted() {
    let mut duo = Duo::in_a_call().await;
    duo.alice.devices.sing(1000);
    duo.alice.mutes().await;
    meter_moves(&duo.alice, true).await;
    duo.alice.suppresses_noise(true).await;
    meter_moves(&duo.alice, false).await;
    duo.stop().await;
}

#[tokio::test]
async fn what_fails_is_told_as_long_as_a_microphone_is_at_work() {
    let duo = Duo::in_a_call().await;
    let failed = VoiceHealth {
        noise_suppression: StageHealth::Failed,
        echo_removed: Some(false),
        ..VoiceHealth::default()
    };
    let told = |health| move |view: &EngineView| (view.voice_health == health).then_some(());
    duo.alice
        .sees("all is well", told(VoiceHealth::default()))
        .await;
    duo.alice.voice.does(failed);
    duo.alice.sees("what fails", told(failed)).await;
    assert_eq!(duo.bob.view().voice_health, VoiceHealth::default());
    duo.alice.does(Command::End).await;
    duo.alice
        .sees("nothing to fail", told(VoiceHealth::default()))
        .await;
    duo.stop().await;
}
