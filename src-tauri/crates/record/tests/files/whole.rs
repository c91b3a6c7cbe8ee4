//! Recordings that are stopped in order.

use media::backend::record::Writing;
use media::units::Size;
use record::{CONSENT, ME, THEM};

use crate::film::{Film, SMALL, Scene};
use crate::probe;

const ALL: Scene = Scene {
    millis: 2_000,
    size: SMALL,
    camera: true,
    microphone: true,
};

#[test]
fn both_files_play_from_the_first_to_the_last_frame() {
    let directory = tempfile::tempdir().unwrap();
    let mut film = Film::start(directory.path());
    film.play(ALL);
    // Another size, then a muted microphone, then no camera for longer than a picture is held.
    film.play(Scene {
        size: Size::new(480, 270),
        ..ALL
    });
    film.play(Scene {
        microphone: false,
        ..ALL
    });
    film.play(Scene {
        camera: false,
        millis: 3_000,
        ..ALL
    });
    film.play(ALL);
    assert_eq!(film.stop(), Writing::Finished);

    let progress = film.recording.progress();
    let folder = probe::folder(directory.path());
    assert_eq!(progress.folder.as_ref(), Some(&folder));
    assert_eq!(folder.file_name().unwrap(), "Bea 2026-05-03 14.07.09");
    assert_eq!(std::fs::read(folder.join(CONSENT)).unwrap(), b"{}");
    assert!(progress.free.is_some_and(|it| it > 0));
    let mut bytes = 0;
    for name in [ME, THEM] {
        let file = folder.join(name);
        bytes += std::fs::metadata(&file).unwrap().len();
        probe::decode(&file);
        let lasts = probe::duration(&file);
        assert!((11.0..12.0).contains(&lasts), "{name} lasts {lasts} s");

        let sound = probe::shown(&file, "a");
        let holes = sound.windows(2).filter(|it| it[1].0 - it[0].0 > 25);
        assert_eq!(holes.count(), 0, "holes in the sound of {name}");
        let pictures = probe::shown(&file, "v");
        let seen: Vec<u64> = pictures.iter().map(|it| it.1).collect();
        assert!(seen.contains(&320) && seen.contains(&480), "{name}");
        assert!(pictures.len() > 150, "{} of {name}", pictures.len());
        let ends = [sound.last(), pictures.last()].map(|it| it.unwrap().0);
        assert!((ends[0] - ends[1]).abs() < 100, "{name} ends at {ends:?}");
        let longest = pictures.windows(2).map(|it| it[1].0 - it[0].0).max();
        assert!(longest.unwrap() <= 2_050, "{longest:?} of {name}");
    }
    assert_eq!(progress.bytes, bytes);
}

#[test]
fn a_call_without_a_camera_is_sound_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mut film = Film::start(directory.path());
    film.play(Scene {
        camera: false,
        ..ALL
    });
    assert_eq!(film.stop(), Writing::Finished);
    let file = probe::folder(directory.path()).join(THEM);
    probe::decode(&file);
    assert!(probe::frames(&file, "a") >= 100);
    assert!(probe::shown(&file, "v").is_empty());
}
