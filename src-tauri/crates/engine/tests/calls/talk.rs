//! What is said is heard, what is shown is seen, and what is switched off does not leave.

use std::time::Duration;

use call::reason::EndReason;
use engine::view::{CallSummary, EngineView};
use media::testing::Conditions;
use media::transport::{NetworkEstimate, Path};
use media::units::Bitrate;

use crate::support::Duo;

#[tokio::test]
async fn both_hear_and_see_each_other_until_one_hangs_up() {
    let duo = Duo::online().await;
    duo.alice.devices.show(60);
    duo.alice.devices.sing(1000);
    duo.bob.devices.show(180);
    duo.bob.devices.sing(2500);
    duo.talks().await;
    duo.bob.sees_shade(60).await;
    duo.alice.sees_shade(180).await;
    duo.bob.hears(1000).await;
    duo.alice.hears(2500).await;
    duo.hangs_up().await;
    duo.pass(Duration::from_secs(1)).await;
    duo.alice.has_released_all().await;
    duo.bob.has_released_all().await;
    duo.stop().await;
}

#[tokio::test]
async fn nothing_that_is_said_after_the_answer_to_mute_is_heard() {
    let duo = Duo::in_a_call().await;
    duo.alice.devices.sing(1000);
    duo.bob.hears(1000).await;
    duo.alice.mutes().await;
    duo.alice.devices.sing(2500);
    let mark = duo.bob.devices.heard().mark();
    duo.alice.sends_sound(false).await;
    duo.bob.is_sent_sound(false).await;
    duo.bob.listens(Duration::from_millis(150)).await;
    assert!(!duo.bob.devices.heard().since(mark, 2500));
    duo.stop().await;
}

/// The encoder is busy with something older all the time, so that what is said waits for it.
#[tokio::test]
async fn nothing_that_was_said_before_unmuting_is_heard() {
    let duo = Duo::in_a_call().await;
    duo.alice.devices.sing(1000);
    duo.bob.hears(1000).await;
    duo.alice.holds_encoders().await;
    duo.alice.mutes().await;
    duo.alice.devices.sing(2500);
    duo.alice.listens(Duration::from_millis(100)).await;
    duo.alice.devices.sing(1000);
    duo.alice.unmutes().await;
    let mark = duo.bob.devices.heard().mark();
    duo.alice.codecs.release_encoders();
    duo.bob.listens(Duration::from_millis(50)).await;
    duo.bob.hears(1000).await;
    duo.bob.listens(Duration::from_millis(100)).await;
    assert!(!duo.bob.devices.heard().since(mark, 2500));
    duo.stop().await;
}

#[tokio::test]
async fn no_picture_that_waits_for_the_encoder_leaves_after_the_camera_was_switched_off() {
    let duo = Duo::online().await;
    duo.alice.devices.show(60);
    duo.talks().await;
    duo.bob.sees_shade(60).await;
    duo.alice.holds_encoders().await;
    duo.alice.devices.show(220);
    duo.alice.listens(Duration::from_millis(100)).await;
    duo.alice.turns_camera(false).await;
    duo.alice.codecs.release_encoders();
    duo.bob.is_sent_picture(false).await;
    duo.alice.devices.show(120);
    duo.alice.turns_camera(true).await;
    duo.bob.sees_shade(120).await;
    assert!(!duo.bob.has_seen_shade(220));
    duo.stop().await;
}

#[tokio::test]
async fn nothing_that_the_camera_sees_after_it_was_switched_off_is_shown() {
    let duo = Duo::online().await;
    duo.alice.devices.show(60);
    duo.talks().await;
    duo.bob.sees_shade(60).await;
    duo.alice.turns_camera(false).await;
    duo.alice.devices.show(220);
    duo.alice.sends_picture(false).await;
    duo.bob.is_sent_picture(false).await;
    duo.alice.devices.camera.is_let_go_of().await;
    duo.alice.devices.show(120);
    duo.alice.turns_camera(true).await;
    duo.bob.sees_shade(120).await;
    assert!(!duo.bob.has_seen_shade(220));
    assert_eq!(duo.alice.devices.camera.record().opens, 2);
    duo.stop().await;
}

#[tokio::test]
async fn a_camera_that_is_switched_off_while_it_opens_never_shows_anything() {
    let duo = Duo::online().await;
    let camera = &duo.alice.devices.camera;
    camera.hangs();
    duo.alice.devices.show(220);
    duo.talks().await;
    duo.alice.sends_picture(false).await;
    duo.alice.turns_camera(false).await;
    camera.wakes();
    camera.is_let_go_of().await;
    assert_eq!(duo.bob.pictures_seen(), 0);
    duo.alice.devices.show(60);
    duo.alice.turns_camera(true).await;
    duo.bob.sees_shade(60).await;
    assert!(!duo.bob.has_seen_shade(220));
    duo.stop().await;
}

