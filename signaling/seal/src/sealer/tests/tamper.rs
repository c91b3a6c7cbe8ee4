//! Every byte of every frame.

use std::time::Instant;

use super::two_sides::{Side, kind, settle};
use crate::dropped::Dropped;
use crate::rate::Sender;

/// A handshake and a first message, up to before one of its frames is taken.
struct Exchange {
    ann: Side,
    bob: Side,
    frame: Vec<u8>,
}

/// Whoever takes the frame: `bob` for HELLO and DATA, `ann` for REPLY.
fn before(expected: &str, now: Instant) -> Exchange {
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    let mut frame = ann.only();
    if expected != "HELLO" {
        bob.take(now, ann.address, &frame);
        frame = bob.only();
    }
    if expected == "DATA" {
        ann.take(now, bob.address, &frame);
        frame = ann.only();
    }
    assert_eq!(kind(&frame), expected);
    Exchange { ann, bob, frame }
}

/// Gives the frame to the one whom it is for, and returns what they answer.
fn give(exchange: &mut Exchange, now: Instant, frame: &[u8], expected: &str) -> Vec<Vec<u8>> {
    let Exchange { ann, bob, .. } = exchange;
    if expected == "REPLY" {
        ann.take(now, bob.address, frame);
        ann.out()
    } else {
        bob.take(now, ann.address, frame);
        bob.out()
    }
}

#[test]
fn a_frame_with_any_byte_flipped_changes_nothing() {
    let now = Instant::now();
    for expected in ["HELLO", "REPLY", "DATA"] {
        for at in 0..256 {
            for bit in [0x01, 0x80] {
                let mut exchange = before(expected, now);
                let mut flipped = exchange.frame.clone();
                flipped[at] ^= bit;
                let said = give(&mut exchange, now, &flipped, expected);
                // DATA of a session that nobody knows is answered with a hint.
                assert!(said.iter().all(|it| kind(it) == "RESET"), "{expected} {at}");
                assert!(exchange.bob.heard.is_empty() && exchange.bob.words.is_empty());
                let right = exchange.frame.clone();
                let said = give(&mut exchange, now, &right, expected);
                let Exchange {
                    mut ann, mut bob, ..
                } = exchange;
                for frame in said {
                    let (to, from) = if expected == "REPLY" {
                        (&mut bob, ann.address)
                    } else {
                        (&mut ann, bob.address)
                    };
                    to.take(now, from, &frame);
                }
                settle(now, &mut ann, &mut bob);
                assert_eq!(bob.messages(), [b"invite"], "{expected} {at}");
            }
        }
    }
}

#[test]
fn a_frame_cut_or_lengthened_is_no_frame() {
    let now = Instant::now();
    for expected in ["HELLO", "REPLY", "DATA"] {
        let mut exchange = before(expected, now);
        let right = exchange.frame.clone();
        for length in (0..256).chain(257..300) {
            let mut wrong = right.clone();
            wrong.resize(length, 0);
            assert!(give(&mut exchange, now, &wrong, expected).is_empty());
        }
        let judged = exchange.bob.sealer.take(
            now,
            exchange.ann.address,
            (Sender::Stranger, exchange.ann.address),
            &right[..255],
        );
        assert_eq!(judged, Err(Dropped::Length));
    }
}

#[test]
fn a_plain_message_is_refused_by_name() {
    let now = Instant::now();
    let (ann, mut bob) = (Side::new(), Side::new());
    let plain = br#"{"v":1,"call":"0000000000000001","do":"invite","name":"Eve"}"#;
    assert_eq!(
        bob.sealer
            .take(now, ann.address, (Sender::Stranger, ann.address), plain),
        Err(Dropped::Plain)
    );
    assert!(bob.sealer.poll_output().is_none());
}
