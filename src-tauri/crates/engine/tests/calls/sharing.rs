//! A screen beside the camera.

use std::time::Duration;

use call::reason::EndReason;
use engine::CommandError;
use engine::command::Command;
use engine::view::ShareProblem;
use media::backend::screen::SourceId;

use crate::support::Duo;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_window_is_seen_beside_the_camera_until_it_is_not_shared() {
    let duo = Duo::in_a_call().await;
    duo.alice.screens.show("notes", 200);
    duo.alice.says_that_the_screen_pauses(true).await;
    duo.alice.shares("notes").await;
    duo.bob.is_told_of_sharing(false, true).await;
    duo.bob.sees_screen(200).await;
    duo.alice.says_that_the_screen_pauses(false).await;
    duo.alice.screens.show("notes", 60);
    duo.bob.sees_screen(60).await;
    duo.alice.devices.show(150);
    duo.bob.sees_shade(150).await;
    duo.alice.stops_sharing().await;
    duo.bob.is_told_of_sharing(false, false).await;
    duo.bob.sees_no_screen().await;
    duo.alice.says_that_the_screen_pauses(true).await;
    duo.stop().await;
}

#[tokio::test]
async fn both_share_and_another_window_takes_the_place_of_the_first() {
    let duo = Duo::in_a_call().await;
    duo.alice.screens.show("notes", 200);
    duo.alice.screens.show("plans", 120);
    duo.bob.screens.show("film", 40);
    duo.alice.shares("notes").await;
    duo.bob.shares("film").await;
    duo.alice.is_told_of_sharing(true, true).await;
    duo.alice.sees_screen(40).await;
    duo.bob.sees_screen(200).await;
    duo.alice.shares("plans").await;
    duo.bob.sees_screen(120).await;
    duo.alice.screens.show("notes", 80);
    duo.pass(SECOND).await;
    duo.bob.sees_screen(120).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_window_that_closes_ends_the_share_with_a_word() {
    let duo = Duo::in_a_call().await;
    duo.alice.screens.show("notes", 200);
    duo.alice.shares("notes").await;
    duo.bob.sees_screen(200).await;
    duo.alice.screens.close("notes");
    duo.alice.shares_nothing(Some(ShareProblem::Gone)).await;
    duo.bob.is_told_of_sharing(false, false).await;
    duo.bob.sees_no_screen().await;
    duo.alice.wants_to_share("notes").await;
    duo.alice.shares_nothing(Some(ShareProblem::Gone)).await;
    duo.alice.screens.show("plans", 100);
    duo.alice.shares("plans").await;
    duo.bob.sees_screen(100).await;
    duo.stop().await;
}

#[tokio::test]
async fn fifty_shares_need_no_other_session_and_leave_nothing_behind() {
    let duo = Duo::in_a_call().await;
    for round in 0..50_u8 {
        let shade = 30 + round * 4;
        duo.alice.screens.show("notes", shade);
        duo.alice.shares("notes").await;
        duo.bob.sees_screen(shade).await;
        duo.alice.stops_sharing().await;
        duo.bob.sees_no_screen().await;
    }
    for person in [&duo.alice, &duo.bob] {
        person.has_opened_sessions(1).await;
        person.has_sessions(1).await;
    }
    duo.stop().await;
}

#[tokio::test]
async fn a_share_outlives_its_session_and_ends_with_the_call() {
    let duo = Duo::in_a_call().await;
    duo.alice.screens.show("notes", 200);
    duo.alice.shares("notes").await;
    duo.bob.sees_screen(200).await;
    duo.alice.uplink.changes_now();
    for person in [&duo.alice, &duo.bob] {
        person.has_opened_sessions(2).await;
    }
    duo.alice.says_that_the_screen_pauses(false).await;
    duo.alice.screens.show("notes", 90);
    duo.bob.sees_screen(90).await;
    duo.bob.hangs_up().await;
    duo.alice.ended(EndReason::RemoteHangup).await;
    duo.alice.shares_nothing(None).await;
    duo.bob.sees_no_screen().await;
    duo.stop().await;
}

#[tokio::test]
async fn nothing_is_shared_with_nobody() {
    let duo = Duo::online().await;
    duo.alice.screens.show("notes", 200);
    let source = Some(SourceId("notes".to_owned()));
    let refused = duo.alice.engine().command(Command::Share { source }).await;
    assert_eq!(refused, Err(CommandError::NotInCall));
    assert_eq!(duo.alice.screens.captured(), 0);
    duo.stop().await;
}
