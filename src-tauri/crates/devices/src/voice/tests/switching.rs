//! Switching in a call.

use std::f32::consts::TAU;
use std::time::Duration;

use media::backend::voice::VoiceSettings;
use media::testing::room::{level_dbfs, part};

use super::{Frame, all_settings, processor, somebody_talks};

/// A calm tone, in which a click would be heard.
fn tone(number: usize) -> Frame {
    std::array::from_fn(|at| {
        let turn = 200.0 * (number * 480 + at) as f32 / 48_000.0;
        0.3 * (TAU * turn.fract()).sin()
    })
}

/// The sharpest bend of a sound.
fn bend(sound: &[f32]) -> f32 {
    let bends = sound
        .windows(3)
        .map(|it| (it[2] - 2.0 * it[1] + it[0]).abs());
    bends.fold(0.0, f32::max)
}

#[test]
fn no_switch_clicks() {
    for before in all_settings() {
        for after in all_settings() {
            let mut processor = processor(before);
            let mut sent = Vec::new();
            for number in 0..40 {
                if number == 20 {
                    processor.set(after);
                }
                if number == 25 {
                    processor.set(before);
                }
                let mut frame = tone(number);
                processor.process(&mut frame, Duration::ZERO);
                sent.extend(frame);
            }
            let sharpest = bend(&sent[10 * 480..]);
            // The canceller itself bends it by 0.0015; a jump by a hundredth of it is 0.003.
            assert!(sharpest < 0.002, "{before:?} to {after:?}: {sharpest}");
        }
    }
}

#[test]
fn a_restart_does_not_jump() {
    let mut processor = processor(VoiceSettings::SPEECH);
    let mut sent = Vec::new();
    for number in 0..40 {
        if number == 20 {
            processor.microphone_restarts();
        }
        let mut frame = tone(number);
        processor.process(&mut frame, Duration::ZERO);
        sent.extend(frame);
    }
    let steps = sent.windows(2).map(|it| (it[1] - it[0]).abs());
    let largest = steps.fold(0.0, f32::max);
    // The tone itself rises by 0.008 from sample to sample.
    assert!(largest < 0.012, "{largest}");
}

#[test]
fn a_switch_leaves_no_hole_and_sound_goes_on_where_it_was() {
    let scene = somebody_talks(3.0);
    let heard = scene.heard();
    for settings in all_settings() {
        let mut processor = processor(VoiceSettings::UNPROCESSED);
        let sent = scene.run_with(&heard, &mut *processor, |number, processor| match number {
            100 => processor.set(settings),
            200 => processor.set(VoiceSettings::UNPROCESSED),
            _ => {}
        });
        // Unchanged before, and after to the sample.
        assert_eq!(sent[..48_000], heard.microphone[..48_000]);
        let back = 201 * 480;
        assert_eq!(sent[back..], heard.microphone[back..], "{settings:?}");
        // Around the switches, each 20 ms that are loud are loud, 20 ms around.
        for at in (96..112).chain(192..206).step_by(2) {
            let from = at as f64 / 100.0;
            let level = level_dbfs(part(&heard.microphone, from, from + 0.02));
            let near = level_dbfs(part(&sent, from - 0.02, from + 0.04));
            assert!(
                level < -35.0 || near > level - 12.0,
                "{settings:?}: {level} to {near} at {from}"
            );
        }
    }
}
