//! How loud somebody is sent.

use media::backend::voice::VoiceSettings;
use media::testing::room::{Room, Scene, amplified, babble, level_dbfs, part};
use media::testing::speech::Talker;

use super::processor;

/// The level of a voice from this distance once the gain has settled.
fn sent_from(near_m: f64, softer_db: f32) -> f32 {
    let scene = Scene {
        near: amplified(Talker::new(3).speech(9.0), -softer_db),
        near_m,
        ..Scene::quiet(Room::OFFICE)
    };
    let sent = scene.run(&scene.heard(), &mut *processor(VoiceSettings::SPEECH));
    level_dbfs(part(&sent, 6.0, 9.0))
}

#[test]
fn a_voice_is_as_loud_from_a_metre_as_from_a_hand() {
    let (far, close) = (sent_from(1.0, 10.0), sent_from(0.2, 10.0));
    println!("1 m: {far:.1} dBFS, 20 cm: {close:.1} dBFS");
    assert!((far - close).abs() < 3.0, "{far} and {close} dBFS");
    let (far, close) = (sent_from(1.0, 0.0), sent_from(0.2, 0.0));
    println!("with a louder voice 1 m: {far:.1} dBFS, 20 cm: {close:.1} dBFS");
    assert!((far - close).abs() < 3.0, "{far} and {close} dBFS");
}

#[test]
fn babble_is_not_raised() {
    let voices = [4, 5, 6].map(|seed| Talker::new(seed).speech(4.0));
    let scene = Scene {
        noise: babble(&voices, -55.0, 8 * 48_000),
        ..Scene::quiet(Room::OFFICE)
    };
    let sent = scene.run(&scene.heard(), &mut *processor(VoiceSettings::SPEECH));
    let sent = level_dbfs(part(&sent, 5.0, 8.0));
    println!("babble at -55 dBFS is sent at {sent:.1} dBFS");
    assert!(sent < -54.0, "{sent} dBFS");
}

#[test]
fn nothing_gets_louder_before_somebody_spoke() {
    let scene = Scene {
        near: Talker::new(3).speech(0.3),
        ..Scene::quiet(Room::OFFICE)
    };
    let settings = VoiceSettings {
        auto_gain_control: true,
        ..VoiceSettings::UNPROCESSED
    };
    let heard = scene.heard();
    let sent = scene.run(&heard, &mut *processor(settings));
    let change = level_dbfs(&sent) - level_dbfs(&heard.microphone);
    assert!(change.abs() < 0.5, "{change} dB");
}
