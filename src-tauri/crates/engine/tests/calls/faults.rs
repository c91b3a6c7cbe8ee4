//! Faults on purpose: each leads to what a real one leads to, and heals.

use std::time::Duration;

use call::reason::EndReason;
use call::view::ActivePhase;
use engine::CommandError;
use engine::command::{Command, Fault};
use engine::view::{DeviceNow, DeviceProblem, EngineView};

use crate::support::{Duo, Person};

const SECOND: Duration = Duration::from_secs(1);

const ALL: [Fault; 4] = [Fault::Relay, Fault::Path, Fault::Decoder, Fault::Camera];

async fn fails(person: &Person, fault: Fault) {
    person.does(Command::Fault { fault }).await;
}

/// Waits until each sees and hears the other.
async fn meet_again(duo: &Duo) {
    duo.alice.devices.sing(1000);
    duo.bob.hears(1000).await;
    duo.bob.devices.show(180);
    duo.alice.sees_shade(180).await;
}

#[tokio::test]
async fn nothing_fails_outside_of_a_call() {
    let duo = Duo::online().await;
    let refuses = async || {
        for fault in ALL {
            let refused = duo.alice.engine().command(Command::Fault { fault }).await;
            assert_eq!(refused, Err(CommandError::NotInCall), "{fault:?}");
        }
    };
    refuses().await;
    duo.rings().await;
    refuses().await;
    duo.bob.accepts().await;
    duo.alice.is_in_the_call().await;
    duo.alice.hangs_up().await;
    duo.alice.ended(EndReason::LocalHangup).await;
    refuses().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_relay_that_fails_is_away_for_ten_seconds_and_the_call_goes_on() {
    let duo = Duo::in_a_call().await;
    fails(&duo.alice, Fault::Relay).await;
    duo.alice.is_offline().await;
    duo.pass(9 * SECOND).await;
    duo.alice.is_offline().await;
    duo.alice.is_in_the_call().await;
    duo.pass(2 * SECOND).await;
    duo.alice.is_online().await;
    meet_again(&duo).await;
    assert_eq!(duo.alice.transport.sessions_opened(), 1);
    duo.hangs_up().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_path_that_fails_is_missed_by_both_and_another_session_takes_over() {
    let duo = Duo::in_a_call().await;
    fails(&duo.bob, Fault::Path).await;
    duo.pass(3 * SECOND).await;
    duo.alice.is(ActivePhase::Reconnecting).await;
    duo.bob.is(ActivePhase::Reconnecting).await;
    duo.pass(3 * SECOND).await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    assert_eq!(duo.alice.transport.sessions_opened(), 2);
    meet_again(&duo).await;
    duo.stop().await;
}

#[tokio::test]
async fn without_a_relay_a_path_that_fails_comes_back_by_itself() {
    let mut duo = Duo::in_a_call().await;
    duo.relay.dies().await;
    fails(&duo.bob, Fault::Path).await;
    duo.pass(4 * SECOND).await;
    duo.alice.is(ActivePhase::Reconnecting).await;
    duo.pass(2 * SECOND).await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    meet_again(&duo).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_picture_that_cannot_be_decoded_costs_a_keyframe_and_no_more() {
    let duo = Duo::online().await;
    duo.alice.devices.show(60);
    duo.talks().await;
    duo.bob.sees_shade(60).await;
    let figures = |view: &EngineView| {
        let stats = view.stats.as_ref()?;
        (stats.frames_decoded > 0).then_some((stats.frames_dropped, stats.key_frames_decoded))
    };
    duo.pass(3 * SECOND).await;
    let (dropped, keyframes) = duo.bob.sees("figures", figures).await;
    fails(&duo.bob, Fault::Decoder).await;
    duo.alice.devices.show(180);
    duo.bob.sees_shade(180).await;
    let repaired = |view: &EngineView| {
        let now = figures(view)?;
        (now.0 > dropped && now.1 > keyframes).then_some(())
    };
    duo.pass(3 * SECOND).await;
    duo.bob
        .sees("a picture lost and a keyframe", repaired)
        .await;
    duo.stop().await;
}

#[tokio::test]
async fn a_camera_that_fails_is_shown_as_lost_and_comes_back() {
    let duo = Duo::in_a_call().await;
    duo.bob.is_sent_picture(true).await;
    fails(&duo.alice, Fault::Camera).await;
    let lost = |view: &EngineView| match view.camera.now {
        DeviceNow::Failed { problem, .. } => (problem == DeviceProblem::Lost).then_some(()),
        DeviceNow::Off | DeviceNow::On { .. } => None,
    };
    duo.alice.sees("a lost camera", lost).await;
    duo.bob.is_sent_picture(false).await;
    duo.pass(2 * SECOND).await;
    duo.bob.is_sent_picture(true).await;
    duo.alice.devices.show(60);
    duo.bob.sees_shade(60).await;
    assert_eq!(duo.alice.devices.camera.record().opens, 2);
    duo.stop().await;
}

#[tokio::test]
async fn a_camera_that_is_off_cannot_fail() {
    let duo = Duo::in_a_call().await;
    duo.alice.turns_camera(false).await;
    duo.alice.devices.camera.is_let_go_of().await;
    let fault = Fault::Camera;
    let refused = duo.alice.engine().command(Command::Fault { fault }).await;
    assert_eq!(refused, Err(CommandError::CameraOff));
    duo.stop().await;
}
