//! Many strangers, and what each of them may cost.

use std::time::Instant;

use super::two_sides::{Side, in_conversation, kinds, millis, seconds, settle};
use crate::SendError;
use crate::dropped::Dropped;
use crate::rate::Sender;
use crate::sessions::MAX_SESSIONS;

/// A HELLO of a new session of somebody.
fn hello(side: &mut Side, now: Instant, to: &Side) -> Vec<u8> {
    side.restart();
    side.say(now, to.address, 1, b"invite");
    side.only()
}

#[test]
fn ten_thousand_hellos_keep_the_bounds() {
    let start = Instant::now();
    let mut bob = Side::new();
    let mut strangers: Vec<_> = (0..500).map(|_| Side::new()).collect();
    let (mut replies, mut most) = (0, 0);
    for number in 0..10_000_u64 {
        let now = start + millis(number);
        let stranger = &mut strangers[usize::try_from(number % 500).unwrap()];
        let hello = hello(stranger, now, &bob);
        bob.take(now, stranger.address, &hello);
        replies += bob.out().len();
        most = most.max(bob.sealer.half_open.len());
        assert!(bob.sealer.half_open.len() <= 32);
        assert!(bob.sealer.outputs.is_empty());
    }
    // Ten seconds; each one half-open for ten.
    assert_eq!(most, 32);
    assert!((32..=64).contains(&replies), "{replies}");
    assert_eq!(bob.sealer.sessions.len() + bob.sealer.pending.len(), 0);
    assert!(bob.heard.is_empty());
    bob.pass_time(start + seconds(20));
    assert_eq!(bob.sealer.half_open.len(), 0);
    assert!(bob.sealer.poll_timeout().is_none());
}

#[test]
fn twenty_handshakes_a_second_are_answered() {
    let start = Instant::now();
    let mut bob = Side::new();
    let mut judged = |now| {
        bob.sealer.half_open.clear();
        // Each time somebody else, so that only the limit of all together counts.
        let mut other = Side::new();
        other.say(now, bob.address, 1, b"invite");
        bob.sealer.take(
            now,
            other.address,
            (Sender::Stranger, other.address),
            &other.only(),
        )
    };
    let answered = (0..100).filter(|_| judged(start).is_ok()).count();
    assert_eq!(answered, 20);
    assert_eq!(judged(start), Err(Dropped::HandshakeRate));
    assert_eq!(judged(start + millis(51)), Ok(false));
}

#[test]
fn one_sender_has_two_half_open_and_two_handshakes_a_second() {
    let start = Instant::now();
    let (mut bob, mut eve) = (Side::new(), Side::new());
    let mut judged = |bob: &mut Side, now| {
        let hello = hello(&mut eve, now, bob);
        bob.sealer
            .take(now, eve.address, (Sender::Stranger, eve.address), &hello)
    };
    assert_eq!(judged(&mut bob, start), Ok(false));
    assert_eq!(judged(&mut bob, start), Ok(false));
    assert_eq!(judged(&mut bob, start), Err(Dropped::HalfOpenOfSender));
    bob.sealer.half_open.clear();
    assert_eq!(judged(&mut bob, start), Ok(false));
    bob.sealer.half_open.clear();
    assert_eq!(judged(&mut bob, start), Ok(false));
    bob.sealer.half_open.clear();
    assert_eq!(judged(&mut bob, start), Err(Dropped::HandshakeRate));
    assert_eq!(judged(&mut bob, start + millis(500)), Ok(false));
    // The first ones are not pushed out by later ones.
    let later = start + seconds(30);
    bob.pass_time(later);
    let mut ann = Side::new();
    ann.say(later, bob.address, 1, b"invite");
    bob.take(later, ann.address, &ann.only());
    for _ in 0..100 {
        let mut other = Side::new();
        other.say(later, bob.address, 1, b"invite");
        bob.take(later, other.address, &other.only());
    }
    settle(later, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"invite"]);
}

