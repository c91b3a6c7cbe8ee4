use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::livekit::open::Seat;
use crate::livekit::room::{Identity, RoomName};
use crate::livekit::token::TTL;

const CALL: CallNumber = CallNumber(7);

fn clock() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn somebody(number: u8) -> Address {
    Address::from_bytes([number; 32])
}

/// A client in its own session at its own network.
fn claim(number: u8) -> Claim {
    claim_from(number, Ipv4Addr::new(192, 0, 2, number).into())
}

fn claim_from(number: u8, ip: IpAddr) -> Claim {
    Claim::new(somebody(number), SessionToken([number; 16]), ip)
}

fn names(number: u8) -> Names {
    Names {
        room: RoomName([number; 16]),
        parties: [Identity([number; 16]), Identity([!number; 16])],
    }
}

fn calls() -> Calls {
    Calls::new(100, 10)
}

/// Everybody, or nobody, is connected.
fn everybody(_: &Address, _: &SessionToken) -> bool {
    true
}

fn nobody(_: &Address, _: &SessionToken) -> bool {
    false
}

/// One and two ask for their call.
fn both_ask(calls: &mut Calls, now: Instant) {
    calls.ask(claim(1), CALL, somebody(2), now);
    calls.ask(claim(2), CALL, somebody(1), now);
}

/// One and two are in a call whose room there is.
fn opened(now: Instant) -> Calls {
    let mut calls = calls();
    both_ask(&mut calls, now);
    assert_eq!(calls.next_wish(now), Some(Wish::Make(CALL)));
    calls.made(CALL, names(1), Ok(()), now);
    calls
}

/// The one thing that somebody is told.
fn told(calls: &mut Calls, number: u8) -> Told {
    let told = calls.take_told(&somebody(number), clock());
    let [one] = told[..] else { panic!("{told:?}") };
    one
}

fn seat(calls: &mut Calls, number: u8) -> Seat {
    match told(calls, number) {
        Told::Access { call, with, seat } => {
            assert_eq!((call, with), (CALL, somebody(3 - number)));
            seat
        }
        told @ Told::No { .. } => panic!("{told:?}"),
    }
}

fn refusal(calls: &mut Calls, number: u8) -> NoAccess {
    match told(calls, number) {
        Told::No { why, .. } => why,
        told @ Told::Access { .. } => panic!("{told:?}"),
    }
}

/// The room that is to be deleted next.
fn closes(calls: &mut Calls, now: Instant) -> Option<RoomName> {
    match calls.next_wish(now) {
        Some(Wish::Close(room)) => Some(room),
        Some(Wish::Make(_) | Wish::Look(..)) | None => None,
    }
}

#[test]
fn both_get_a_seat_in_one_room_when_both_have_named_each_other() {
    let now = Instant::now();
    let mut calls = calls();
    calls.ask(claim(1), CALL, somebody(2), now);
    assert_eq!(calls.next_wish(now), None, "one alone gets nothing");
    assert_eq!(calls.take_told(&somebody(1), clock()), []);
    calls.ask(claim(2), CALL, somebody(1), now);
    assert_eq!(calls.next_wish(now), Some(Wish::Make(CALL)));
    assert_eq!(calls.next_wish(now), None, "one room");
    assert_eq!(calls.take_told(&somebody(2), clock()), []);
    calls.made(CALL, names(1), Ok(()), now);
    let (one, two) = (seat(&mut calls, 1), seat(&mut calls, 2));
    assert_eq!((one.room, two.room), (RoomName([1; 16]), RoomName([1; 16])));
    assert_ne!(one.identity, two.identity);
    assert!(one.is_new && two.is_new);
    assert_eq!(calls.rooms(), 1);
}

#[test]
fn whoever_asks_again_gets_the_same_token_until_that_ends_soon() {
    let now = Instant::now();
    let mut calls = opened(now);
    let first = seat(&mut calls, 1);
    calls.ask(claim(1), CALL, somebody(2), now);
    let again = seat(&mut calls, 1);
    assert_eq!((again.until, again.identity), (first.until, first.identity));
    assert!(!again.is_new);
    calls.ask(claim(1), CALL, somebody(2), now);
    let late = clock() + TTL - Duration::from_secs(119);
    let told = calls.take_told(&somebody(1), late);
    let [Told::Access { seat: renewed, .. }] = told[..] else {
        panic!("{told:?}")
    };
    assert!(renewed.is_new && renewed.identity == first.identity);
    assert_eq!(renewed.until, late + TTL);
}

