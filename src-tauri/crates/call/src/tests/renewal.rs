//! New sessions behind a running call: make before break.

use std::time::Duration;

use super::courier::HOP;
use super::duo::Duo;
use super::station::Who::{self, Alice, Bob};
use crate::id::SessionId;
use crate::input::{Input, Transport};
use crate::message::{Body, Message, Parcel};
use crate::reason::EndReason;
use crate::view::ActivePhase;

const SECOND: Duration = Duration::from_secs(1);

const BOTH: [Who; 2] = [Alice, Bob];

/// Both use the session of this number, and hold no other.
fn assert_on(duo: &Duo, number: u32) {
    duo.assert_in_a_call();
    for who in BOTH {
        let sessions = &duo.at(who).sessions;
        assert_eq!(sessions.len(), 1, "{who:?}: {sessions:?}");
        assert_eq!(duo.session(who).number, number, "{who:?}");
    }
}

#[test]
fn another_network_on_either_side_leads_to_another_session_while_the_old_one_carries() {
    for who in BOTH {
        let mut duo = Duo::in_a_call();
        duo.feed(who, Input::NetworkChanged);
        let until = duo.now + SECOND;
        while duo.now < until {
            duo.run(Duration::from_millis(1));
            duo.assert_in_a_call();
        }
        assert_on(&duo, 1);
    }
}

#[test]
fn another_network_that_ends_the_old_path_is_hardly_seen() {
    for who in BOTH {
        let mut duo = Duo::in_a_call();
        duo.renewal_needed = true;
        duo.cut_path();
        duo.mend_path();
        duo.feed(who, Input::NetworkChanged);
        let taken = duo.time_until(|duo| BOTH.iter().all(|it| duo.session(*it).number == 1));
        assert!(taken < HOP * 10, "{taken:?}");
        duo.run(SECOND * 3);
        assert_on(&duo, 1);
    }
}

#[test]
fn another_network_right_after_the_answer_leads_to_another_session_a_little_later() {
    for who in BOTH {
        let mut duo = Duo::new();
        duo.dial(Alice, Bob);
        duo.run(HOP * 3);
        duo.accept(Bob);
        duo.run(HOP * 5);
        duo.assert_in_a_call();
        duo.feed(who, Input::NetworkChanged);
        duo.run(SECOND);
        assert_on(&duo, 1);
    }
}

#[test]
fn networks_that_change_without_end_cost_few_sessions() {
    let mut duo = Duo::in_a_call();
    for _ in 0..1000 {
        for who in BOTH {
            duo.feed(who, Input::NetworkChanged);
        }
        duo.run(Duration::from_millis(10));
        duo.assert_in_a_call();
    }
    assert!(duo.at(Alice).renewals.len() <= 22);
    duo.run(SECOND * 3);
    assert_eq!(duo.at(Alice).sessions.len(), 1);
}

#[test]
fn a_lost_path_leads_to_new_sessions_at_four_and_nine_seconds_begun_by_the_caller() {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    let cut = duo.now;
    duo.run(SECOND * 12);
    let renewals = |who: Who| -> Vec<Duration> {
        let renewals = duo.at(who).renewals.iter();
        renewals.map(|at| at.since(cut)).collect()
    };
    let ms = Duration::from_millis;
    assert_eq!(renewals(Alice), [ms(4500), ms(9500)]);
    assert_eq!(renewals(Bob).len(), 2);
    assert!(
        renewals(Bob)
            .iter()
            .zip(renewals(Alice))
            .all(|(bob, alice)| *bob - alice < HOP * 2)
    );
    assert_eq!(duo.at(Bob).count(|it| matches!(it, Body::Renew { .. })), 0);
}

#[test]
fn a_callee_who_alone_hears_nothing_asks_for_a_session() {
    let mut duo = Duo::in_a_call();
    duo.run(SECOND * 10);
    let session = duo.session(Bob);
    duo.tell_session(Bob, session, Transport::Silent(SECOND * 6));
    duo.run(SECOND);
    assert_on(&duo, 1);
}

#[test]
fn a_path_that_comes_back_while_a_session_is_set_up_carries_until_that_is_connected() {
    let mut duo = Duo::in_a_call();
    duo.cut_path();
    duo.run(Duration::from_millis(4501));
    assert_eq!(duo.at(Alice).sessions.len(), 2);
    duo.mend_path();
    duo.run(Duration::from_millis(11));
    duo.assert_in_a_call();
    assert_eq!(duo.session(Alice).number, 0);
    duo.run(SECOND * 3);
    assert_on(&duo, 1);
}

