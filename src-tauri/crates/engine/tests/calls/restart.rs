//! A program that is started again has no call, and the other side learns it soon and truthfully.

use std::time::{Duration, Instant};

use call::reason::EndReason;

use crate::support::Duo;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_callee_that_is_started_again_while_it_rings_has_no_call() {
    let mut duo = Duo::online().await;
    duo.rings().await;
    duo.bob.restarts().await;
    duo.pass(4 * SECOND).await;
    let passed = Instant::now();
    duo.alice.ended(EndReason::Unreachable).await;
    assert!(passed.elapsed() < SECOND, "{:?}", passed.elapsed());
    duo.bob.is_idle().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_caller_that_is_started_again_while_it_rings_has_no_call() {
    let mut duo = Duo::online().await;
    duo.rings().await;
    duo.alice.restarts().await;
    duo.pass(4 * SECOND).await;
    duo.bob.ended(EndReason::Missed).await;
    duo.alice.is_idle().await;
    duo.stop().await;
}

#[tokio::test]
async fn who_is_started_again_in_a_call_is_gone_for_the_other_side() {
    let mut duo = Duo::in_a_call().await;
    duo.bob.restarts().await;
    duo.pass(8 * SECOND).await;
    duo.alice.ended(EndReason::PeerGone).await;
    duo.bob.is_idle().await;
    duo.stop().await;
}

#[tokio::test]
async fn whoever_is_started_again_can_be_called_at_once() {
    let mut duo = Duo::in_a_call().await;
    duo.bob.restarts().await;
    duo.alice.hangs_up().await;
    duo.alice.ended(EndReason::LocalHangup).await;
    duo.talks().await;
    duo.stop().await;
}

#[tokio::test]
async fn whoever_is_started_again_can_call_at_once() {
    let mut duo = Duo::in_a_call().await;
    duo.alice.restarts().await;
    duo.talks().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_program_that_dies_while_it_rings_is_noticed() {
    let mut duo = Duo::online().await;
    duo.rings().await;
    duo.bob.dies();
    duo.pass(6 * SECOND).await;
    duo.alice.ended(EndReason::Unreachable).await;
    duo.bob.restarts().await;
    duo.stop().await;
}
