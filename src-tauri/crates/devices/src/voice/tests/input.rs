//! Anything may come.

use std::time::Duration;

use media::backend::voice::VoiceSettings;
use media::testing::Dice;
use media::testing::room::{Room, Scene, level_dbfs, part};
use media::testing::speech::Talker;

use super::{Frame, all_settings, processor};

#[test]
fn no_sound_makes_it_fail_or_leaves_the_range() {
    let mut dice = Dice::new(5);
    let mut any = |kind: usize| -> Frame {
        std::array::from_fn(|at| match kind {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 => f32::NEG_INFINITY,
            3 => f32::MAX,
            4 => 1.0,
            5 => -1.0,
            6 => 0.0,
            7 => f32::MIN_POSITIVE / 2.0,
            8 => {
                if at % 2 == 0 {
                    1.0
                } else {
                    -1.0
                }
            }
            9 => {
                if at == 240 {
                    1.0
                } else {
                    0.0
                }
            }
            10 => dice.roll() as f32 * 2.0 - 1.0,
            11 => f32::from_bits(dice.number() as u32),
            _ => 0.5,
        })
    };
    for settings in all_settings() {
        let mut processor = processor(settings);
        for turn in 0..13 * 13 {
            for _ in 0..4 {
                processor.played(&any(turn / 13));
                let mut frame = any(turn % 13);
                processor.process(&mut frame, Duration::from_millis(turn as u64 * 7));
                let fine = frame.iter().all(|it| (-1.0..=1.0).contains(it));
                assert!(fine, "{settings:?} at turn {turn}");
            }
        }
        assert!(processor.delay() <= Duration::from_millis(22));
    }
}

#[test]
fn a_reference_that_stumbles_makes_no_howl() {
    let scene = Scene {
        far: Talker::new(1).speech(6.0),
        near: Talker::new(2).speech(6.0),
        ..Scene::quiet(Room::OFFICE)
    };
    let heard = scene.heard();
    let far = |number: usize| -> Frame {
        std::array::from_fn(|at| scene.far.get(number * 480 + at).copied().unwrap_or(0.0))
    };
    type Pattern = fn(usize) -> usize;
    let patterns: [(&str, Pattern); 5] = [
        ("none at all", |_| 0),
        ("two for one", |_| 2),
        ("one for two", |frame| frame % 2),
        ("none for a second, then all at once", |frame| {
            match frame % 150 {
                0..100 => 0,
                100 => 101,
                _ => 1,
            }
        }),
        ("in bursts", |frame| if frame % 4 == 0 { 4 } else { 0 }),
    ];
    for (name, frames) in patterns {
        let mut processor = processor(VoiceSettings::SPEECH);
        let mut played = 0;
        let mut sent = Vec::new();
        for (number, frame) in heard.microphone.as_chunks::<480>().0.iter().enumerate() {
            for _ in 0..frames(number) {
                processor.played(&far(played));
                played += 1;
            }
            let mut frame = *frame;
            processor.process(&mut frame, Duration::from_millis(80));
            sent.extend(frame);
        }
        // A howl is louder than all that was heard, and goes on.
        for second in 0..6 {
            let from = f64::from(second);
            let (in_, out) = (
                level_dbfs(part(&heard.microphone, from, from + 1.0)),
                level_dbfs(part(&sent, from, from + 1.0)),
            );
            assert!(
                out < in_.max(-26.0) + 6.0,
                "{name}: {in_} to {out} at {second}"
            );
        }
    }
}

#[test]
fn a_reference_that_comes_after_its_echo_takes_no_voice_away() {
    let scene = Scene {
        far: Talker::new(1).speech(6.0),
        near: Talker::new(2).speech(6.0),
        echo_loss_db: 20.0,
        ..Scene::quiet(Room::OFFICE)
    };
    let heard = scene.heard();
    // The gain would hide what is lost.
    let mut processor = processor(VoiceSettings {
        auto_gain_control: false,
        ..VoiceSettings::SPEECH
    });
    let mut sent = Vec::new();
    for (number, frame) in heard.microphone.as_chunks::<480>().0.iter().enumerate() {
        // The echo was heard 100 ms ago.
        let played = |at: usize| (number * 480 + at).checked_sub(18 * 480);
        let played = |at: usize| played(at).map_or(0.0, |at| scene.far[at]);
        processor.played(&std::array::from_fn(played));
        let mut frame = *frame;
        processor.process(&mut frame, Duration::ZERO);
        sent.extend(frame);
    }
    let before = level_dbfs(part(&heard.voice, 3.0, 6.0));
    let after = level_dbfs(part(&sent, 3.0, 6.0));
    assert!(after > before - 6.0, "{before} to {after}");
}
