//! Parcels, and the one place for a session.

use std::time::Duration;

use super::duo::Duo;
use super::station::Who::{Alice, Bob};
use crate::id::CallId;
use crate::input::{Input, Standing, Transport};
use crate::message::{Body, MAX_PARCEL, Parcel};
use crate::reason::EndReason;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_caller_offers_and_the_callee_answers() {
    let duo = Duo::in_a_call();
    let offers = |who| duo.at(who).end(duo.session(who)).unwrap().offerer;
    assert!(offers(Alice) && !offers(Bob));
}

#[test]
fn parcels_that_come_while_it_rings_wait_in_order_and_not_without_bound() {
    let mut duo = Duo::new();
    let call = duo.dial(Alice, Bob);
    duo.run(SECOND);
    for n in 0..1000_u32 {
        let parcel = Parcel([&n.to_be_bytes()[..], &[0; 1000]].concat());
        // Alice's own session has made the first two.
        let number = n + 2;
        duo.word(
            Alice,
            Bob,
            call,
            Body::Parcel {
                session: 0,
                number,
                parcel,
            },
        );
    }
    duo.run(SECOND);
    let (now, phone) = (duo.now, &mut duo.at_mut(Bob).phone);
    phone.handle(
        now,
        Input::Command(crate::input::Command::Accept { video: true }),
    );
    let outputs = duo.at_mut(Bob).outputs(now);
    let numbers: Vec<u32> = outputs
        .iter()
        .filter_map(|output| match output {
            crate::output::Output::Parcel { parcel, .. } => parcel.get(..4),
            _ => None,
        })
        .filter_map(|head| Some(u32::from_be_bytes(head.try_into().ok()?)))
        .filter(|n| *n < 1000)
        .collect();
    assert!((30..64).contains(&numbers.len()), "{}", numbers.len());
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_parcel_that_is_too_large_is_not_sent() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    let before = duo.at(Alice).said.len();
    duo.parcel(Alice, session, vec![0; MAX_PARCEL + 1]);
    assert_eq!(duo.at(Alice).said.len(), before);
}

#[test]
fn late_news_of_an_old_session_changes_nothing() {
    let mut duo = Duo::in_a_call();
    let old = duo.session(Alice);
    duo.end(Alice);
    duo.run(SECOND);
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    duo.accept(Bob);
    duo.run(SECOND);
    for state in [
        Transport::Connected,
        Transport::Disconnected,
        Transport::Silent(SECOND * 60),
        Transport::ClosedByPeer,
        Transport::Failed,
        Transport::Broken,
        Transport::Closed,
    ] {
        duo.tell_session(Alice, old, state);
    }
    duo.feed(
        Alice,
        Input::Data {
            session: old,
            bytes: b"late".to_vec(),
        },
    );
    duo.parcel(Alice, old, b"late".to_vec());
    duo.run(SECOND * 5);
    duo.assert_in_a_call();
    assert!(duo.at(Alice).renewals.is_empty());
}

#[test]
fn a_session_that_cannot_be_opened_ends_the_call_while_it_rings() {
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(SECOND);
    let session = duo.session(Alice);
    duo.tell_session(Alice, session, Transport::Failed);
    duo.run(SECOND);
    duo.assert_ended(EndReason::NoPath, EndReason::Missed);
}

#[test]
fn a_machine_that_cannot_carry_on_ends_the_call_at_once() {
    let mut duo = Duo::in_a_call();
    let call = duo.session(Alice).call;
    duo.feed(Alice, Input::Broken { call });
    duo.run(SECOND);
    duo.assert_ended(EndReason::InternalError, EndReason::ConnectionLost);
}

#[test]
fn rubbish_through_the_session_is_dropped() {
    let mut duo = Duo::in_a_call();
    let session = duo.session(Alice);
    for bytes in [&b""[..], b"\xff\xff", b"{}", b"[1,2,3]", &[b'['; 20_000]] {
        duo.feed(
            Alice,
            Input::Data {
                session,
                bytes: bytes.to_vec(),
            },
        );
        duo.feed(
            Alice,
            Input::Message {
                from: "tincan:bob".to_owned(),
                standing: Standing::Known,
                bytes: bytes.to_vec(),
            },
        );
    }
    let stranger = crate::message::Message {
        call: CallId(1),
        body: Body::Still,
    };
    duo.feed(
        Alice,
        Input::Data {
            session,
            bytes: stranger.encode(),
        },
    );
    duo.run(SECOND);
    duo.assert_in_a_call();
}
