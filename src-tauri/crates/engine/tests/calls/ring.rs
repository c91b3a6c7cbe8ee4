//! From dialing to the answer, and every way in which a call ends before media flows.

use std::time::Duration;

use call::reason::EndReason;
use call::view::{ActivePhase, CallView};
use engine::CommandError;
use engine::command::Command;

use crate::support::Duo;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_declined_call_ends_on_both_sides() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.bob.declines().await;
    duo.alice.ended(EndReason::RemoteDeclined).await;
    duo.bob.ended(EndReason::Declined).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_cancelled_call_is_a_missed_one() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.alice.hangs_up().await;
    duo.alice.ended(EndReason::Cancelled).await;
    duo.bob.ended(EndReason::Missed).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_call_that_nobody_answers_ends_by_itself() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.pass(19 * SECOND).await;
    duo.bob.is_called().await;
    duo.pass(2 * SECOND).await;
    duo.alice.ended(EndReason::NoAnswer).await;
    duo.bob.ended(EndReason::Missed).await;
    duo.stop().await;
}

#[tokio::test]
async fn who_is_in_a_call_is_busy_for_others_and_is_not_disturbed() {
    let duo = Duo::in_a_call().await;
    let carol = duo.somebody_else("Carol").await;
    let mut missed = duo.bob.engine().ended();
    carol.dials(&duo.bob).await;
    carol.ended(EndReason::Busy).await;
    let missed = missed.recv().await.unwrap();
    assert_eq!(missed.reason, EndReason::Missed);
    assert_eq!(missed.peer.name, "Carol");
    duo.bob.is_in_the_call().await;
    carol.stops().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_crowd_that_calls_in_vain_does_not_push_the_call_out_of_the_history() {
    let duo = Duo::in_a_call().await;
    let mut history = duo.bob.engine().ended();
    let carol = duo.somebody_else("Carol").await;
    for _ in 0..20 {
        carol.dials(&duo.bob).await;
        carol.ended(EndReason::Busy).await;
        carol.dismisses().await;
        // Sessions of one sender are refused that come faster than this.
        duo.pass(SECOND / 2).await;
    }
    duo.hangs_up().await;
    let told: Vec<_> = std::iter::from_fn(|| history.try_recv().ok()).collect();
    let reasons: Vec<_> = told.iter().map(|it| it.reason).collect();
    assert_eq!(reasons, [EndReason::Missed, EndReason::RemoteHangup]);
    carol.stops().await;
    duo.stop().await;
}

#[tokio::test]
async fn after_their_relay_restarted_people_can_call_again() {
    let mut duo = Duo::online().await;
    duo.relay.dies().await;
    duo.alice.is_offline().await;
    duo.bob.is_offline().await;
    duo.relay.restarts().await;
    duo.alice.is_online().await;
    duo.bob.is_online().await;
    duo.talks().await;
    duo.stop().await;
}

#[tokio::test]
async fn two_who_call_each_other_at_once_are_in_one_call() {
    let duo = Duo::online().await;
    tokio::join!(duo.alice.dials(&duo.bob), duo.bob.dials(&duo.alice));
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    let id = |view: &CallView| match view {
        CallView::Active { call, .. } => call.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(id(&duo.alice.view().call), id(&duo.bob.view().call));
    assert_eq!(duo.alice.transport.open_sessions(), 1);
    assert_eq!(duo.bob.transport.open_sessions(), 1);
    duo.hangs_up().await;
    duo.stop().await;
}

#[tokio::test]
async fn dialing_whom_one_is_called_by_answers() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.bob.dials(&duo.alice).await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn an_answer_without_a_camera_shows_none() {
    let duo = Duo::online().await;
    duo.rings().await;
    duo.bob.does(Command::Accept { video: false }).await;
    duo.alice.is_in_the_call().await;
    duo.bob.sends_picture(false).await;
    duo.alice.is_sent_picture(false).await;
    duo.alice.sends_picture(true).await;
    duo.bob.is_sent_picture(true).await;
    duo.stop().await;
}

#[tokio::test]
async fn nobody_at_an_address_is_said_soon() {
    let duo = Duo::online().await;
    let nobody = identity::Identity::generate().unwrap().address();
    let to = nobody.to_string();
    duo.alice
        .does(Command::Dial {
            to,
            video: true,
            via: None,
        })
        .await;
    duo.pass(6 * SECOND).await;
    duo.alice.ended(EndReason::Unreachable).await;
    duo.stop().await;
}

#[tokio::test]
async fn without_its_relay_a_call_cannot_even_ring_and_says_so() {
    let mut duo = Duo::online().await;
    duo.relay.dies().await;
    duo.alice.is_offline().await;
    duo.alice.dials(&duo.bob).await;
    duo.pass(6 * SECOND).await;
    duo.alice.ended(EndReason::NoRelay).await;
    duo.stop().await;
}

#[tokio::test]
async fn a_relay_that_goes_away_does_not_touch_a_call() {
    let mut duo = Duo::in_a_call().await;
    duo.relay.dies().await;
    duo.alice.is_offline().await;
    duo.pass(20 * SECOND).await;
    duo.alice.is(ActivePhase::Connected).await;
    duo.bob.is(ActivePhase::Connected).await;
    duo.alice.hangs_up().await;
    duo.bob.ended(EndReason::RemoteHangup).await;
    duo.stop().await;
}

#[tokio::test]
async fn what_makes_no_sense_now_is_refused_and_changes_nothing() {
    let duo = Duo::online().await;
    let dial = |to: String| {
        duo.alice.engine().command(Command::Dial {
            to,
            video: true,
            via: None,
        })
    };
    let own = dial(duo.alice.address()).await;
    assert_eq!(own, Err(CommandError::OwnAddress));
    let nonsense = dial("hello".to_owned()).await;
    assert!(matches!(nonsense, Err(CommandError::BadAddress(_))));
    duo.alice.is_idle().await;
    duo.talks().await;
    let again = dial(duo.bob.address()).await;
    assert_eq!(again, Err(CommandError::AlreadyInCall));
    duo.alice.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn the_same_two_can_call_again_in_either_direction() {
    let duo = Duo::in_a_call().await;
    duo.hangs_up().await;
    duo.bob.dials(&duo.alice).await;
    duo.alice.is_called().await;
    duo.alice.accepts().await;
    duo.alice.is_in_the_call().await;
    duo.bob.is_in_the_call().await;
    duo.stop().await;
}

#[tokio::test]
async fn a_finished_call_is_told_to_the_history_with_its_reason_and_length() {
    let duo = Duo::online().await;
    let (mut hers, mut his) = (duo.alice.engine().ended(), duo.bob.engine().ended());
    duo.talks().await;
    duo.pass(2 * SECOND).await;
    duo.hangs_up().await;
    let (hers, his) = (hers.recv().await.unwrap(), his.recv().await.unwrap());
    assert_eq!(hers.reason, EndReason::LocalHangup);
    assert_eq!(his.reason, EndReason::RemoteHangup);
    assert_eq!([hers.outgoing, his.outgoing], [true, false]);
    assert_eq!([hers.accepted, his.accepted], [false, true]);
    assert_eq!(his.peer.name, "Alice");
    for lasted in [hers.lasted_ms, his.lasted_ms] {
        assert!((2000..3000).contains(&lasted.unwrap()), "{lasted:?}");
    }
    duo.stop().await;
}