#[test]
fn a_session_that_fails_is_replaced_at_once() {
    for report in [Transport::Failed, Transport::Broken, Transport::Closed] {
        for who in BOTH {
            let mut duo = Duo::in_a_call();
            let session = duo.session(who);
            duo.tell_session(who, session, report);
            duo.run(SECOND);
            assert_on(&duo, 1);
        }
    }
}

#[test]
fn what_was_on_its_way_through_a_session_that_failed_does_not_bring_it_back() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    for who in BOTH {
        duo.tell_session(who, session, Transport::Failed);
        let (call, body) = (session.call, Body::Still);
        let bytes = Message { call, body }.encode();
        duo.feed(who, Input::Data { session, bytes });
    }
    duo.run(SECOND);
    assert_on(&duo, 1);
}

#[test]
fn a_session_that_comes_to_nothing_changes_nothing_and_one_that_is_not_secure_ends_the_call() {
    for report in [
        Transport::Failed,
        Transport::Broken,
        Transport::ClosedByPeer,
        Transport::Closed,
    ] {
        let mut duo = Duo::in_a_call();
        duo.path_possible = false;
        duo.feed(Alice, Input::NetworkChanged);
        duo.run(HOP * 2);
        let next = next(&duo);
        duo.tell_session(Alice, next, report);
        duo.run(SECOND * 10);
        duo.assert_in_a_call();
        assert_eq!(duo.session(Alice).number, 0);
    }
    let mut duo = Duo::in_a_call();
    duo.path_possible = false;
    duo.feed(Alice, Input::NetworkChanged);
    duo.run(HOP * 2);
    let next = next(&duo);
    duo.tell_session(Alice, next, Transport::Insecure);
    duo.run(SECOND);
    duo.assert_ended(EndReason::NotSecure, EndReason::NotSecure);
}

fn next(duo: &Duo) -> SessionId {
    SessionId {
        number: 1,
        ..duo.session(Alice)
    }
}

#[test]
fn a_peer_that_closes_its_only_session_is_gone_and_one_that_changes_over_is_not() {
    let mut duo = Duo::in_a_call();
    let old = duo.session(Alice);
    duo.path_possible = false;
    duo.feed(Alice, Input::NetworkChanged);
    duo.run(HOP * 2);
    duo.tell_session(Alice, old, Transport::ClosedByPeer);
    duo.run(SECOND);
    assert!(duo.phase(Alice).is_some());
    let mut duo = Duo::in_a_call();
    duo.tell_session(Alice, old, Transport::ClosedByPeer);
    duo.run(SECOND);
    assert_eq!(duo.reason(Alice), Some(EndReason::PeerGone));
}

#[test]
fn sessions_without_end_from_the_other_side_are_bounded_and_those_of_a_callee_are_ignored() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    duo.closing_takes = SECOND * 2;
    for number in 1..2000 {
        for (from, to) in [(Alice, Bob), (Bob, Alice)] {
            let parcel = Parcel(b"offer".to_vec());
            let session = number * 1000;
            let body = Body::Parcel {
                session,
                number: 0,
                parcel,
            };
            duo.word(from, to, call, body);
            duo.word(from, to, call, Body::Renew { session });
        }
        // Stations assert that no more than four sessions are held.
        duo.run(Duration::from_millis(5));
    }
    assert!(duo.at(Bob).renewals.len() <= 21);
    // Bob, the callee, asked; Alice begins her own.
    assert!(duo.at(Alice).renewals.len() <= 21);
    assert!(duo.at(Alice).sessions.iter().all(|it| it.id.number < 30));
}

#[test]
fn numbers_that_cannot_grow_end_no_call() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    let parcel = Parcel(b"offer".to_vec());
    let body = Body::Parcel {
        session: u32::MAX,
        number: 0,
        parcel,
    };
    duo.word(Alice, Bob, call, body);
    duo.run(SECOND);
    duo.feed(Bob, Input::NetworkChanged);
    duo.feed(Alice, Input::NetworkChanged);
    duo.run(SECOND);
    assert_eq!(duo.phase(Bob), Some(ActivePhase::Connected));
}