#[test]
fn a_third_party_gets_nothing_whomever_it_names() {
    let now = Instant::now();
    let mut waiting = calls();
    waiting.ask(claim(1), CALL, somebody(2), now);
    for calls in [&mut waiting, &mut opened(now)] {
        for named in [1, 2, 3] {
            calls.ask(claim(3), CALL, somebody(named), now);
            assert_eq!(refusal(calls, 3), NoAccess::Refused);
        }
        calls.ask(claim(1), CALL, somebody(3), now);
        calls.release(&somebody(3), CALL, now);
        assert_eq!(closes(calls, now), None);
    }
    waiting.ask(claim(2), CALL, somebody(1), now);
    assert_eq!(waiting.next_wish(now), Some(Wish::Make(CALL)));
}

#[test]
fn a_released_call_lets_nobody_in_and_loses_its_room_within_a_second() {
    let now = Instant::now();
    let mut calls = opened(now);
    seat(&mut calls, 1);
    calls.release(&somebody(1), CALL, now);
    calls.ask(claim(2), CALL, somebody(1), now);
    assert_eq!(refusal(&mut calls, 2), NoAccess::Refused);
    calls.tick(now + Duration::from_millis(900));
    assert_eq!(closes(&mut calls, now), None);
    let later = now + Duration::from_secs(1);
    calls.tick(later);
    assert_eq!(closes(&mut calls, later), Some(RoomName([1; 16])));
    calls.ask(claim(1), CALL, somebody(2), later);
    assert_eq!(refusal(&mut calls, 1), NoAccess::Refused);
    calls.closing.asked(RoomName([1; 16]), true, later);
    assert_eq!(calls.rooms(), 0);
    assert!(calls.by_number.is_empty() && calls.askers.is_empty());
}

#[test]
fn when_both_have_released_it_the_room_is_deleted_at_once() {
    let now = Instant::now();
    let mut calls = opened(now);
    calls.release(&somebody(1), CALL, now);
    calls.release(&somebody(2), CALL, now);
    assert_eq!(closes(&mut calls, now), Some(RoomName([1; 16])));
    assert_eq!(
        refusal(&mut calls, 1),
        NoAccess::Refused,
        "it came too late"
    );
}

#[test]
fn whoever_waits_hears_that_the_other_one_is_done() {
    let now = Instant::now();
    let mut calls = calls();
    calls.ask(claim(1), CALL, somebody(2), now);
    calls.release(&somebody(2), CALL, now);
    calls.ask(claim(2), CALL, somebody(1), now);
    assert_eq!(refusal(&mut calls, 2), NoAccess::Refused);
    assert_eq!(
        calls.take_told(&somebody(1), clock()),
        [],
        "from them first"
    );
    let later = now + HEARD_FROM_THEM;
    calls.tick(later);
    assert_eq!(refusal(&mut calls, 1), NoAccess::Refused);
    calls.ask(claim(1), CALL, somebody(2), later);
    assert_eq!(refusal(&mut calls, 1), NoAccess::Refused);
    assert_eq!(calls.next_wish(now), None);
}

#[test]
fn whoever_waits_hears_it_too_when_the_other_one_says_twice_that_they_are_done() {
    let now = Instant::now();
    for asks in [vec![1], vec![1, 2]] {
        let mut calls = calls();
        for number in asks {
            calls.ask(claim(number), CALL, somebody(3 - number), now);
        }
        calls.release(&somebody(2), CALL, now);
        calls.release(&somebody(2), CALL, now + HEARD_FROM_THEM / 2);
        calls.tick(now + HEARD_FROM_THEM);
        assert_eq!(refusal(&mut calls, 1), NoAccess::Refused);
    }
}

#[test]
fn when_both_are_done_before_there_is_a_room_nobody_is_told() {
    let now = Instant::now();
    let mut calls = calls();
    both_ask(&mut calls, now);
    calls.release(&somebody(2), CALL, now);
    calls.release(&somebody(1), CALL, now);
    calls.tick(now + HEARD_FROM_THEM);
    assert_eq!(calls.take_told(&somebody(1), clock()), []);
    assert_eq!(calls.take_told(&somebody(2), clock()), []);
    assert!(calls.by_number.is_empty() && calls.askers.is_empty());
}

