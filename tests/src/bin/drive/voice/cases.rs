//! What happens in the rooms.

use std::time::Duration;

use media::testing::room::{Room, Scene, amplified, babble, level_dbfs, pink_noise};

/// A scene, and what of it is judged.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) scene: Scene,
    pub(crate) kind: Kind,
    /// By how many milliseconds too much the speaker says of its delay, where the engine's reference
    /// is measured too.
    pub(crate) overstated_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only the speaker is heard: what is left of it.
    Echo,
    /// The same, but noise covers what is left.
    NoisyEcho,
    /// Somebody talks from [`TALKS_FROM_S`] on: how much of that is heard.
    Voice,
    /// Somebody talks: how loud they are sent.
    Level,
    /// Many talk far away.
    Babble,
}

/// When somebody talks into an echo.
pub(crate) const TALKS_FROM_S: f64 = 6.0;

/// How long each case takes.
pub(crate) const SECONDS: f64 = 16.0;

pub(crate) fn cases(voices: &[Vec<f32>; 2]) -> Vec<Case> {
    let length = (SECONDS * 48_000.0) as usize;
    let said = voices.each_ref().map(|voice| spoken(voice, length));
    let [far, near] = said;
    let mut all = echoes(&far);
    let mut from_then = vec![0.0; (TALKS_FROM_S * 48_000.0) as usize];
    from_then.extend(&near[..length - from_then.len()]);
    let talks = |far: Vec<f32>, noise: Vec<f32>| Scene {
        far,
        near: from_then.clone(),
        noise,
        clipping: 0.5,
        ..Scene::quiet(Room::OFFICE)
    };
    let room_babble = |dbfs| babble(&[far.clone(), near.clone()], dbfs, length);
    all.extend([
        voice("double talk", talks(far.clone(), Vec::new())),
        voice(
            "double talk, soft echo",
            Scene {
                echo_loss_db: 16.0,
                ..talks(far.clone(), Vec::new())
            },
        ),
        voice("near alone", talks(Vec::new(), Vec::new())),
        voice(
            "near in a fan",
            talks(Vec::new(), pink_noise(-41.0, length, 3)),
        ),
        voice("near in babble", talks(Vec::new(), room_babble(-41.0))),
        Case {
            name: "babble alone",
            scene: talks_not(room_babble(-50.0)),
            kind: Kind::Babble,
            overstated_ms: None,
        },
    ]);
    for (name, near_m, softer) in [
        ("level 1 m", 1.0, 8.0),
        ("level 20 cm", 0.2, 8.0),
        ("level soft 1 m", 1.0, 20.0),
    ] {
        let scene = Scene {
            near: amplified(near.clone(), -softer),
            near_m,
            ..Scene::quiet(Room::OFFICE)
        };
        all.push(Case {
            name,
            scene,
            kind: Kind::Level,
            overstated_ms: None,
        });
    }
    all
}

fn echoes(far: &[f32]) -> Vec<Case> {
    let ms = Duration::from_millis;
    let quiet = |room, delay| Scene {
        far: far.to_vec(),
        clipping: 0.5,
        delay,
        told_delay: delay,
        ..Scene::quiet(room)
    };
    let office = quiet(Room::OFFICE, ms(80));
    let drift = |drift_ppm| Scene {
        drift_ppm,
        ..office.clone()
    };
    let case = |name, scene| Case {
        name,
        scene,
        kind: Kind::Echo,
        overstated_ms: None,
    };
    let told_wrong = |name, overstated_ms| Case {
        overstated_ms: Some(overstated_ms),
        ..case(name, quiet(Room::OFFICE, Duration::ZERO))
    };
    vec![
        case("office 80 ms", office.clone()),
        case("office 300 ms", quiet(Room::OFFICE, ms(300))),
        case("kitchen 80 ms", quiet(Room::KITCHEN, ms(80))),
        case("kitchen 300 ms", quiet(Room::KITCHEN, ms(300))),
        case("drift +60 ppm", drift(60.0)),
        case("drift +200 ppm", drift(200.0)),
        case("drift -200 ppm", drift(-200.0)),
        case(
            "clipping speaker",
            Scene {
                clipping: 3.0,
                ..office.clone()
            },
        ),
        case(
            "moved, then louder",
            Scene {
                moved: Some(ms(4_000)),
                volumes: vec![(ms(10_000), 9.0)],
                ..office.clone()
            },
        ),
        told_wrong("speaker says true", 0),
        told_wrong("speaker says +50 ms", 50),
        told_wrong("speaker says +100 ms", 100),
        told_wrong("speaker says -100 ms", -100),
        Case {
            name: "office in a fan",
            scene: Scene {
                noise: pink_noise(-45.0, office.far.len(), 3),
                ..office
            },
            kind: Kind::NoisyEcho,
            overstated_ms: None,
        },
    ]
}

fn voice(name: &'static str, scene: Scene) -> Case {
    Case {
        name,
        scene,
        kind: Kind::Voice,
        overstated_ms: None,
    }
}

fn talks_not(noise: Vec<f32>) -> Scene {
    Scene {
        noise,
        ..Scene::quiet(Room::OFFICE)
    }
}

/// A voice again and again, with a breath in between, at -26 dBFS.
fn spoken(voice: &[f32], length: usize) -> Vec<f32> {
    let mut sentence = amplified(voice.to_vec(), -26.0 - level_dbfs(voice));
    sentence.resize(sentence.len() + 14_400, 0.0);
    sentence.iter().copied().cycle().take(length).collect()
}
