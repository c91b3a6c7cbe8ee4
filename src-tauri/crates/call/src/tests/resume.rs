//! Calls that were lost and go on when both want it.

use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{self, Alice, Bob};
use crate::carrier::Carriers;
use crate::controls::OFF;
use crate::id::CallId;
use crate::input::{Command, Standing};
use crate::message::Body;
use crate::output::Sound;
use crate::reason::EndReason;
use crate::view::{CallView, Controls, Resume};

const SECOND: Duration = Duration::from_secs(1);

/// A call that ended because its path stayed away.
fn lost() -> Duo {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    duo.run(SECOND * 46);
    duo.assert_ended(EndReason::ConnectionLost, EndReason::ConnectionLost);
    assert_eq!((resume(&duo, Alice), resume(&duo, Bob)), (OFFERED, OFFERED));
    duo.mend_path();
    duo
}

const OFFERED: Resume = Resume::Offered;

fn resume(duo: &Duo, who: Who) -> Resume {
    match duo.view(who) {
        CallView::Ended { resume, .. } => resume,
        other => panic!("no end: {other:?}"),
    }
}

fn press(duo: &mut Duo, who: Who) {
    let call = CallId(7000 + who as u64);
    duo.command(who, Command::Resume { call, video: true });
}

fn rang(duo: &Duo, who: Who) -> usize {
    let sounds = duo.at(who).sounds.iter();
    sounds.filter(|it| **it == Sound::RingTone).count()
}

#[test]
fn two_who_want_it_are_connected_without_ringing_whoever_presses_first() {
    for order in [[Alice, Bob], [Bob, Alice]] {
        let mut duo = lost();
        let before = rang(&duo, Bob);
        press(&mut duo, order[0]);
        duo.run(SECOND * 30);
        assert_eq!(resume(&duo, order[0]), Resume::Waiting);
        assert_eq!(duo.at(order[0]).captured, OFF);
        press(&mut duo, order[1]);
        duo.run(SECOND * 3);
        duo.assert_in_a_call();
        assert_eq!(rang(&duo, Bob), before);
        let both = Controls {
            microphone: true,
            camera: true,
        };
        assert_eq!(duo.at(Bob).captured, both);
    }
}

#[test]
fn a_callee_is_told_that_the_caller_wants_it() {
    let mut duo = lost();
    press(&mut duo, Alice);
    duo.run(SECOND * 3);
    assert_eq!(resume(&duo, Bob), Resume::Wanted);
    assert_eq!(duo.at(Bob).captured, OFF);
}

#[test]
fn the_caller_invites_as_soon_as_there_is_a_link() {
    let mut duo = lost();
    duo.link(Alice, false);
    press(&mut duo, Alice);
    press(&mut duo, Bob);
    duo.run(SECOND * 60);
    assert_eq!(resume(&duo, Alice), Resume::Waiting);
    duo.link(Alice, true);
    duo.run(SECOND / 2);
    duo.assert_in_a_call();
}

#[test]
fn nobody_waits_longer_than_two_minutes_and_a_late_press_does_nothing() {
    for who in [Alice, Bob] {
        let mut duo = lost();
        press(&mut duo, who);
        duo.run(SECOND * 125);
        assert_eq!(
            (resume(&duo, Alice), resume(&duo, Bob)),
            (Resume::No, Resume::No)
        );
        for late in [Alice, Bob] {
            press(&mut duo, late);
        }
        duo.run(SECOND * 60);
        duo.assert_ended(EndReason::ConnectionLost, EndReason::ConnectionLost);
    }
}

#[test]
fn whoever_leaves_the_ended_call_takes_the_wish_back() {
    let mut duo = lost();
    press(&mut duo, Alice);
    duo.run(SECOND);
    assert_eq!(resume(&duo, Bob), Resume::Wanted);
    duo.command(Alice, Command::Dismiss);
    duo.run(SECOND);
    assert_eq!(resume(&duo, Bob), OFFERED);
    // A repeat of the invitation that was late does not bring it back.
    let call = duo.at(Bob).ended.last().unwrap().0;
    let invite = Body::Invite {
        name: String::new(),
        video: true,
        ring_ms: 45_000,
        resumes: Some(call),
        via: Carriers::default(),
    };
    duo.word(Alice, Bob, CallId(7000 + Alice as u64), invite);
    duo.run(SECOND);
    assert_eq!(resume(&duo, Bob), OFFERED);
    press(&mut duo, Bob);
    duo.run(Duration::from_millis(10));
    assert_eq!(duo.at(Bob).captured, OFF);
    duo.run(SECOND * 3);
    assert_eq!(duo.view(Alice), CallView::Idle);
    assert!(duo.is_over(Bob));
    duo.run(SECOND * 130);
    assert!(duo.is_over(Bob));
}

#[test]
fn it_rings_as_ever_where_the_lost_call_was_left() {
    let mut duo = lost();
    duo.command(Bob, Command::Dismiss);
    press(&mut duo, Alice);
    duo.run(SECOND);
    assert!(duo.rings(Bob));
    duo.accept(Bob);
    duo.run(SECOND);
    duo.assert_in_a_call();
}

#[test]
fn who_still_waits_for_the_path_is_joined_at_once() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Bob).call;
    let before = rang(&duo, Bob);
    let invite = Body::Invite {
        name: "Alice".to_owned(),
        video: true,
        ring_ms: 45_000,
        resumes: Some(call),
        via: Carriers::default(),
    };
    duo.word(Alice, Bob, CallId(9), invite);
    duo.run(Duration::from_millis(25));
    assert!(duo.phase(Bob).is_some());
    assert_eq!(duo.at(Bob).phone.call(), Some(CallId(9)));
    assert_eq!(rang(&duo, Bob), before);
}

#[test]
fn somebody_else_cannot_resume_the_call_and_neither_can_who_is_blocked() {
    let lost_call = |duo: &Duo| duo.at(Bob).ended.last().unwrap().0;
    let invite = |call| Body::Invite {
        name: String::new(),
        video: true,
        ring_ms: 45_000,
        resumes: Some(call),
        via: Carriers::default(),
    };
    let mut duo = lost();
    press(&mut duo, Bob);
    let call = lost_call(&duo);
    duo.word(Who::Carol, Bob, CallId(9), invite(call));
    duo.run(Duration::from_millis(25));
    assert!(duo.rings(Bob), "as any call");
    let mut duo = lost();
    press(&mut duo, Bob);
    duo.standing = Standing::Blocked;
    let call = lost_call(&duo);
    duo.word(Alice, Bob, CallId(9), invite(call));
    duo.run(SECOND);
    assert_eq!(resume(&duo, Bob), Resume::Waiting);
}

#[test]
fn a_call_that_somebody_ended_is_not_offered_again() {
    let mut duo = Duo::in_a_call();
    duo.end(Alice);
    duo.run(SECOND);
    assert_eq!(
        (resume(&duo, Alice), resume(&duo, Bob)),
        (Resume::No, Resume::No)
    );
}
