//! From dialling to the answer.

use std::time::Duration;

use super::courier::{Courier, Fate, HOP};
use super::duo::Duo;
use super::station::Who::{Alice, Bob, Carol};
use crate::carrier::Carrier;
use crate::id::CallId;
use crate::input::{Command, Standing};
use crate::message::{Body, Over};
use crate::output::Sound;
use crate::reason::EndReason;
use crate::view::{CallView, OutgoingPhase};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_rings_only_when_the_other_device_has_confirmed() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(HOP);
    assert!(duo.calls(Alice, OutgoingPhase::Calling));
    assert!(!duo.at(Alice).sounds.contains(&Sound::RingBack));
    assert!(duo.rings(Bob));
    assert_eq!(duo.at(Bob).sounds, [Sound::RingTone]);
    duo.run(HOP);
    assert!(duo.calls(Alice, OutgoingPhase::Ringing));
    assert_eq!(duo.at(Alice).sounds, [Sound::RingBack]);
}

#[test]
fn the_callee_sees_who_calls_and_whether_with_video() {
    let mut duo = Duo::new();
    let call = duo.dial(Alice, Bob);
    duo.run(SECOND);
    let peer = Alice.peer();
    assert_eq!(
        duo.view(Bob),
        CallView::Incoming {
            call: call.to_string(),
            peer,
            video: true,
            known: true
        }
    );
}

#[test]
fn the_callee_sees_whether_the_caller_is_a_stranger() {
    for standing in [Standing::Stranger, Standing::Known] {
        let mut duo = Duo::new();
        duo.standing = standing;
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        let CallView::Incoming { known, .. } = duo.view(Bob) else {
            panic!("it does not ring")
        };
        assert_eq!(known, standing == Standing::Known);
    }
}

#[test]
fn a_stranger_who_was_declined_does_not_ring_again_for_a_minute() {
    for how in [Command::Decline, Command::End] {
        let mut duo = Duo::new();
        duo.standing = Standing::Stranger;
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        duo.command(Bob, how);
        duo.run(SECOND);
        for _ in 0..5 {
            duo.dial(Alice, Bob);
            duo.run(SECOND);
            assert_eq!(duo.reason(Alice), Some(EndReason::RemoteDeclined));
        }
        let rang = |duo: &Duo| {
            let rings = |sound: &&Sound| **sound == Sound::RingTone;
            duo.at(Bob).sounds.iter().filter(rings).count()
        };
        assert_eq!(rang(&duo), 1);
        // Somebody else does, and so does the stranger after a while.
        duo.dial(Carol, Bob);
        duo.run(SECOND);
        assert!(duo.rings(Bob));
        duo.end(Carol);
        duo.run(SECOND * 60);
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        assert!(duo.rings(Bob));
    }
}

#[test]
fn a_stranger_who_was_declined_can_be_called_back() {
    let mut duo = Duo::new();
    duo.standing = Standing::Stranger;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.command(Bob, Command::Decline);
    duo.run(SECOND);
    // Both dial: of the two calls one comes about.
    duo.dial(Bob, Alice);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.assert_in_a_call();
    // They are no strangers any more.
    duo.standing = Standing::Known;
    duo.end(Bob);
    duo.run(SECOND * 4);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert!(duo.rings(Bob));
}

#[test]
fn somebody_known_who_was_declined_rings_again_at_once() {
    let mut duo = Duo::new();
    duo.standing = Standing::Known;
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.command(Bob, Command::Decline);
    duo.run(SECOND);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert!(duo.rings(Bob));
}

#[test]
fn dialling_who_is_calling_answers_their_call() {
    for video in [true, false] {
        let mut duo = Duo::new();
        let call = duo.dial(Alice, Bob);
        duo.run(SECOND);
        let dial = Command::Dial {
            call: CallId(7),
            peer: Alice.peer(),
            video,
            via: Carrier::Direct,
        };
        duo.command(Bob, dial);
        duo.run(SECOND);
        duo.assert_in_a_call();
        assert_eq!(duo.at(Bob).phone.call(), Some(call));
        assert_eq!(duo.sees(Alice).camera, video);
        assert!(duo.at(Bob).ended.is_empty());
    }
}

