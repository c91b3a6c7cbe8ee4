//! What is left of an echo, and of a voice in it.

use std::time::Duration;

use media::backend::voice::{VoiceFigures, VoiceSettings};
use media::testing::room::{Heard, Room, Scene, erle_db, level_dbfs, part};
use media::testing::speech::Talker;

use super::processor;

/// The other side talks to a microphone beside the speaker.
fn far_talks(room: Room, seconds: f64) -> Scene {
    Scene {
        far: Talker::new(1).speech(seconds),
        clipping: 0.5,
        ..Scene::quiet(room)
    }
}

/// What is heard, what is sent of it with everything on, and by how much it is later.
fn processed(scene: &Scene) -> (Heard, Vec<f32>, Duration) {
    let heard = scene.heard();
    let mut processor = processor(VoiceSettings::SPEECH);
    let sent = scene.run(&heard, &mut *processor);
    (heard, sent, processor.delay())
}

/// The enhancement that the product promises.
fn assert_removed(scene: &Scene, what: &str) {
    let (heard, sent, delay) = processed(scene);
    let erle = |from, to| erle_db(&heard, &sent, delay, from, to);
    let (soon, then) = (erle(1.0, 3.0), erle(5.0, 8.0));
    println!("{what}: {soon:.1} dB at 1 to 3 s, {then:.1} dB from 5 s");
    assert!(soon >= 24.0, "{what}: {soon} dB at 1 to 3 s");
    assert!(then >= 30.0, "{what}: {then} dB from 5 s");
}

#[test]
fn an_echo_is_gone_whatever_its_delay() {
    for (room, millis) in [(Room::OFFICE, 80), (Room::OFFICE, 300), (Room::KITCHEN, 80)] {
        let delay = Duration::from_millis(millis);
        let scene = Scene {
            delay,
            told_delay: delay,
            ..far_talks(room, 8.2)
        };
        assert_removed(&scene, &format!("{room:?}, {millis} ms"));
    }
}

#[test]
fn an_echo_is_gone_when_the_clocks_drift() {
    for drift_ppm in [-100.0, 100.0] {
        let scene = Scene {
            drift_ppm,
            ..far_talks(Room::OFFICE, 8.2)
        };
        assert_removed(&scene, &format!("{drift_ppm} ppm"));
    }
}

/// The canceller learns the room anew every few seconds then, and a syllable may be heard
/// meanwhile: nearly all of the time the promise holds.
#[test]
fn an_echo_is_nearly_always_gone_when_the_clocks_drift_as_much_as_clocks_do() {
    for drift_ppm in [-200.0, 200.0] {
        let scene = Scene {
            drift_ppm,
            ..far_talks(Room::OFFICE, 8.2)
        };
        let (heard, sent, delay) = processed(&scene);
        let erle = |from, to| erle_db(&heard, &sent, delay, from, to);
        let soon = erle(1.0, 3.0);
        assert!(soon >= 24.0, "{drift_ppm} ppm: {soon} dB at 1 to 3 s");
        let tenths = (50..80).map(|tenth| f64::from(tenth) / 10.0);
        // Pauses have no echo to be removed.
        let tenths = tenths.filter(|from| level_dbfs(part(&heard.echo, *from, from + 0.1)) > -45.0);
        let then: Vec<f32> = tenths.map(|from| erle(from, from + 0.1)).collect();
        let gone = then.iter().filter(|erle| **erle >= 30.0).count();
        println!(
            "{drift_ppm} ppm: {soon:.1} dB at 1 to 3 s, gone in {gone} of {} tenths",
            then.len()
        );
        assert!(gone * 10 >= then.len() * 9, "{drift_ppm} ppm: {then:?}");
        assert!(erle(5.0, 8.0) >= 20.0, "{drift_ppm} ppm: {then:?}");
    }
}