#[test]
fn a_relay_that_ends_waits_for_a_room_of_a_call_that_is_over_and_for_nothing_else_of_it() {
    let now = Instant::now();
    let mut waiting = calls();
    waiting.ask(claim(1), CALL, somebody(2), now);
    waiting.release(&somebody(2), CALL, now);
    assert!(waiting.is_idle(now), "nobody asks the server");

    let asked = || {
        let mut calls = calls();
        both_ask(&mut calls, now);
        calls
    };
    let mut unasked = asked();
    unasked.release(&somebody(2), CALL, now);
    assert_eq!(unasked.next_wish(now), None);
    assert!(unasked.is_idle(now), "the server was not asked yet");

    let mut making = asked();
    making.next_wish(now);
    making.release(&somebody(2), CALL, now);
    assert!(!making.is_idle(now));
    let later = now + HEARD_FROM_THEM;
    making.tick(later);
    assert!(!making.is_idle(later), "there may be a room");
    making.made(CALL, names(1), Err(ApiError::Unreachable), later);
    assert!(making.is_idle(later));
}

#[test]
fn one_alone_waits_for_two_minutes() {
    let now = Instant::now();
    let mut calls = calls();
    calls.ask(claim(1), CALL, somebody(2), now);
    calls.tick(now + WAIT - Duration::from_millis(1));
    assert_eq!(calls.take_told(&somebody(1), clock()), []);
    calls.tick(now + WAIT);
    assert_eq!(refusal(&mut calls, 1), NoAccess::Refused);
    assert!(calls.askers.is_empty());
}

#[test]
fn a_server_that_fails_is_told_to_both_and_they_may_try_again() {
    let now = Instant::now();
    let mut calls = calls();
    let wish = |calls: &mut Calls| {
        both_ask(calls, now);
        assert_eq!(calls.next_wish(now), Some(Wish::Make(CALL)));
    };
    wish(&mut calls);
    calls.made(CALL, names(1), Err(ApiError::Refused(401)), now);
    assert_eq!(refusal(&mut calls, 1), NoAccess::Unavailable);
    assert_eq!(refusal(&mut calls, 2), NoAccess::Unavailable);
    assert_eq!(closes(&mut calls, now), None);
    wish(&mut calls);
    calls.made(CALL, names(2), Err(ApiError::Unanswered), now);
    let made_perhaps = Some(RoomName([2; 16]));
    assert_eq!(closes(&mut calls, now), made_perhaps, "nobody knows");
    wish(&mut calls);
    calls.made(CALL, names(4), Err(ApiError::Garbled), now);
    let made_probably = Some(RoomName([4; 16]));
    assert_eq!(closes(&mut calls, now), made_probably, "it said yes");
    wish(&mut calls);
    calls.tick(now + MAKE);
    assert_eq!(refusal(&mut calls, 1), NoAccess::Unavailable);
    calls.made(CALL, names(3), Ok(()), now);
    assert_eq!(closes(&mut calls, now), Some(RoomName([3; 16])), "too late");
}

#[test]
fn a_room_that_is_made_for_a_call_that_is_over_is_deleted() {
    let now = Instant::now();
    let mut calls = calls();
    both_ask(&mut calls, now);
    calls.next_wish(now);
    calls.release(&somebody(1), CALL, now);
    calls.made(CALL, names(1), Ok(()), now);
    assert_eq!(closes(&mut calls, now), Some(RoomName([1; 16])));
    calls.tick(now + HEARD_FROM_THEM);
    assert_eq!(refusal(&mut calls, 2), NoAccess::Refused);
}

#[test]
fn who_was_not_told_before_the_other_one_hung_up_gets_no_token() {
    let now = Instant::now();
    let mut calls = calls();
    both_ask(&mut calls, now);
    calls.next_wish(now);
    calls.made(CALL, names(1), Ok(()), now);
    calls.release(&somebody(1), CALL, now);
    assert_eq!(refusal(&mut calls, 2), NoAccess::Refused);
}

#[test]
fn a_room_that_is_made_while_the_relay_ends_is_looked_at_at_once() {
    let now = Instant::now();
    let mut calls = calls();
    both_ask(&mut calls, now);
    calls.next_wish(now);
    calls.end_all(now);
    calls.made(CALL, names(1), Ok(()), now);
    assert!(!calls.is_idle(now));
    calls.tick(now);
    assert_eq!(
        calls.next_wish(now),
        Some(Wish::Look(CALL, RoomName([1; 16])))
    );
}