#[test]
fn dialling_somebody_else_while_it_rings_changes_nothing() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.dial(Bob, Carol);
    duo.run(SECOND);
    assert!(duo.rings(Bob));
    assert_eq!(duo.view(Carol), CallView::Idle);
}

#[test]
fn nothing_of_the_callees_machine_leaves_before_the_answer() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND * 20);
    assert_eq!(duo.at(Bob).opened, 0);
    assert_eq!(
        duo.at(Bob)
            .count(|body| matches!(body, Body::Parcel { .. })),
        0
    );
    let innocent =
        |body: &Body| matches!(body, Body::Ringing | Body::Still | Body::Received { .. });
    assert_eq!(duo.at(Bob).count(innocent), duo.at(Bob).said.len());
}

#[test]
fn decline_ends_both() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.command(Bob, Command::Decline);
    duo.run(SECOND);
    duo.assert_ended(EndReason::RemoteDeclined, EndReason::Declined);
    assert_eq!(duo.at(Bob).sounds.last(), Some(&Sound::Silence));
}

#[test]
fn cancel_ends_both_and_counts_as_missed() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.end(Alice);
    duo.run(SECOND);
    duo.assert_ended(EndReason::Cancelled, EndReason::Missed);
}

#[test]
fn cancel_before_the_confirmation_ends_both() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(HOP / 2);
    duo.end(Alice);
    duo.run(SECOND);
    duo.assert_ended(EndReason::Cancelled, EndReason::Missed);
}

#[test]
fn cancel_and_accept_that_cross_end_both() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.end(Alice);
    duo.accept(Bob);
    duo.run(SECOND);
    duo.assert_ended(EndReason::Cancelled, EndReason::RemoteHangup);
}

#[test]
fn a_cancel_that_overtakes_its_invitation_still_counts() {
    let mut duo = Duo::with(Courier::with(vec![Fate::late(SECOND), Fate::FAIR]));
    duo.dial(Alice, Bob);
    duo.run(HOP / 2);
    duo.end(Alice);
    duo.run(SECOND * 3);
    assert_eq!(duo.view(Bob), CallView::Idle);
    assert!(duo.at(Bob).sounds.is_empty(), "it never rang");
}

#[test]
fn a_callee_in_another_call_is_busy_and_stays_in_it() {
    let mut duo = Duo::in_a_call();
    duo.dial(Carol, Bob);
    duo.run(SECOND);
    assert_eq!(duo.reason(Carol), Some(EndReason::Busy));
    assert_eq!(duo.at(Bob).missed, [Carol.peer()]);
    duo.assert_in_a_call();
}

#[test]
fn a_callee_who_is_being_called_or_calls_is_busy() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.dial(Carol, Bob);
    duo.run(SECOND);
    assert_eq!(duo.reason(Carol), Some(EndReason::Busy));
    assert!(duo.rings(Bob));
    duo.dial(Carol, Alice);
    duo.run(SECOND);
    assert_eq!(duo.reason(Carol), Some(EndReason::Busy));
    assert!(duo.calls(Alice, OutgoingPhase::Ringing));
}

#[test]
fn nobody_answers_for_45_seconds() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND * 44);
    assert!(duo.calls(Alice, OutgoingPhase::Ringing) && duo.rings(Bob));
    duo.run(SECOND * 2);
    duo.assert_ended(EndReason::NoAnswer, EndReason::Missed);
}

#[test]
fn a_callee_stops_ringing_by_itself_five_seconds_after_the_caller_should_have() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.link(Alice, false);
    duo.link(Bob, false);
    let rang = duo.time_until(|duo| duo.is_over(Bob));
    assert!((SECOND * 48..=SECOND * 50).contains(&rang), "{rang:?}");
    assert_eq!(duo.reason(Bob), Some(EndReason::Missed));
}

