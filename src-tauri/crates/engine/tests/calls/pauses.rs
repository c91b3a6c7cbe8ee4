//! A session is told which of its streams pause.

use std::time::Duration;

use crate::support::Duo;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_session_knows_which_streams_pause() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.alice.says_what_pauses(true, true).await;
    duo.bob.accepts().await;
    duo.alice.says_what_pauses(false, false).await;
    duo.bob.says_what_pauses(false, false).await;
    duo.alice.mutes().await;
    duo.alice.says_what_pauses(true, false).await;
    duo.alice.turns_camera(false).await;
    duo.alice.says_what_pauses(true, true).await;
    duo.alice.unmutes().await;
    duo.alice.says_what_pauses(false, true).await;
    duo.alice.turns_camera(true).await;
    duo.alice.says_what_pauses(false, false).await;
    duo.bob.says_what_pauses(false, false).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_camera_that_is_lost_pauses_until_it_is_back() {
    let duo = Duo::in_a_call().await;
    duo.alice.says_what_pauses(false, false).await;
    duo.alice.devices.camera.unplug();
    duo.alice.says_what_pauses(false, true).await;
    duo.pass(3 * SECOND).await;
    duo.alice.devices.camera.plug_in();
    duo.pass(12 * SECOND).await;
    duo.alice.says_what_pauses(false, false).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_session_that_takes_over_knows_it_too() {
    let duo = Duo::in_a_call().await;
    duo.alice.mutes().await;
    duo.alice.says_what_pauses(true, false).await;
    duo.alice.uplink.changes_now();
    for person in [&duo.alice, &duo.bob] {
        person.has_opened_sessions(2).await;
    }
    duo.alice.says_what_pauses(true, false).await;
    duo.alice.unmutes().await;
    duo.alice.says_what_pauses(false, false).await;
    duo.pass(3 * SECOND).await;
    for person in [&duo.alice, &duo.bob] {
        person.has_sessions(1).await;
        person.says_what_pauses(false, false).await;
    }
    duo.stop().await;
}