#[tokio::test]
async fn a_camera_that_opens_slowly_is_seen_when_it_is_there() {
    let duo = Duo::online().await;
    duo.alice.devices.camera.hangs();
    duo.alice.devices.show(60);
    duo.talks().await;
    duo.pass(Duration::from_secs(3)).await;
    duo.bob.is_sent_picture(false).await;
    duo.alice.devices.camera.wakes();
    duo.bob.sees_shade(60).await;
    duo.alice.sends_picture(true).await;
    assert_eq!(duo.alice.devices.camera.record().opens, 1);
    duo.stop().await;
}

#[tokio::test]
async fn what_the_call_was_like_is_shown_until_its_end_is_left() {
    let duo = Duo::in_a_call().await;
    let good = CallSummary {
        path: Some(Path::Local),
        good: true,
        video: true,
        guest_relay: None,
    };
    let summary = |view: &EngineView| view.summary.filter(|it| *it == good);
    duo.alice.sees("a good call", summary).await;
    duo.network.cut();
    duo.pass(Duration::from_secs(3)).await;
    duo.network.mend();
    duo.alice.is_in_the_call().await;
    duo.alice.turns_camera(false).await;
    duo.alice.hangs_up().await;
    duo.alice.ended(EndReason::LocalHangup).await;
    let summary = duo.alice.view().summary.unwrap();
    assert!(!summary.good && !summary.video);
    duo.alice.dismisses().await;
    duo.alice.is_idle().await;
    assert_eq!(duo.alice.view().summary, None);
    duo.stop().await;
}

#[tokio::test]
async fn lost_pictures_cost_a_keyframe_and_no_more() {
    let duo = Duo::online().await;
    duo.alice.devices.show(60);
    duo.talks().await;
    duo.bob.sees_shade(60).await;
    duo.network.set_conditions(Conditions {
        loss: 1.0,
        ..Conditions::default()
    });
    duo.alice.devices.show(180);
    duo.alice.listens(Duration::from_millis(150)).await;
    assert!(!duo.bob.has_seen_shade(180));
    duo.network.set_conditions(Conditions::default());
    duo.bob.sees_shade(180).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_slow_lossy_network_that_repeats_carries_a_call() {
    let duo = Duo::online().await;
    duo.network.set_conditions(Conditions {
        delay: Duration::from_millis(40),
        loss: 0.1,
        repeats: 0.2,
        path: Path::Relayed,
        ..Conditions::default()
    });
    duo.alice.devices.show(60);
    duo.alice.devices.sing(1000);
    duo.talks().await;
    duo.bob.sees_shade(60).await;
    duo.bob.hears(1000).await;
    duo.pass(Duration::from_secs(3)).await;
    let stats = duo.bob.sees("figures", |view| view.stats.clone()).await;
    assert_eq!(stats.path, Some(Path::Relayed));
    assert_eq!(stats.current_round_trip_time, Some(0.08));
    duo.stop().await;
}

#[tokio::test]
async fn the_encoder_aims_at_what_the_network_carries() {
    let duo = Duo::in_a_call().await;
    let target = |most: f64| {
        move |view: &EngineView| {
            let target = view.stats.as_ref()?.target_bitrate;
            (target < most).then_some(target)
        }
    };
    duo.alice.transport.estimate(NetworkEstimate {
        bitrate: Bitrate::from_kbps(200),
        rtt: Some(Duration::from_millis(40)),
        loss: 0.0,
    });
    duo.pass(Duration::from_secs(3)).await;
    let target = duo.alice.sees("a lower target", target(200_000.0)).await;
    assert!(target > 50_000.0, "{target}");
    duo.stop().await;
}

#[tokio::test]
async fn estimates_of_a_session_that_carries_nothing_change_nothing() {
    let duo = Duo::in_a_call().await;
    let second = Duration::from_secs(1);
    let target = |view: &EngineView| Some(view.stats.as_ref()?.target_bitrate);
    duo.network.cut();
    duo.pass(5 * second).await;
    // Set up behind the call, and without a path it waits.
    duo.alice.has_opened_sessions(2).await;
    let before = duo.alice.sees("a target", target).await;
    let scarce = NetworkEstimate {
        bitrate: Bitrate::from_kbps(200),
        rtt: Some(Duration::from_millis(40)),
        loss: 0.0,
    };
    // The newest session speaks.
    duo.alice.transport.estimate(scarce);
    duo.pass(2 * second).await;
    let after = duo.alice.sees("a target", target).await;
    assert!(before > 200_000.0 && after > 200_000.0, "{before} {after}");
    duo.network.mend();
    duo.alice.is_in_the_call().await;
    duo.alice.has_sessions(1).await;
    duo.alice.transport.estimate(scarce);
    duo.pass(2 * second).await;
    let lower = |view: &EngineView| target(view).filter(|it| *it < 200_000.0);
    duo.alice.sees("a lower target", lower).await;
    duo.stop().await;
}
