//! An engine stops in every state, soon, and lets go of everything.

use std::time::Duration;

use call::view::ActivePhase;
use engine::command::Command;

use crate::support::Duo;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn while_idle() {
    Duo::online().await.stop().await;
}

#[tokio::test]
async fn while_devices_are_tried() {
    let duo = Duo::online().await;
    let preview = Command::Preview {
        camera: true,
        microphone: true,
    };
    duo.alice.does(preview).await;
    duo.alice.does(Command::TestSpeaker).await;
    duo.alice
        .sees("ourselves", |view| view.local_picture.then_some(()))
        .await;
    duo.stop().await;
}

#[tokio::test]
async fn while_dialing() {
    let mut duo = Duo::online().await;
    duo.relay.dies().await;
    duo.alice.dials(&duo.bob).await;
    duo.stop().await;
}

#[tokio::test]
async fn while_it_rings_on_either_side() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.stop().await;
}

#[tokio::test]
async fn while_a_device_opens() {
    let duo = Duo::online().await;
    for device in duo.bob.devices.all() {
        device.hangs();
    }
    duo.rings().await;
    duo.bob.accepts().await;
    duo.stop_while_passing(SECOND).await;
}

#[tokio::test]
async fn while_a_device_hangs() {
    let duo = Duo::online().await;
    duo.alice.devices.camera.hangs();
    duo.rings().await;
    duo.pass(9 * SECOND).await;
    duo.stop().await;
}

#[tokio::test]
async fn while_the_session_opens() {
    let duo = Duo::online().await;
    duo.alice.transport.hold_opens();
    duo.bob.transport.hold_opens();
    duo.rings().await;
    duo.bob.accepts().await;
    duo.alice.is(ActivePhase::Connecting).await;
    duo.stop_while_passing(2 * SECOND).await;
}

#[tokio::test]
async fn while_a_path_is_looked_for() {
    let duo = Duo::online().await;
    duo.network.cut();
    duo.rings().await;
    duo.bob.accepts().await;
    duo.alice.is(ActivePhase::Connecting).await;
    duo.stop().await;
}

#[tokio::test]
async fn in_a_call() {
    let duo = Duo::in_a_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn while_reconnecting() {
    let duo = Duo::in_a_call().await;
    duo.network.cut();
    duo.pass(3 * SECOND).await;
    duo.alice.is(ActivePhase::Reconnecting).await;
    duo.stop().await;
}

#[tokio::test]
async fn while_the_end_is_shown() {
    let duo = Duo::in_a_call().await;
    duo.alice.hangs_up().await;
    duo.stop().await;
}

#[tokio::test]
async fn while_the_last_session_closes_slowly() {
    let duo = Duo::in_a_call().await;
    duo.alice.transport.hold_closes();
    duo.alice.hangs_up().await;
    duo.stop_while_passing(3 * SECOND).await;
}