#[test]
fn strangers_cannot_keep_the_one_in_a_call_from_a_new_session() {
    let start = Instant::now();
    let (mut ann, mut bob) = in_conversation(start);
    bob.sealer.set_active(Some((ann.address, 1)));
    for number in 0..200 {
        let mut stranger = Side::new();
        let now = start + millis(number * 20);
        stranger.say(now, bob.address, 1, b"invite");
        bob.take(now, stranger.address, &stranger.only());
    }
    assert_eq!(bob.sealer.half_open.len(), 32);
    let now = start + seconds(4);
    ann.restart();
    ann.say(now, bob.address, 2, b"invite");
    bob.frames.clear();
    bob.take(now, ann.address, &ann.only());
    ann.take(now, bob.address, &bob.only());
    bob.take(now, ann.address, &ann.only());
    assert_eq!(bob.messages(), [b"invite"]);
}

#[test]
fn the_session_of_the_call_outlives_all_others() {
    let start = Instant::now();
    let (mut ann, mut bob) = in_conversation(start);
    bob.sealer.set_active(Some((ann.address, 1)));
    let mut first = None;
    for number in 0..30 {
        let mut other = Side::new();
        let now = start + seconds(1 + number);
        other.say(now, bob.address, 1, b"invite");
        settle(now, &mut other, &mut bob);
        assert!(bob.sealer.sessions.len() <= MAX_SESSIONS);
        first.get_or_insert(other);
    }
    assert_eq!(bob.messages().len(), 30);
    assert_eq!(bob.sealer.sessions.len(), MAX_SESSIONS);
    let now = start + seconds(40);
    ann.say(now, bob.address, 1, b"offer");
    assert_eq!(settle(now, &mut ann, &mut bob), ["DATA"]);
    assert_eq!(bob.messages(), [b"offer"]);
    // Whoever was pushed out learns it at once, and is heard in a new session.
    let mut first = first.unwrap();
    first.say(now, bob.address, 1, b"still?");
    let carried = settle(now, &mut first, &mut bob);
    assert_eq!(carried, ["DATA", "RESET", "HELLO", "REPLY", "DATA"]);
    assert_eq!(bob.messages(), [b"still?"]);
}

#[test]
fn one_peer_with_many_conversations_pushes_out_no_call() {
    let start = Instant::now();
    let (mut ann, mut bob) = in_conversation(start);
    bob.sealer.set_active(Some((ann.address, 1)));
    let words = bob.words.clone();
    let mut eve = Side::new();
    for number in 0..200 {
        let now = start + seconds(number);
        eve.say(now, bob.address, number, b"invite");
        settle(now, &mut eve, &mut bob);
    }
    assert_eq!(bob.sealer.told.len(), 64);
    let now = start + seconds(200);
    ann.say(now, bob.address, 1, b"offer");
    assert_eq!(settle(now, &mut ann, &mut bob), ["DATA"]);
    let of_call = bob.words.iter().filter(|it| **it == words[0]);
    assert_eq!(of_call.count(), 1);
}

#[test]
fn what_waits_is_bounded_and_given_up_after_a_minute() {
    let start = Instant::now();
    let (mut ann, bob) = (Side::new(), Side::new());
    let large = vec![1; 40 * 1024];
    ann.say(start, bob.address, 1, &large);
    let refused = ann.sealer.send(start, bob.address, 1, &large[1..]);
    assert_eq!(refused, Err(SendError::Full));
    // Also for others, and also many that are empty.
    let eve = Side::new();
    let refused = ann.sealer.send(start, eve.address, 2, &large);
    assert_eq!(refused, Err(SendError::Full));
    let small = (0..2000_u16).take_while(|number| {
        let message = number.to_be_bytes();
        ann.sealer.send(start, bob.address, 1, &message).is_ok()
    });
    assert!(small.count() < 400);
    ann.pass_time(start + seconds(60));
    assert!(ann.sealer.pending.is_empty() && ann.sealer.poll_timeout().is_none());
    ann.say(start + seconds(60), bob.address, 1, &large);
    assert_eq!(kinds(&[ann.out().pop().unwrap()]), ["HELLO"]);
}

