//! Sessions that do not do what they should.

use std::time::Duration;

use call::reason::EndReason;
use media::transport::TransportError;

use crate::support::{Duo, Kind};

const SECOND: Duration = Duration::from_secs(1);

fn fault() -> TransportError {
    TransportError::Internal("no socket left".to_owned())
}

#[tokio::test]
async fn a_session_that_cannot_be_opened_ends_the_call_on_both_sides() {
    let duo = Duo::online().await;
    let mut finished = duo.bob.engine().ended();
    duo.bob.transport.fail_open(fault());
    duo.rings().await;
    duo.bob.accepts().await;
    duo.bob.ended(EndReason::InternalError).await;
    duo.alice.ended(EndReason::NoPath).await;
    assert!(finished.recv().await.unwrap().accepted, "media or not");
    duo.stop().await;
}

#[tokio::test]
async fn the_callers_session_that_cannot_be_opened_ends_the_ringing() {
    let duo = Duo::online().await;
    let mut finished = duo.bob.engine().ended();
    duo.alice.transport.fail_open(fault());
    duo.alice.dials(&duo.bob).await;
    duo.alice.ended(EndReason::InternalError).await;
    duo.bob.ended(EndReason::Missed).await;
    assert!(!finished.recv().await.unwrap().accepted);
    duo.stop().await;
}

#[tokio::test]
async fn a_session_that_never_opens_ends_the_call_after_ten_seconds() {
    let duo = Duo::online().await;
    duo.bob.transport.hold_opens();
    duo.rings().await;
    duo.bob.accepts().await;
    duo.pass(11 * SECOND).await;
    duo.bob.ended(EndReason::InternalError).await;
    duo.alice.ended(EndReason::NoPath).await;
    duo.pass(2 * SECOND).await;
    assert_eq!(duo.bob.transport.held_opens(), 0, "nobody waits for it");
    duo.bob.transport.release_opens();
    duo.talks().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_session_that_opens_late_is_used() {
    let duo = Duo::online().await;
    duo.bob.transport.hold_opens();
    duo.rings().await;
    duo.bob.accepts().await;
    duo.pass(3 * SECOND).await;
    duo.bob.transport.release_opens();
    duo.bob.is_in_the_call().await;
    duo.alice.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_session_that_opens_after_its_call_ended_is_closed() {
    let duo = Duo::online().await;
    duo.alice.transport.hold_opens();
    duo.rings().await;
    assert_eq!(duo.alice.transport.held_opens(), 1);
    duo.alice.hangs_up().await;
    duo.bob.ended(EndReason::Missed).await;
    duo.alice.transport.release_opens();
    duo.alice.has_sessions(0).await;
    duo.talks().await;
    assert_eq!(duo.alice.transport.open_sessions(), 1);
    duo.stop().await;
}

#[tokio::test]
async fn the_next_call_waits_for_a_session_that_closes_slowly() {
    let duo = Duo::in_a_call().await;
    duo.bob.transport.hold_closes();
    duo.hangs_up().await;
    duo.rings().await;
    duo.bob.accepts().await;
    duo.pass(SECOND / 2).await;
    assert_eq!(duo.bob.transport.sessions_opened(), 1);
    duo.bob.transport.release_closes();
    duo.bob.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_session_that_never_closes_is_given_up() {
    let duo = Duo::in_a_call().await;
    duo.bob.transport.hold_closes();
    duo.hangs_up().await;
    duo.rings().await;
    duo.bob.accepts().await;
    duo.pass(3 * SECOND).await;
    duo.bob.is_in_the_call().await;
    duo.bob.transport.release_closes();
    duo.stop().await;
}

#[tokio::test]
async fn keys_that_do_not_match_end_the_call() {
    let duo = Duo::online().await;
    duo.network.cut();
    duo.rings().await;
    duo.bob.accepts().await;
    duo.bob.has_sessions(1).await;
    duo.bob.transport.fail(TransportError::Security);
    duo.bob.ended(EndReason::NotSecure).await;
    duo.alice.ended(EndReason::NotSecure).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_goodbye_without_a_reason_ends_the_call_as_hung_up() {
    let duo = Duo::in_a_call().await;
    duo.bob.transport.say_goodbye();
    duo.pass(SECOND / 2).await;
    duo.alice.ended(EndReason::RemoteHangup).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_codec_that_cannot_be_made_ends_the_call_as_a_fault_of_ours() {
    let duo = Duo::online().await;
    for kind in [
        Kind::VideoEncoder,
        Kind::VideoDecoder,
        Kind::AudioEncoder,
        Kind::AudioDecoder,
    ] {
        duo.bob.codecs.cannot_make(kind);
        duo.rings().await;
        duo.bob.accepts().await;
        duo.bob.ended(EndReason::InternalError).await;
        duo.alice.is_told_of_an_end().await;
    }
    duo.bob.codecs.can_make_all();
    duo.talks().await;
    duo.stop().await;
}

#[tokio::test]
async fn an_encoder_that_hangs_does_not_keep_its_call_from_ending() {
    let duo = Duo::in_a_call().await;
    duo.bob.holds_encoders().await;
    duo.hangs_up().await;
    duo.pass(3 * SECOND).await;
    duo.rings().await;
    duo.bob.accepts().await;
    duo.bob.is_in_the_call().await;
    duo.bob.codecs.release_encoders();
    duo.stop().await;
}