#[test]
fn nobody_is_there() {
    let mut duo = Duo::new();
    duo.link(Bob, false);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert_eq!(duo.reason(Alice), Some(EndReason::Unreachable));
    duo.run(SECOND * 10);
    assert!(
        matches!(duo.view(Alice), CallView::Ended { .. }),
        "a failure stays until seen"
    );
    duo.command(Alice, Command::Dismiss);
    assert_eq!(duo.view(Alice), CallView::Idle);
}

#[test]
fn without_a_relay_a_call_fails_after_five_seconds() {
    let mut duo = Duo::new();
    duo.link(Alice, false);
    duo.dial(Alice, Bob);
    let tried = duo.time_until(|duo| duo.is_over(Alice));
    assert_eq!(tried, SECOND * 5);
    assert_eq!(duo.reason(Alice), Some(EndReason::NoRelay));
}

#[test]
fn a_relay_that_comes_within_five_seconds_carries_the_call() {
    let mut duo = Duo::new();
    duo.link(Alice, false);
    duo.dial(Alice, Bob);
    duo.run(SECOND * 4);
    duo.link(Alice, true);
    duo.run(SECOND * 4);
    assert!(duo.rings(Bob) && duo.calls(Alice, OutgoingPhase::Ringing));
}

#[test]
fn an_invitation_that_is_lost_is_said_again() {
    let mut duo = Duo::with(Courier::with(vec![Fate::lost(), Fate::FAIR, Fate::FAIR]));
    duo.dial(Alice, Bob);
    duo.run(SECOND * 3);
    assert!(duo.rings(Bob));
}

#[test]
fn a_decline_that_is_lost_is_said_again_when_the_caller_asks() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.courier = Courier::with(vec![Fate::lost()]);
    duo.command(Bob, Command::Decline);
    duo.courier = Courier::fair();
    duo.run(SECOND * 4);
    duo.assert_ended(EndReason::RemoteDeclined, EndReason::Declined);
}

#[test]
fn a_callee_that_dies_while_it_rings_is_noticed_within_eight_seconds() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.kill(Bob);
    let noticed = duo.time_until(|duo| duo.is_over(Alice));
    assert!(noticed < SECOND * 8, "{noticed:?}");
    assert_eq!(duo.reason(Alice), Some(EndReason::Unreachable));
}

#[test]
fn a_caller_that_dies_while_it_rings_is_noticed_within_eight_seconds() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.kill(Alice);
    let noticed = duo.time_until(|duo| duo.is_over(Bob));
    assert!(noticed < SECOND * 8, "{noticed:?}");
    assert_eq!(duo.reason(Bob), Some(EndReason::Missed));
}

#[test]
fn a_link_that_blinks_while_it_rings_is_forgiven() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(Duration::from_millis(2900));
    duo.link(Bob, false);
    duo.run(SECOND * 2);
    duo.link(Bob, true);
    duo.run(SECOND * 10);
    duo.accept(Bob);
    duo.run(SECOND);
    duo.assert_in_a_call();
}

#[test]
fn a_stale_invitation_is_found_out() {
    let mut duo = Duo::with(Courier::with(vec![Fate::late(SECOND * 20), Fate::lost()]));
    duo.dial(Alice, Bob);
    duo.run(HOP);
    duo.end(Alice);
    duo.courier = Courier::fair();
    duo.run(SECOND * 21);
    assert_eq!(
        duo.reason(Bob),
        Some(EndReason::Missed),
        "its caller says that it is over"
    );
}

#[test]
fn a_late_busy_or_decline_of_an_old_call_changes_nothing() {
    let mut duo = Duo::new();
    let old = duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.end(Alice);
    duo.run(SECOND);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    for why in [Over::Busy, Over::Declined, Over::HungUp, Over::Gone] {
        duo.word(Bob, Alice, old, Body::Over { why });
    }
    duo.run(SECOND);
    assert!(duo.calls(Alice, OutgoingPhase::Ringing));
}