#[test]
fn a_room_whose_parties_are_lost_is_deleted_once_nobody_is_in_it() {
    let now = Instant::now();
    let mut calls = opened(now);
    calls.attend(&nobody, now);
    calls.tick(now + Duration::from_secs(9));
    assert_eq!(calls.next_wish(now), None, "they may be back at once");
    let mut later = now + Duration::from_secs(10);
    for _ in 0..4 {
        calls.attend(&nobody, later);
        calls.tick(later);
        let look = Wish::Look(CALL, RoomName([1; 16]));
        assert_eq!(calls.next_wish(later), Some(look));
        calls.looked(CALL, Ok(2), later);
        for _ in 0..3 {
            calls.attend(&nobody, later);
            calls.tick(later);
            assert_eq!(calls.next_wish(later), None, "the server has time");
            later += Duration::from_secs(1);
        }
    }
    calls.tick(later);
    calls.next_wish(later);
    calls.looked(CALL, Err(ApiError::Unreachable), later);
    assert_eq!(closes(&mut calls, later), None, "nobody knows");
    calls.looked(CALL, Ok(0), later);
    assert_eq!(closes(&mut calls, later), Some(RoomName([1; 16])));
}

#[test]
fn one_party_that_is_here_keeps_the_room() {
    let now = Instant::now();
    let mut calls = opened(now);
    let one = |address: &Address, _: &SessionToken| *address == somebody(1);
    let look = Some(Wish::Look(CALL, RoomName([1; 16])));
    for minutes in 1..60 {
        let later = now + Duration::from_secs(60 * minutes);
        calls.attend(&one, later);
        calls.tick(later);
        let first = minutes == 2;
        assert_eq!(calls.next_wish(later), look.filter(|_| first));
        if first {
            calls.looked(CALL, Ok(1), later);
        }
    }
}

#[test]
fn a_party_that_comes_back_in_another_session_is_here_when_it_has_asked_again() {
    let now = Instant::now();
    let mut calls = opened(now);
    let first = seat(&mut calls, 1);
    let another = SessionToken([99; 16]);
    let back = |_: &Address, token: &SessionToken| *token == another;
    calls.attend(&back, now);
    let claim = Claim::new(somebody(1), another, Ipv4Addr::LOCALHOST.into());
    calls.ask(claim, CALL, somebody(2), now);
    assert_eq!(seat(&mut calls, 1).until, first.until);
    calls.attend(&back, now);
    calls.tick(now + Duration::from_secs(60));
    assert_eq!(calls.next_wish(now), None);
}

#[test]
fn a_call_that_nobody_joins_or_releases_is_found_to_be_over() {
    let now = Instant::now();
    let mut calls = opened(now);
    let answered = now + Duration::from_secs(120);
    let look = |calls: &mut Calls, at| {
        calls.attend(&everybody, at);
        calls.tick(at);
        matches!(calls.next_wish(at), Some(Wish::Look(..)))
    };
    assert!(look(&mut calls, answered));
    calls.looked(CALL, Ok(0), answered);
    assert_eq!(
        closes(&mut calls, answered),
        None,
        "they may be reconnecting"
    );
    let later = answered + Duration::from_secs(120);
    assert!(look(&mut calls, later));
    calls.looked(CALL, Ok(0), later);
    assert_eq!(closes(&mut calls, later), Some(RoomName([1; 16])));
}

#[test]
fn a_relay_that_ends_deletes_empty_rooms_and_leaves_calls_alone() {
    let now = Instant::now();
    for (people, is_deleted) in [(0, true), (1, false), (2, false)] {
        let mut calls = opened(now);
        assert!(calls.is_idle(now));
        calls.end_all(now);
        assert!(!calls.is_idle(now));
        calls.tick(now);
        assert!(matches!(calls.next_wish(now), Some(Wish::Look(..))));
        calls.looked(CALL, Ok(people), now);
        assert_eq!(closes(&mut calls, now).is_some(), is_deleted, "{people}");
        calls.closing.asked(RoomName([1; 16]), true, now);
        assert!(calls.is_idle(now));
    }
}

