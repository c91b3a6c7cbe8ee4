//! What is told of a stage that does not work, and of an echo that stays.

use std::time::Duration;

use media::backend::voice::{StageHealth, VoiceBackend, VoiceProcessor, VoiceSettings};
use media::testing::room::{Heard, Room, Scene};
use media::testing::speech::Talker;

use super::failing::{How, fragile, run};
use super::{Frame, VoiceProcessing};

#[test]
fn a_stage_that_failed_is_well_again_once_it_has_worked_for_a_while() {
    let (mut chain, _) = fragile(150, How::Panics);
    let mut told = Vec::new();
    for _ in 0..360 {
        run(&mut chain, 1);
        let health = chain.health().echo_cancellation;
        if told.last().is_none_or(|(last, _)| *last != health) {
            told.push((health, 0));
        }
        if let Some((_, frames)) = told.last_mut() {
            *frames += 1;
        }
    }
    let [(StageHealth::Well, works), (StageHealth::Failed, fails), ..] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(works, 149);
    // A second without it, and one in which it has to prove itself.
    assert!((200..=206).contains(&fails), "{told:?}");
    assert_eq!(chain.health().noise_suppression, StageHealth::Well);
}

#[test]
fn a_stage_that_is_left_alone_says_so_until_it_is_switched() {
    let (mut chain, _) = fragile(1, How::GivesNoNumbers);
    run(&mut chain, 100);
    assert_eq!(chain.health().echo_cancellation, StageHealth::Failed);
    run(&mut chain, 100 * 40);
    assert_eq!(chain.health().echo_cancellation, StageHealth::GivenUp);
    chain.set(VoiceSettings::UNPROCESSED);
    assert_eq!(chain.health().echo_cancellation, StageHealth::Well);
    chain.set(VoiceSettings::SPEECH);
    assert_eq!(chain.health().echo_cancellation, StageHealth::Well);
}

/// What is told of the echo in the end, and whether it ever was that it stays, when the processor
/// is told what plays so many frames too late.
fn told(scene: &Scene, late: usize) -> (Option<bool>, bool) {
    let heard = scene.heard();
    let only_echo = VoiceSettings {
        echo_cancellation: true,
        ..VoiceSettings::UNPROCESSED
    };
    let mut processor = VoiceProcessing.processor(only_echo);
    let ever = run_late(scene, &heard, &mut *processor, late);
    (processor.health().echo_removed, ever)
}

fn run_late(scene: &Scene, heard: &Heard, processor: &mut dyn VoiceProcessor, late: usize) -> bool {
    let silence: Frame = [0.0; 480];
    let far = scene.far.as_chunks::<480>().0;
    let mut stayed = false;
    for (number, heard) in heard.microphone.as_chunks::<480>().0.iter().enumerate() {
        let plays = number.checked_sub(late).and_then(|at| far.get(at));
        processor.played(plays.unwrap_or(&silence));
        processor.process(&mut heard.clone(), Duration::ZERO);
        stayed |= processor.health().echo_removed == Some(false);
    }
    stayed
}

fn far_talks() -> Scene {
    Scene {
        far: Talker::new(1).speech(16.0),
        clipping: 0.5,
        delay: Duration::from_millis(20),
        ..Scene::quiet(Room::OFFICE)
    }
}

#[test]
fn an_echo_that_is_removed_is_told_to_be() {
    assert_eq!(told(&far_talks(), 0), (Some(true), false));
}

/// Much nearer to its sound, such an echo is taken down by half, and is none that stays.
#[test]
fn an_echo_that_comes_long_before_its_sound_is_told_to_stay() {
    assert_eq!(told(&far_talks(), 12), (Some(false), true));
}

#[test]
fn somebody_who_talks_is_no_echo_that_stays() {
    for seed in 2..8 {
        // With headphones, and at the same time as the other side.
        let apart = Scene {
            near: Talker::new(seed).speech(30.0),
            far: Talker::new(seed + 20).speech(30.0),
            echo_loss_db: 90.0,
            ..far_talks()
        };
        assert!(!told(&apart, 0).1, "{seed}: headphones");
        let both = Scene {
            echo_loss_db: 6.0,
            ..apart
        };
        assert!(!told(&both, 0).1, "{seed}: speakers");
    }
}

#[test]
fn nothing_is_told_of_an_echo_before_anything_plays() {
    let scene = Scene {
        near: Talker::new(2).speech(8.0),
        far: Vec::new(),
        ..far_talks()
    };
    assert_eq!(told(&scene, 0), (None, false));
}
