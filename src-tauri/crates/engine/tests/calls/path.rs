//! Paths that are lost and found.

use std::time::{Duration, Instant};

use call::reason::EndReason;
use call::view::ActivePhase;
use media::transport::TransportError;

use crate::support::{Duo, Setup};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_cut_shows_and_heals_and_what_is_said_is_heard_again() {
    let duo = Duo::in_a_call().await;
    duo.network.cut();
    duo.pass(3 * SECOND).await;
    duo.alice.is(ActivePhase::Reconnecting).await;
    duo.bob.is(ActivePhase::Reconnecting).await;
    duo.network.mend();
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    duo.alice.devices.sing(1000);
    duo.bob.hears(1000).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_change_of_networks_is_survived_by_a_new_session() {
    let duo = Duo::in_a_call().await;
    duo.network.roam();
    duo.pass(12 * SECOND).await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    duo.alice.devices.show(180);
    duo.bob.sees_shade(180).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_path_that_stays_away_ends_both_calls_as_lost() {
    let duo = Duo::in_a_call().await;
    duo.network.cut();
    duo.pass(47 * SECOND).await;
    duo.alice.ended(EndReason::ConnectionLost).await;
    duo.bob.ended(EndReason::ConnectionLost).await;
    duo.stop().await;
}

#[tokio::test]
async fn no_path_at_all_ends_both_calls_with_that_reason() {
    let duo = Duo::online().await;
    duo.network.cut();
    duo.rings().await;
    duo.bob.accepts().await;
    duo.alice.is(ActivePhase::Connecting).await;
    duo.pass(21 * SECOND).await;
    duo.alice.ended(EndReason::NoPath).await;
    duo.bob.ended(EndReason::NoPath).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_session_that_fails_for_good_in_a_call_is_replaced() {
    for fails in [0, 1] {
        let duo = Duo::in_a_call().await;
        let people = [&duo.alice, &duo.bob];
        people[fails].transport.fail(TransportError::NoPath);
        duo.pass(2 * SECOND).await;
        for person in people {
            person.is_in_the_call().await;
            assert_eq!(person.transport.open_sessions(), 1);
        }
        duo.alice.devices.sing(1000);
        duo.bob.hears(1000).await;
        duo.bob.devices.show(180);
        duo.alice.sees_shade(180).await;
        duo.stop().await;
    }
}

#[tokio::test]
async fn a_program_that_dies_is_noticed_within_eight_seconds() {
    let mut duo = Duo::in_a_call().await;
    duo.bob.dies();
    duo.pass(8 * SECOND).await;
    duo.alice.ended(EndReason::PeerGone).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_change_of_the_network_ends_the_pause_before_a_relay_is_tried_again() {
    let mut duo = Duo::online().await;
    duo.relay.dies().await;
    duo.alice.is_offline().await;
    // Pauses grow to many seconds.
    tokio::time::sleep(3 * SECOND).await;
    duo.relay.restarts().await;
    duo.alice.uplink.changes_now();
    let begun = Instant::now();
    duo.alice.is_online().await;
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    duo.stop().await;
}

#[tokio::test]
async fn who_dials_at_a_relay_that_hangs_is_told_so_within_seconds() {
    let duo = Duo::with(Setup {
        tapped: true,
        ..Setup::default()
    })
    .await;
    duo.tap.as_ref().unwrap().hangs();
    let begun = Instant::now();
    duo.alice.dials(&duo.bob).await;
    duo.alice.is_offline().await;
    assert!(begun.elapsed() < 3 * SECOND, "{:?}", begun.elapsed());
    duo.pass(5 * SECOND).await;
    duo.alice.ended(EndReason::NoRelay).await;
    duo.tap.as_ref().unwrap().wakes();
    duo.stop().await;
}

#[tokio::test]
async fn a_call_that_loses_its_path_makes_sure_of_its_link_to_the_relay() {
    let duo = Duo::with(Setup {
        tapped: true,
        ..Setup::default()
    })
    .await;
    duo.talks().await;
    duo.network.cut();
    duo.tap.as_ref().unwrap().hangs();
    let begun = Instant::now();
    duo.pass(3 * SECOND).await;
    duo.alice.is(ActivePhase::Reconnecting).await;
    // A link that is not asked notices the silence after 12 s.
    duo.alice.is_offline().await;
    assert!(begun.elapsed() < 5 * SECOND, "{:?}", begun.elapsed());
    duo.tap.as_ref().unwrap().wakes();
    duo.stop().await;
}

#[tokio::test]
async fn a_call_that_needs_its_relay_has_it_back_within_a_second() {
    let mut duo = Duo::with(Setup {
        patient: true,
        ..Setup::default()
    })
    .await;
    duo.rings().await;
    duo.relay.dies().await;
    duo.alice.is_offline().await;
    duo.bob.is_offline().await;
    duo.relay.restarts().await;
    let begun = Instant::now();
    duo.alice.is_online().await;
    duo.bob.is_online().await;
    assert!(begun.elapsed() < 3 * SECOND, "{:?}", begun.elapsed());
    duo.bob.accepts().await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    // A call that lost its path may need another session.
    duo.relay.dies().await;
    duo.alice.is_offline().await;
    duo.network.cut();
    duo.pass(3 * SECOND).await;
    duo.relay.restarts().await;
    duo.alice.is_online().await;
    duo.stop().await;
}