#[test]
fn an_echo_is_gone_when_its_delay_was_told_wrong() {
    for told in [0, 400] {
        let scene = Scene {
            delay: Duration::from_millis(150),
            told_delay: Duration::from_millis(told),
            ..far_talks(Room::OFFICE, 8.2)
        };
        let (heard, sent, delay) = processed(&scene);
        let erle = erle_db(&heard, &sent, delay, 5.0, 8.0);
        assert!(erle >= 30.0, "told {told} ms: {erle} dB from 5 s");
    }
}

#[test]
fn an_echo_is_gone_again_soon_after_the_room_changed() {
    let scene = Scene {
        moved: Some(Duration::from_secs(4)),
        volumes: vec![(Duration::from_secs(7), 9.0)],
        ..far_talks(Room::OFFICE, 10.2)
    };
    let (heard, sent, delay) = processed(&scene);
    let erle = |from, to| erle_db(&heard, &sent, delay, from, to);
    let (moved, louder) = (erle(5.5, 7.0), erle(8.5, 10.0));
    assert!(moved >= 24.0, "{moved} dB after the microphone was moved");
    assert!(
        louder >= 24.0,
        "{louder} dB after the speaker was made louder"
    );
}

#[test]
fn who_talks_into_an_echo_is_heard() {
    let mut near = vec![0.0; 5 * 48_000];
    near.extend(Talker::new(2).speech(3.0));
    let scene = Scene {
        near,
        ..far_talks(Room::OFFICE, 8.2)
    };
    let (heard, sent, delay) = processed(&scene);
    let late = delay.as_secs_f64();
    let (voice, left) = (
        part(&heard.voice, 5.2, 8.0),
        part(&sent, 5.2 + late, 8.0 + late),
    );
    let likeness = likeness(voice, left);
    let lost = level_dbfs(voice) - level_dbfs(left);
    println!("alike {likeness:.2}, {lost:.1} dB softer");
    assert!(
        likeness > 0.7,
        "only {likeness} of the voice is in what is sent"
    );
    assert!(lost < 6.0, "the voice lost {lost} dB");
}

#[test]
fn what_is_left_of_an_echo_is_not_taken_for_a_soft_voice() {
    // A speaker as loud as in a hall, which nothing removes well, then somebody close by.
    let mut near = vec![0.0; 6 * 48_000];
    near.extend(Talker::new(2).speech(0.6));
    let scene = Scene {
        near,
        echo_loss_db: -3.0,
        clipping: 3.0,
        noise: vec![0.0; 7 * 48_000],
        ..far_talks(Room::KITCHEN, 5.5)
    };
    let (heard, sent, delay) = processed(&scene);
    let late = delay.as_secs_f64();
    let before = level_dbfs(part(&heard.voice, 6.0, 6.5));
    let after = level_dbfs(part(&sent, 6.0 + late, 6.5 + late));
    assert!(after - before < 3.0, "{} dB louder", after - before);
}

#[test]
fn a_canceller_tells_how_well_it_does() {
    let scene = far_talks(Room::OFFICE, 4.0);
    let heard = scene.heard();
    let mut processor = processor(VoiceSettings::SPEECH);
    processor.process(&mut [0.0; 480], Duration::ZERO);
    assert_eq!(processor.figures(), VoiceFigures::default());
    scene.run(&heard, &mut *processor);
    let figures = processor.figures();
    assert!(figures.echo_return_loss.unwrap() > 3.0, "{figures:?}");
    assert!(
        figures.echo_return_loss_enhancement.is_some(),
        "{figures:?}"
    );
    processor.set(VoiceSettings::UNPROCESSED);
    assert_eq!(processor.figures(), VoiceFigures::default());
}

/// Normalised correlation at the best lag within 2 ms, which a high-pass filter may cost.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let length = one.len().min(other.len()) - 96;
    let energy = |samples: &[f32]| samples.iter().map(|it| it * it).sum::<f32>().sqrt();
    (0..96)
        .map(|lag| {
            let one = &one[48..48 + length - 48];
            let other = &other[lag..lag + one.len()];
            let product: f32 = one.iter().zip(other).map(|(one, other)| one * other).sum();
            product / (energy(one) * energy(other))
        })
        .fold(0.0, f32::max)
}
