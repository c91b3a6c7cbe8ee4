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
fn a_peer_that_closes_its_only_session_has_hung_up_and_one_that_changes_over_has_not() {
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
    assert_eq!(duo.reason(Alice), Some(EndReason::RemoteHangup));
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
fn a_session_that_is_begun_too_soon_is_joined_as_soon_as_its_time_has_come() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    duo.path_possible = false;
    // The middle one has been given up by the time when the pause ends.
    for (session, parcels) in [(3, 2), (5, 3), (7, 2)] {
        for number in (0..parcels).rev() {
            let parcel = Parcel(format!("{session}: {number}").into_bytes());
            let body = Body::Parcel {
                session,
                number,
                parcel,
            };
            duo.word(Alice, Bob, call, body);
        }
        duo.run(Duration::from_millis(10));
    }
    duo.run(SECOND);
    let renewals = &duo.at(Bob).renewals;
    assert_eq!(renewals.len(), 2);
    assert_eq!(renewals[1].since(renewals[0]), Duration::from_millis(500));
    let open: Vec<_> = duo.at(Bob).sessions.iter().map(|it| it.id.number).collect();
    assert_eq!(open, [0, 7]);
    // All of its parcels were there.
    let has_all = |body: &Body| {
        matches!(
            body,
            Body::Received {
                session: 7,
                next: 2
            }
        )
    };
    assert_eq!(duo.at(Bob).count(has_all), 1);
}

#[test]
fn no_session_is_begun_behind_a_call_whose_first_one_still_waits() {
    let mut duo = Duo::in_a_call();
    duo.closing_takes = SECOND * 5;
    duo.end(Alice);
    duo.run(SECOND);
    let call = duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    let body = Body::Parcel {
        session: 1,
        number: 0,
        parcel: Parcel(b"offer".to_vec()),
    };
    duo.word(Alice, Bob, call, body);
    duo.run(SECOND);
    assert!(duo.at(Bob).sessions.iter().all(|it| it.id.call != call));
    // Stations assert that sessions are opened in the order of their numbers.
    duo.run(SECOND * 8);
    duo.assert_in_a_call();
}

#[test]
fn who_comes_back_on_another_network_is_joined_at_once_and_not_by_a_session_of_the_old_one() {
    for late in BOTH {
        let mut duo = Duo::in_a_call();
        duo.renewal_needed = true;
        for who in BOTH {
            duo.link(who, false);
        }
        duo.cut_path();
        // Begun while there was no network, so it knows no way.
        duo.feed(Alice, Input::NetworkChanged);
        duo.run(SECOND * 8);
        duo.mend_path();
        let early = if late == Alice { Bob } else { Alice };
        duo.link(early, true);
        duo.run(Duration::from_millis(10));
        duo.link(late, true);
        let on = |duo: &Duo, who| duo.session(who).number == 2;
        let taken = duo.time_until(|duo| on(duo, Alice) && on(duo, Bob));
        assert!(taken < SECOND * 3 / 2, "{late:?} comes last: {taken:?}");
    }
}

#[test]
fn what_sets_a_session_up_is_repeated_as_soon_as_if_it_were_the_first() {
    let mut duo = Duo::in_a_call();
    duo.renewal_needed = true;
    duo.hung = Some(Bob);
    duo.cut_path();
    // Sessions are begun at 4.5 and 9.5 s, and all that was said of them was lost.
    duo.run(Duration::from_millis(9600));
    duo.hung = None;
    duo.mend_path();
    let taken = duo.time_until(|duo| BOTH.iter().all(|it| duo.session(*it).number == 2));
    assert!(taken < SECOND + HOP * 4, "{taken:?}");
}

#[test]
fn a_call_has_four_sessions_at_most_while_the_replaced_one_is_still_open_too() {
    for who in BOTH {
        let mut duo = Duo::in_a_call();
        duo.closing_takes = SECOND * 3;
        duo.path_possible = false;
        duo.feed(who, Input::NetworkChanged);
        duo.run(HOP * 3);
        // The other side never says a word through it, so the one before stays open for a while.
        let next = next(&duo);
        duo.tell_session(who, next, Transport::Connected);
        for _ in 0..4 {
            duo.feed(who, Input::NetworkChanged);
            // Stations assert the bound.
            duo.run(SECOND * 6 / 10);
        }
        // The change is not forgotten for lack of room.
        duo.path_possible = true;
        duo.run(SECOND * 8);
        for who in BOTH {
            assert_eq!(duo.at(who).sessions.len(), 1, "{who:?}");
        }
        duo.assert_in_a_call();
    }
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
