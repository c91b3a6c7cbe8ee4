//! How calls end, and what stays of them.

use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{Alice, Bob};
use crate::input::{Command, Transport};
use crate::output::Sound;
use crate::reason::EndReason;
use crate::view::CallView;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn either_side_can_hang_up() {
    let mut duo = Duo::in_a_call();
    duo.end(Alice);
    duo.run(SECOND);
    duo.assert_ended(EndReason::LocalHangup, EndReason::RemoteHangup);
    let mut duo = Duo::in_a_call();
    duo.end(Bob);
    duo.run(SECOND);
    duo.assert_ended(EndReason::RemoteHangup, EndReason::LocalHangup);
    assert_eq!(duo.at(Alice).sounds.last(), Some(&Sound::Ended));
}

#[test]
fn both_can_hang_up_at_once() {
    let mut duo = Duo::in_a_call();
    duo.end(Alice);
    duo.end(Bob);
    duo.run(SECOND);
    duo.assert_ended(EndReason::LocalHangup, EndReason::LocalHangup);
}

#[test]
fn hanging_up_while_it_connects_ends_both() {
    for who in [Alice, Bob] {
        let mut duo = Duo::new();
        duo.path_possible = false;
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        duo.accept(Bob);
        duo.run(SECOND);
        duo.end(who);
        duo.run(SECOND);
        assert!(duo.is_over(Alice) && duo.is_over(Bob));
        assert_eq!(duo.reason(who), Some(EndReason::LocalHangup));
        duo.assert_released();
    }
}

#[test]
fn without_a_relay_the_session_carries_the_last_word() {
    let mut duo = Duo::in_a_call();
    duo.link(Alice, false);
    duo.link(Bob, false);
    duo.end(Alice);
    duo.run(SECOND);
    duo.assert_ended(EndReason::LocalHangup, EndReason::RemoteHangup);
}

#[test]
fn without_a_path_the_relay_carries_the_last_word() {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    duo.run(SECOND * 3);
    duo.end(Alice);
    duo.run(SECOND);
    duo.assert_ended(EndReason::LocalHangup, EndReason::RemoteHangup);
}

#[test]
fn a_session_that_closes_without_a_word_was_closed_by_who_hung_up() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    duo.tell_session(Alice, session, Transport::ClosedByPeer);
    duo.run(Duration::from_millis(250));
    assert!(!duo.is_over(Alice), "the word may be on its way");
    duo.run(Duration::from_millis(100));
    assert_eq!(duo.reason(Alice), Some(EndReason::RemoteHangup));
}

#[test]
fn a_session_that_closes_without_a_word_in_an_outage_or_after_our_own_sleep_was_lost() {
    let mut outage = Duo::in_a_call();
    outage.cut_path();
    outage.run(SECOND * 3);
    let mut asleep = Duo::in_a_call();
    asleep.now = asleep.now + SECOND * 46;
    for mut duo in [outage, asleep] {
        let session = duo.session(Alice);
        duo.tell_session(Alice, session, Transport::ClosedByPeer);
        duo.run(SECOND / 2);
        assert_eq!(duo.reason(Alice), Some(EndReason::ConnectionLost));
    }
    // A sleep of which the other side takes no notice is none.
    let mut nap = Duo::in_a_call();
    nap.now = nap.now + SECOND * 10;
    let session = nap.session(Alice);
    nap.tell_session(Alice, session, Transport::ClosedByPeer);
    nap.run(SECOND / 2);
    assert_eq!(nap.reason(Alice), Some(EndReason::RemoteHangup));
}

#[test]
fn what_somebody_wanted_leaves_the_screen_after_three_seconds() {
    let mut duo = Duo::in_a_call();
    duo.end(Alice);
    duo.run(Duration::from_millis(2900));
    let CallView::Ended {
        lasted_ms: Some(lasted),
        outgoing: true,
        ..
    } = duo.view(Alice)
    else {
        panic!("not shown")
    };
    assert!((1900..=2100).contains(&lasted), "{lasted}");
    duo.run(SECOND);
    assert_eq!(
        (duo.view(Alice), duo.view(Bob)),
        (CallView::Idle, CallView::Idle)
    );
}

#[test]
fn a_failure_stays_until_it_is_dismissed_or_a_new_call_comes() {
    let mut duo = Duo::new();
    duo.link(Bob, false);
    duo.dial(Alice, Bob);
    duo.run(SECOND * 600);
    assert!(matches!(duo.view(Alice), CallView::Ended { .. }));
    duo.link(Bob, true);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    assert!(duo.rings(Bob));
    duo.command(Bob, Command::Decline);
    duo.run(SECOND);
    duo.dial(Bob, Alice);
    duo.run(SECOND);
    assert!(duo.rings(Alice));
}

#[test]
fn commands_that_fit_no_state_change_nothing() {
    let mut duo = Duo::in_a_call();
    duo.dial(Alice, Bob);
    duo.accept(Alice);
    duo.command(Alice, Command::Decline);
    duo.command(Alice, Command::Dismiss);
    duo.run(SECOND);
    duo.assert_in_a_call();
    let mut duo = Duo::new();
    duo.accept(Alice);
    duo.end(Alice);
    duo.command(Alice, Command::Decline);
    duo.command(Alice, Command::SetCamera(true));
    duo.run(SECOND);
    assert_eq!(duo.view(Alice), CallView::Idle);
}

#[test]
fn a_hundred_calls_in_a_row_leave_nothing_behind() {
    let mut duo = Duo::new();
    for _ in 0..100 {
        duo.dial(Alice, Bob);
        duo.run(SECOND);
        duo.accept(Bob);
        duo.run(SECOND);
        duo.assert_in_a_call();
        duo.end(Bob);
        duo.run(SECOND * 4);
        assert_eq!(
            (duo.view(Alice), duo.view(Bob)),
            (CallView::Idle, CallView::Idle)
        );
        assert_eq!(duo.at(Alice).phone.poll_timeout(), None);
        duo.assert_released();
    }
}
