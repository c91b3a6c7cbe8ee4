//! Callers for whom nothing rings, and who do not learn it.

use std::time::Duration;

use call::reason::EndReason;
use call::view::CallView;
use engine::command::Command;
use engine::{CommandError, Ended, Relation, WhoMayRing};

use crate::support::{Duo, Person, Setup};

const SECOND: Duration = Duration::from_secs(1);

/// Alice calls Bob: she hears it ring until her time is over, and nothing happens at his side.
async fn rings_for_nobody(duo: &Duo) {
    duo.alice.dials(&duo.bob).await;
    duo.alice.hears_it_ring().await;
    duo.pass(19 * SECOND).await;
    duo.alice.hears_it_ring().await;
    assert_is_left_alone(&duo.bob);
    duo.pass(2 * SECOND).await;
    duo.alice.ended(EndReason::NoAnswer).await;
    duo.alice.dismisses().await;
    assert_is_left_alone(&duo.bob);
}

fn assert_is_left_alone(person: &Person) {
    assert_eq!(person.view().call, CallView::Idle);
    for device in person.devices.all() {
        assert_eq!(device.record().opens, 0, "{}", device.info().name);
    }
    assert_eq!(person.transport.sessions_opened(), 0);
}

#[tokio::test]
async fn a_blocked_caller_hears_it_ring_and_nothing_rings() {
    let duo = Duo::online().await;
    let mut history = duo.bob.engine().ended();
    duo.bob.regards(&duo.alice, Relation::Blocked);
    rings_for_nobody(&duo).await;
    assert!(history.try_recv().is_err(), "a blocked caller is forgotten");
    duo.bob.regards(&duo.alice, Relation::Stranger);
    duo.talks().await;
    duo.stop().await;
}

#[tokio::test]
async fn while_a_blocked_caller_waits_others_call_and_are_called() {
    let duo = Duo::online().await;
    duo.bob.regards(&duo.alice, Relation::Blocked);
    duo.alice.dials(&duo.bob).await;
    duo.alice.hears_it_ring().await;
    let carol = duo.somebody_else("Carol").await;
    carol.dials(&duo.bob).await;
    duo.bob.is_called().await;
    duo.bob.accepts().await;
    carol.is_in_the_call().await;
    duo.pass(21 * SECOND).await;
    duo.alice.ended(EndReason::NoAnswer).await;
    duo.bob.is_in_the_call().await;
    carol.stops().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_blocked_caller_is_not_told_of_a_call() {
    let duo = Duo::in_a_call().await;
    let carol = duo.somebody_else("Carol").await;
    duo.bob.regards(&carol, Relation::Blocked);
    carol.dials(&duo.bob).await;
    carol.hears_it_ring().await;
    duo.pass(21 * SECOND).await;
    carol.ended(EndReason::NoAnswer).await;
    duo.bob.is_in_the_call().await;
    carol.stops().await;
    duo.stop().await;
}

#[tokio::test]
async fn the_user_says_whose_calls_ring() {
    let cases = [
        (WhoMayRing::Everybody, Relation::Stranger, true),
        (WhoMayRing::Everybody, Relation::Blocked, false),
        (WhoMayRing::Known, Relation::Stranger, false),
        (WhoMayRing::Known, Relation::Known, true),
        (WhoMayRing::Contacts, Relation::Stranger, false),
        (WhoMayRing::Contacts, Relation::Known, false),
        (WhoMayRing::Contacts, Relation::Contact, true),
    ];
    for (who_may_ring, relation, rings) in cases {
        let mut duo = Duo::online().await;
        duo.bob.is_rung_by(who_may_ring).await;
        duo.bob.regards(&duo.alice, relation);
        duo.alice.dials(&duo.bob).await;
        duo.alice.hears_it_ring().await;
        let called = matches!(duo.bob.view().call, CallView::Incoming { .. });
        assert_eq!(called, rings, "{who_may_ring:?}, {relation:?}");
        duo.stop().await;
    }
}

#[tokio::test]
async fn a_caller_of_whom_the_user_does_not_want_to_hear_is_a_missed_call() {
    let mut duo = Duo::with(Setup {
        relation: Relation::Stranger,
        ..Setup::default()
    })
    .await;
    duo.bob.is_rung_by(WhoMayRing::Contacts).await;
    let mut history = duo.bob.engine().ended();
    rings_for_nobody(&duo).await;
    rings_for_nobody(&duo).await;
    let missed: Vec<Ended> = std::iter::from_fn(|| history.try_recv().ok()).collect();
    assert_eq!(missed.len(), 1, "{missed:?}");
    assert_eq!(missed[0].reason, EndReason::Missed);
    assert_eq!(missed[0].peer.name, "Alice");
    duo.stop().await;
}

#[tokio::test]
async fn whom_the_user_calls_back_is_welcome() {
    let mut duo = Duo::online().await;
    duo.bob.is_rung_by(WhoMayRing::Contacts).await;
    duo.alice.dials(&duo.bob).await;
    duo.alice.hears_it_ring().await;
    duo.bob.dials(&duo.alice).await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_stranger_who_rings_too_often_rings_no_more_for_a_while() {
    let duo = Duo::with(Setup {
        relation: Relation::Stranger,
        ..Setup::default()
    })
    .await;
    for _ in 0..3 {
        duo.rings().await;
        duo.alice.hangs_up().await;
        duo.bob.ended(EndReason::Missed).await;
        duo.bob.dismisses().await;
        duo.alice.dismisses().await;
    }
    duo.alice.dials(&duo.bob).await;
    duo.alice.hears_it_ring().await;
    duo.bob.is_idle().await;
    let carol = duo.somebody_else("Carol").await;
    carol.dials(&duo.bob).await;
    duo.bob.is_called().await;
    carol.stops().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_blocked_person_is_not_dialled() {
    let duo = Duo::online().await;
    duo.alice.regards(&duo.bob, Relation::Blocked);
    let to = duo.bob.address();
    let dial = Command::Dial {
        to,
        video: true,
        via: None,
    };
    let dialled = duo.alice.engine().command(dial).await;
    assert_eq!(dialled, Err(CommandError::Blocked));
    duo.alice.is_idle().await;
    duo.bob.is_idle().await;
    duo.stop().await;
}
