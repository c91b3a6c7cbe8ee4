//! Both call each other, and people call again.

use std::time::Duration;

use super::courier::HOP;
use super::duo::Duo;
use super::station::Who::{self, Alice, Bob};
use crate::carrier::Carriers;
use crate::id::CallId;
use crate::message::{Body, Over};
use crate::output::Sound;
use crate::reason::EndReason;
use crate::view::{CallView, Controls};

const SECOND: Duration = Duration::from_secs(1);

fn current(duo: &Duo, who: Who) -> Option<CallId> {
    duo.at(who).phone.call()
}

#[test]
fn of_two_calls_that_cross_the_higher_one_stays_and_is_answered() {
    for (alice, bob) in [(1, 2), (2, 1)] {
        let mut duo = Duo::new();
        duo.dial_as(Alice, Bob, CallId(alice));
        duo.dial_as(Bob, Alice, CallId(bob));
        duo.run(SECOND);
        duo.assert_in_a_call();
        assert_eq!(current(&duo, Alice), Some(CallId(2)));
        assert_eq!(current(&duo, Bob), Some(CallId(2)));
        let rang = |who| duo.at(who).sounds.contains(&Sound::RingTone);
        assert!(!rang(Alice) && !rang(Bob), "nobody has to answer");
        assert_eq!(duo.at(Alice).opened + duo.at(Bob).opened, 2);
    }
}

#[test]
fn a_call_that_gave_way_ends_as_replaced_and_its_wishes_live_on() {
    let mut duo = Duo::new();
    duo.dial_as(Alice, Bob, CallId(1));
    duo.command(Alice, crate::input::Command::SetMicrophone(false));
    duo.dial_as(Bob, Alice, CallId(2));
    duo.run(SECOND);
    duo.assert_in_a_call();
    assert_eq!(
        duo.at(Alice).ended,
        [(CallId(1), EndReason::Replaced, None)]
    );
    assert_eq!(
        duo.sees(Bob),
        Controls {
            microphone: false,
            camera: true
        }
    );
}

#[test]
fn calls_that_cross_by_one_id_both_end() {
    let mut duo = Duo::new();
    duo.dial_as(Alice, Bob, CallId(5));
    duo.dial_as(Bob, Alice, CallId(5));
    duo.run(SECOND);
    duo.assert_ended(EndReason::Busy, EndReason::Busy);
}

#[test]
fn the_lost_invitation_that_comes_late_does_not_replace_the_call() {
    let mut duo = Duo::new();
    duo.dial_as(Alice, Bob, CallId(2));
    duo.dial_as(Bob, Alice, CallId(1));
    duo.run(SECOND);
    duo.assert_in_a_call();
    let invite = Body::Invite {
        name: "Bob".to_owned(),
        video: true,
        ring_ms: 45_000,
        resumes: None,
        via: Carriers::default(),
    };
    duo.word(Bob, Alice, CallId(1), invite);
    duo.run(SECOND);
    duo.assert_in_a_call();
}

#[test]
fn who_calls_again_while_we_still_ring_rings_anew() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.kill(Alice);
    duo.revive(Alice);
    let again = duo.dial_as(Alice, Bob, CallId(900));
    duo.run(SECOND);
    assert!(duo.rings(Bob));
    assert_eq!(current(&duo, Bob), Some(again));
    assert_eq!(duo.reason(Bob), Some(EndReason::Replaced));
}

#[test]
fn who_calls_again_from_a_call_that_they_lost_rings_and_the_old_call_is_replaced() {
    let mut duo = Duo::in_a_call();
    duo.kill(Alice);
    duo.run(SECOND);
    duo.revive(Alice);
    duo.mend_path();
    let again = duo.dial_as(Alice, Bob, CallId(900));
    duo.run(HOP * 3);
    assert!(duo.rings(Bob));
    assert_eq!(current(&duo, Bob), Some(again));
    assert_eq!(duo.reason(Bob), Some(EndReason::Replaced));
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    duo.assert_in_a_call();
    assert_eq!(duo.at(Bob).opened, 2);
}

#[test]
fn a_session_waits_until_the_one_before_is_closed() {
    let mut duo = Duo::in_a_call();
    duo.closing_takes = SECOND;
    duo.end(Alice);
    duo.run(HOP * 2);
    assert!(duo.is_over(Bob));
    duo.dial_as(Bob, Alice, CallId(900));
    duo.run(HOP * 3);
    duo.accept(Alice);
    duo.run(SECOND / 2);
    assert_eq!((duo.at(Alice).opened, duo.at(Bob).opened), (1, 1));
    duo.run(SECOND);
    duo.assert_in_a_call();
}

#[test]
fn a_call_back_after_an_end_rings() {
    let mut duo = Duo::in_a_call();
    duo.end(Alice);
    duo.run(SECOND);
    assert!(matches!(duo.view(Bob), CallView::Ended { .. }));
    duo.dial(Bob, Alice);
    duo.run(SECOND);
    assert!(duo.rings(Alice));
}

#[test]
fn who_was_restarted_tells_that_the_call_is_gone() {
    let mut duo = Duo::in_a_call();
    duo.kill(Bob);
    duo.revive(Bob);
    let noticed = duo.time_until(|duo| duo.is_over(Alice));
    assert!(noticed < SECOND * 8, "{noticed:?}");
    assert_eq!(duo.reason(Alice), Some(EndReason::PeerGone));
}

#[test]
fn questions_about_calls_of_the_past_get_the_last_word() {
    let mut duo = Duo::new();
    let call = duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.end(Alice);
    duo.run(SECOND);
    let before = duo.at(Alice).count(|body| {
        *body
            == Body::Over {
                why: Over::Cancelled,
            }
    });
    duo.word(Bob, Alice, call, Body::Still);
    duo.word(Bob, Alice, call, Body::Ringing);
    duo.run(SECOND);
    let after = duo.at(Alice).count(|body| {
        *body
            == Body::Over {
                why: Over::Cancelled,
            }
    });
    assert_eq!(after, before + 2);
}