#[test]
fn one_address_and_one_source_have_few_calls_and_the_relay_has_a_bound() {
    let now = Instant::now();
    let mut calls = calls();
    for call in 0..20 {
        calls.ask(claim(1), CallNumber(call), somebody(2), now);
    }
    assert_eq!(calls.by_number.len(), 10, "of one address");
    let mut calls = Calls::new(100, 10);
    for number in 0..100 {
        let claim = claim_from(number, Ipv4Addr::LOCALHOST.into());
        let call = CallNumber(number.into());
        calls.ask(claim, call, somebody(200), now);
    }
    assert_eq!(calls.by_number.len(), 10, "of one source");
    let mut calls = Calls::new(20, 10);
    for number in 0..100 {
        let call = CallNumber(number.into());
        calls.ask(claim(number), call, somebody(200), now);
    }
    assert_eq!(calls.by_number.len(), 20, "of all");
}

#[test]
fn a_flood_of_asks_is_refused_and_costs_no_more_than_its_answers() {
    let now = Instant::now();
    let mut calls = calls();
    for call in 0..10_000 {
        calls.ask(claim(1), CallNumber(call), somebody(2), now);
    }
    assert!(calls.take_told(&somebody(1), clock()).len() <= 20);
    assert!(calls.by_number.len() <= 10);
    calls.attend(&nobody, now);
    assert!(calls.by_number.is_empty() && calls.askers.is_empty());
}

/// What may happen to a relay.
#[derive(Clone, Debug)]
enum Event {
    Ask { by: u8, call: u64, with: u8 },
    Release { by: u8, call: u64 },
    Server { works: bool, people: usize },
    Here { mask: u8 },
    Wait { seconds: u64 },
    Read { who: u8 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..4_u8, 0..3_u64, 0..4_u8).prop_map(|(by, call, with)| Event::Ask { by, call, with }),
        1 => (0..4_u8, 0..3_u64).prop_map(|(by, call)| Event::Release { by, call }),
        3 => (any::<bool>(), 0..3_usize).prop_map(|(works, people)| Event::Server { works, people }),
        1 => (0..16_u8).prop_map(|mask| Event::Here { mask }),
        1 => (0..200_u64).prop_map(|seconds| Event::Wait { seconds }),
        2 => (0..4_u8).prop_map(|who| Event::Read { who }),
    ]
}

proptest! {
    #[test]
    fn no_room_has_a_third_token_and_none_is_forgotten(
        events in prop::collection::vec(event(), 0..200)
    ) {
        let start = Instant::now();
        let (mut calls, mut now) = (Calls::new(10, 10), start);
        let mut rooms = std::collections::HashSet::new();
        let mut tokens = HashMap::<RoomName, std::collections::HashSet<_>>::new();
        let mut made = 0;
        for event in events {
            match event {
                Event::Ask { by, call, with } => calls.ask(claim(by), CallNumber(call), somebody(with), now),
                Event::Release { by, call } => calls.release(&somebody(by), CallNumber(call), now),
                Event::Wait { seconds } => now += Duration::from_secs(seconds),
                Event::Here { mask } => {
                    let is_here = |it: &Address, _: &SessionToken| (mask >> it.as_bytes()[0]) & 1 == 1;
                    calls.attend(&is_here, now);
                }
                Event::Read { who } => {
                    let clock = clock() + now.duration_since(start);
                    for told in calls.take_told(&somebody(who), clock) {
                        if let Told::Access { seat, .. } = told {
                            tokens.entry(seat.room).or_default().insert((seat.identity, who));
                        }
                    }
                }
                Event::Server { works, people } => {
                    calls.tick(now);
                    let error = ApiError::Unanswered;
                    match calls.next_wish(now) {
                        Some(Wish::Make(call)) => {
                            made += 1;
                            let names = names(made);
                            // Without an answer the room is there all the same.
                            rooms.insert(names.room);
                            calls.made(call, names, works.then_some(()).ok_or(error), now);
                        }
                        Some(Wish::Look(call, _)) => calls.looked(call, works.then_some(people).ok_or(error), now),
                        Some(Wish::Close(room)) => {
                            if works {
                                rooms.remove(&room);
                            }
                            calls.closing.asked(room, works, now);
                        }
                        None => {}
                    }
                }
            }
            prop_assert!(calls.rooms() == rooms.len(), "{} {}", calls.rooms(), rooms.len());
        }
        for owners in tokens.values() {
            prop_assert!(owners.len() <= 2, "{owners:?}");
        }
    }
}
