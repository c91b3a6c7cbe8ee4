//! Frames that come again, late or in another order.

use std::time::Instant;

use super::two_sides::{Side, in_conversation, kinds, seconds};
use crate::dropped::Dropped;
use crate::rate::Sender;
use crate::window::WINDOW;

#[test]
fn a_copied_call_never_rings_again_also_not_after_a_restart() {
    let start = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(start, bob.address, 1, b"invite");
    let hello = ann.only();
    bob.take(start, ann.address, &hello);
    ann.take(start, bob.address, &bob.only());
    let data = ann.only();
    bob.take(start, ann.address, &data);
    assert_eq!(bob.messages(), [b"invite"]);

    let copies = |bob: &mut Side, now| {
        for _ in 0..3 {
            bob.take(now, ann.address, &data);
            bob.take(now, ann.address, &hello);
            bob.take(now, ann.address, &data);
        }
        assert!(bob.heard.is_empty() && bob.words.len() <= 1);
        kinds(&bob.out())
    };
    assert!(copies(&mut bob, start).is_empty());
    let judged = bob
        .sealer
        .take(start, ann.address, (Sender::Stranger, ann.address), &data);
    assert_eq!(judged, Err(Dropped::Repeated));
    // The session is forgotten: the HELLO is as good as new, and is worth nothing.
    let later = start + seconds(400);
    assert!(copies(&mut bob, later).contains(&"REPLY"));
    bob.restart();
    assert!(copies(&mut bob, later).contains(&"REPLY"));
    let judged = bob
        .sealer
        .take(later, ann.address, (Sender::Stranger, ann.address), &data);
    assert_eq!(judged, Err(Dropped::Unauthentic));
}

#[test]
fn data_in_any_order_is_delivered_once() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    for number in 0..20_u8 {
        ann.say(now, bob.address, 1, &[number]);
    }
    let mut frames = ann.out();
    frames.reverse();
    frames.swap(3, 11);
    frames.extend(frames.clone());
    for frame in &frames {
        bob.take(now, ann.address, frame);
    }
    let mut messages = bob.messages();
    assert_eq!(messages.len(), 20);
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), 20);
}

#[test]
fn data_beyond_the_window_is_late() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    for number in 0..=WINDOW {
        ann.say(now, bob.address, 1, &number.to_be_bytes());
    }
    let frames = ann.out();
    let judged = |bob: &mut Side, at: usize| {
        bob.sealer.take(
            now,
            ann.address,
            (Sender::Stranger, ann.address),
            &frames[at],
        )
    };
    assert_eq!(judged(&mut bob, frames.len() - 1), Ok(true));
    assert_eq!(judged(&mut bob, 0), Err(Dropped::Late));
    assert_eq!(judged(&mut bob, 1), Ok(true));
    assert_eq!(judged(&mut bob, 1), Err(Dropped::Repeated));
}

#[test]
fn the_first_data_may_be_lost_or_come_second() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"one");
    ann.say(now, bob.address, 1, b"two");
    bob.take(now, ann.address, &ann.only());
    ann.take(now, bob.address, &bob.only());
    let mut frames = ann.out();
    frames.reverse();
    for frame in &frames {
        bob.take(now, ann.address, frame);
    }
    assert_eq!(bob.messages(), [b"two", b"one"]);
    assert_eq!(bob.words.len(), 1);
}