#[test]
fn eight_sessions_are_begun_at_a_time() {
    let now = Instant::now();
    let (mut ann, bob) = (Side::new(), Side::new());
    for conversation in 0..8 {
        ann.say(now, bob.address, conversation, b"invite");
    }
    let refused = ann.sealer.send(now, bob.address, 8, b"invite");
    assert_eq!(refused, Err(SendError::Full));
    assert_eq!(ann.out().len(), 8);
}

#[test]
fn answers_to_one_hello_are_few_however_many_are_forged() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    let hello = ann.only();
    bob.take(now, ann.address, &hello);
    let reply = bob.only();
    let mut forged = reply.clone();
    forged[60] ^= 1;
    let judged = |ann: &mut Side, now| {
        ann.sealer
            .take(now, bob.address, (Sender::Stranger, bob.address), &forged)
    };
    for _ in 0..8 {
        assert_eq!(judged(&mut ann, now), Err(Dropped::Unauthentic));
    }
    assert_eq!(judged(&mut ann, now), Err(Dropped::AnswerRate));
    let later = now + millis(250);
    ann.take(later, bob.address, &reply);
    assert_eq!(kinds(&ann.out()), ["DATA"]);
    // And the same HELLO is answered a few times only.
    for _ in 0..100 {
        bob.take(now, ann.address, &hello);
    }
    assert_eq!(bob.out().len(), 8);
}

#[test]
fn strangers_cannot_keep_those_whom_the_user_knows_from_calling() {
    let start = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    // Sixteen keys that never answer a REPLY, each with a HELLO in five seconds.
    let mut strangers: Vec<_> = (0..16).map(|_| Side::new()).collect();
    let mut flood = |bob: &mut Side, now| {
        for stranger in &mut strangers {
            let hello = hello(stranger, now, bob);
            bob.take(now, stranger.address, &hello);
        }
        bob.out();
    };
    flood(&mut bob, start);
    flood(&mut bob, start + seconds(5));
    assert_eq!(bob.sealer.half_open.len(), 32);
    let now = start + seconds(6);
    ann.say(now, bob.address, 1, b"invite");
    let judged = bob.sealer.take(
        now,
        ann.address,
        (Sender::Familiar, ann.address),
        &ann.only(),
    );
    assert_eq!(judged, Ok(false));
    bob.drain();
    settle(now, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"invite"]);
}

#[test]
fn strangers_cannot_keep_the_user_from_calling() {
    let start = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    // Each is answered, and says at once that it does not know the session.
    for number in 0..9 {
        let mut eve = Side::new();
        let now = start + millis(100 * number);
        eve.say(now, bob.address, number, b"invite");
        settle(now, &mut eve, &mut bob);
        bob.say(now, eve.address, number, b"busy");
        let mut reset = bob.only()[..18].to_vec();
        reset[1] = 4;
        bob.take(now, eve.address, &reset);
        bob.out();
    }
    assert_eq!(bob.sealer.pending.len(), 8);
    let now = start + seconds(1);
    let refused = bob.sealer.send(now, ann.address, 1, b"invite");
    assert_eq!(refused, Err(SendError::Full), "it is nobody's call yet");
    bob.sealer.set_active(Some((ann.address, 1)));
    bob.say(now, ann.address, 1, b"invite");
    assert_eq!(bob.sealer.pending.len(), 8);
    settle(now, &mut bob, &mut ann);
    assert_eq!(ann.messages(), [b"invite"]);
}

#[test]
fn frames_that_only_claim_to_be_somebodys_cost_them_nothing() {
    let now = Instant::now();
    let (mut ann, mut bob, eve) = (Side::new(), Side::new(), Side::new());
    for number in 0..100 {
        let mut garbage = vec![number; 256];
        garbage[..2].copy_from_slice(&[1, 1]);
        let cost = (Sender::Stranger, eve.address);
        let is_proof = bob.sealer.receive_at_cost(now, ann.address, cost, &garbage);
        assert!(!is_proof);
    }
    ann.say(now, bob.address, 1, b"invite");
    settle(now, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"invite"]);
}
