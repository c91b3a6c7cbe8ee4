//! Devices that are refused, hang, vanish and come back.

use std::time::Duration;

use call::view::Lacking;
use engine::command::{Command, DeviceRole};
use engine::view::{DeviceNow, DeviceProblem, DeviceView, EngineView};
use media::backend::device::{DeviceError, DeviceId};

use crate::support::{Device, Duo, Person};

const SECOND: Duration = Duration::from_secs(1);

/// What is wrong with a device.
fn problem(device: &DeviceView) -> Option<DeviceProblem> {
    match device.now {
        DeviceNow::Failed { problem, .. } => Some(problem),
        DeviceNow::Off | DeviceNow::On { .. } => None,
    }
}

fn is_on(device: &DeviceView) -> Option<()> {
    matches!(device.now, DeviceNow::On { .. }).then_some(())
}

async fn previews_camera(person: &Person, camera: bool) {
    let microphone = false;
    person.does(Command::Preview { camera, microphone }).await;
}

#[tokio::test]
async fn each_failure_of_a_device_is_shown_as_what_it_is() {
    let duo = Duo::online().await;
    let camera = &duo.alice.devices.camera;
    let text = String::new;
    for (error, expected) in [
        (DeviceError::NotFound(text()), DeviceProblem::Missing),
        (DeviceError::Busy(text()), DeviceProblem::Busy),
        (DeviceError::Refused(text()), DeviceProblem::Refused),
        (DeviceError::Lost(text()), DeviceProblem::Lost),
        (DeviceError::Format(text()), DeviceProblem::Unusable),
        (DeviceError::Failed(text()), DeviceProblem::Unusable),
        (
            DeviceError::File {
                what: "read",
                path: text(),
                why: text(),
            },
            DeviceProblem::Unusable,
        ),
    ] {
        camera.fails_with(error);
        previews_camera(&duo.alice, true).await;
        let shown = duo
            .alice
            .sees("a failed camera", |view| problem(&view.camera))
            .await;
        assert_eq!(shown, expected);
        previews_camera(&duo.alice, false).await;
        duo.alice
            .sees("no camera", |view| {
                (view.camera.now == DeviceNow::Off).then_some(())
            })
            .await;
    }
    camera.works();
    previews_camera(&duo.alice, true).await;
    duo.alice.sees("a camera", |view| is_on(&view.camera)).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_camera_that_hangs_does_not_hold_up_the_call() {
    let duo = Duo::online().await;
    let camera = &duo.alice.devices.camera;
    camera.hangs();
    duo.alice.devices.sing(1000);
    duo.talks().await;
    duo.bob.hears(1000).await;
    duo.pass(9 * SECOND).await;
    duo.alice
        .sees("a failed camera", |view| problem(&view.camera))
        .await;
    duo.bob.is_sent_picture(false).await;
    // Wishes while it hangs open nothing beside it.
    for on in [false, true, false, true] {
        duo.alice.turns_camera(on).await;
        duo.pass(SECOND).await;
    }
    camera.wakes();
    duo.pass(12 * SECOND).await;
    duo.alice.sees("a camera", |view| is_on(&view.camera)).await;
    duo.alice.devices.show(60);
    duo.bob.sees_shade(60).await;
    assert_eq!(camera.record().most_at_once, 1);
    duo.stop().await;
}

/// Unplugs a device in a call, sees the loss on its side, and plugs it in again.
async fn comes_back(duo: &Duo, device: &Device, role: impl Fn(&EngineView) -> &DeviceView) {
    device.unplug();
    let lost = |view: &EngineView| problem(role(view));
    duo.alice.sees("a lost device", lost).await;
    duo.pass(3 * SECOND).await;
    device.plug_in();
    duo.pass(12 * SECOND).await;
    duo.alice.sees("the device", |view| is_on(role(view))).await;
    assert_eq!(device.record().most_at_once, 1);
}

#[tokio::test]
async fn a_camera_that_vanishes_comes_back() {
    let duo = Duo::in_a_call().await;
    duo.bob.is_sent_picture(true).await;
    comes_back(&duo, &duo.alice.devices.camera, |view| &view.camera).await;
    duo.alice.devices.show(60);
    duo.bob.sees_shade(60).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_microphone_that_vanishes_comes_back() {
    let duo = Duo::in_a_call().await;
    duo.bob.is_sent_sound(true).await;
    comes_back(&duo, &duo.alice.devices.microphone, |view| &view.microphone).await;
    duo.alice.devices.sing(1000);
    duo.bob.hears(1000).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_speaker_that_vanishes_comes_back() {
    let duo = Duo::in_a_call().await;
    comes_back(&duo, &duo.alice.devices.speaker, |view| &view.speaker).await;
    duo.bob.devices.sing(1000);
    duo.alice.hears(1000).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_speaker_that_fails_for_long_is_tried_while_the_call_runs() {
    let duo = Duo::in_a_call().await;
    let speaker = &duo.alice.devices.speaker;
    speaker.fails_with(DeviceError::Failed("no sound server".to_owned()));
    speaker.breaks();
    duo.alice
        .sees("a failed speaker", |view| problem(&view.speaker))
        .await;
    let before = speaker.record().opens;
    duo.pass(40 * SECOND).await;
    let tries = speaker.record().opens - before;
    assert!((4..=12).contains(&tries), "{tries} tries in 40 s");
    speaker.works();
    duo.pass(11 * SECOND).await;
    duo.alice
        .sees("a speaker", |view| is_on(&view.speaker))
        .await;
    duo.stop().await;
}

#[tokio::test]
async fn both_are_told_of_a_microphone_and_a_camera_that_are_not_there() {
    let duo = Duo::online().await;
    duo.alice.devices.microphone.unplug();
    duo.alice.devices.camera.unplug();
    duo.talks().await;
    duo.bob
        .is_told_of_lacking(Lacking {
            microphone: true,
            camera: true,
        })
        .await;
    duo.bob.is_sent_sound(false).await;
    duo.bob.is_sent_picture(false).await;
    duo.alice
        .sees("a missing microphone", |view| problem(&view.microphone))
        .await;
    assert_eq!(duo.bob.pictures_seen(), 0);
    duo.alice.devices.microphone.plug_in();
    duo.pass(12 * SECOND).await;
    duo.bob
        .is_told_of_lacking(Lacking {
            microphone: false,
            camera: true,
        })
        .await;
    duo.stop().await;
}

#[tokio::test]
async fn who_does_not_want_to_be_seen_lacks_no_camera() {
    let duo = Duo::online().await;
    duo.bob.devices.camera.unplug();
    duo.rings().await;
    duo.bob.does(Command::Accept { video: false }).await;
    duo.alice.is_in_the_call().await;
    duo.alice.is_sent_sound(true).await;
    duo.alice.is_told_of_lacking(Lacking::default()).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_choice_that_is_not_there_fails_and_the_default_works_again() {
    let duo = Duo::in_a_call().await;
    let (role, gone) = (DeviceRole::Camera, DeviceId("gone".to_owned()));
    let choose = |id| Command::UseDevice { role, id };
    duo.alice.does(choose(Some(gone))).await;
    let shown = duo
        .alice
        .sees("a missing camera", |view| problem(&view.camera))
        .await;
    assert_eq!(shown, DeviceProblem::Missing);
    duo.alice.does(choose(None)).await;
    duo.alice.sees("a camera", |view| is_on(&view.camera)).await;
    assert_eq!(duo.alice.devices.camera.record().most_at_once, 1);
    duo.stop().await;
}

#[tokio::test]
async fn a_call_opens_each_device_once_and_lets_go_of_all_after_it() {
    let duo = Duo::in_a_call().await;
    duo.alice.sends_sound(true).await;
    duo.hangs_up().await;
    duo.pass(SECOND).await;
    duo.alice.has_released_all().await;
    duo.bob.has_released_all().await;
    for device in duo.alice.devices.all() {
        assert_eq!(device.record().opens, 1, "{}", device.info().name);
    }
    duo.stop().await;
}
