//! How two sides speak when nobody disturbs them.

use std::time::Instant;

use super::two_sides::{Side, in_conversation, kinds, millis, seconds, settle};
use crate::{MAX_MESSAGE_BYTES, Output, SendError};

#[test]
fn a_message_arrives_after_one_round_trip_and_only_by_data() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 7, b"invite");
    let hello = ann.only();
    bob.take(now, ann.address, &hello);
    assert!(bob.heard.is_empty() && bob.words.is_empty());
    let reply = bob.only();
    ann.take(now, bob.address, &reply);
    let data = ann.only();
    assert_eq!(
        kinds(&[hello, reply, data.clone()]),
        ["HELLO", "REPLY", "DATA"]
    );
    bob.take(now, ann.address, &data);
    assert_eq!(bob.heard, [(ann.address, 7, b"invite".to_vec())]);
    assert!(bob.out().is_empty());
}

#[test]
fn both_sides_get_the_same_words_once() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    assert_eq!(ann.words.len(), 1);
    assert_eq!(ann.words, bob.words);
    ann.say(now, bob.address, 1, b"more");
    bob.say(now, ann.address, 1, b"more");
    settle(now, &mut ann, &mut bob);
    assert_eq!((ann.words.len(), bob.words.len()), (1, 1));
    let (other, _) = in_conversation(now);
    assert_ne!(other.words, ann.words);
}

#[test]
fn messages_that_wait_go_in_their_order_and_equal_ones_once() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    for message in [&b"one"[..], b"two", b"one", b"three", b"two"] {
        ann.say(now, bob.address, 1, message);
    }
    settle(now, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [&b"one"[..], b"two", b"three"]);
    // An established session repeats what it is told to repeat.
    ann.say(now, bob.address, 1, b"two");
    settle(now, &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"two"]);
}

#[test]
fn what_is_given_up_is_not_heard_by_who_comes_later() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    ann.say(now, bob.address, 2, b"another");
    let hello = ann.out().remove(0);
    ann.sealer.give_up(bob.address, 1);
    // The HELLO was on its way still.
    bob.take(now, ann.address, &hello);
    settle(now, &mut ann, &mut bob);
    assert!(bob.messages().is_empty());
    ann.pass_time(now + seconds(2));
    settle(now + seconds(2), &mut ann, &mut bob);
    assert_eq!(
        bob.messages(),
        [b"another"],
        "the other conversation goes on"
    );
    // A session that stands is not touched.
    ann.sealer.give_up(bob.address, 2);
    ann.say(now + seconds(3), bob.address, 2, b"more");
    settle(now + seconds(3), &mut ann, &mut bob);
    assert_eq!(bob.messages(), [b"more"]);
}

#[test]
fn frames_have_the_lengths_of_their_classes_and_no_others() {
    let now = Instant::now();
    let (mut ann, mut bob) = in_conversation(now);
    for (bytes, frame) in [
        (0, 256),
        (203, 256),
        (204, 1024),
        (971, 1024),
        (972, 4096),
        (4043, 4096),
        (4044, 16_384),
        (16_331, 16_384),
        (16_332, 49_152),
        (MAX_MESSAGE_BYTES, 49_152),
    ] {
        ann.say(now, bob.address, 1, &vec![b'x'; bytes]);
        let data = ann.only();
        assert_eq!(data.len(), frame, "a message of {bytes} bytes");
        bob.take(now, ann.address, &data);
        assert_eq!(bob.messages()[0].len(), bytes);
    }
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"");
    let hello = ann.only();
    bob.take(now, ann.address, &hello);
    assert_eq!((hello.len(), bob.only().len()), (256, 256));
}

#[test]
fn what_is_too_large_or_meant_for_no_key_is_refused() {
    let now = Instant::now();
    let (mut ann, bob) = (Side::new(), Side::new());
    let large = vec![0; MAX_MESSAGE_BYTES + 1];
    let refused = ann.sealer.send(now, bob.address, 1, &large);
    assert_eq!(refused, Err(SendError::TooLarge(large.len())));
    let nobody = identity::Address::from_bytes([0; 32]);
    let refused = ann.sealer.send(now, nobody, 1, b"");
    assert_eq!(refused, Err(SendError::WeakKey));
    let ourselves = ann.address;
    let refused = ann.sealer.send(now, ourselves, 1, b"");
    assert_eq!(refused, Err(SendError::WeakKey));
    assert!(ann.sealer.poll_output().is_none() && ann.sealer.poll_timeout().is_none());
}

#[test]
fn a_hello_is_repeated_byte_for_byte_for_a_minute() {
    let start = Instant::now();
    let (mut ann, bob) = (Side::new(), Side::new());
    ann.say(start, bob.address, 1, b"invite");
    let hello = ann.only();
    let mut repeats = Vec::new();
    while let Some(at) = ann.sealer.poll_timeout() {
        ann.pass_time(at - millis(1));
        assert!(ann.out().is_empty());
        ann.pass_time(at);
        for frame in ann.out() {
            assert_eq!(frame, hello);
            repeats.push((at - start).as_secs());
        }
    }
    assert_eq!(repeats[..5], [1, 3, 7, 11, 15]);
    assert_eq!(repeats.last(), Some(&59));
}

#[test]
fn saying_it_again_repeats_the_hello_at_most_once_a_second() {
    let start = Instant::now();
    let (mut ann, bob) = (Side::new(), Side::new());
    ann.say(start, bob.address, 1, b"invite");
    let hello = ann.only();
    ann.say(start + millis(999), bob.address, 1, b"invite");
    assert!(ann.out().is_empty());
    ann.say(start + seconds(1), bob.address, 1, b"invite");
    assert_eq!(ann.only(), hello);
    ann.say(start + millis(1500), bob.address, 1, b"invite");
    assert!(ann.out().is_empty());
}

#[test]
fn the_same_hello_gets_the_same_reply_and_another_one_none() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"invite");
    let hello = ann.only();
    bob.take(now, ann.address, &hello);
    let reply = bob.only();
    bob.take(now, ann.address, &hello);
    assert_eq!(bob.only(), reply);
    let mut other = hello.clone();
    other[100] ^= 1;
    bob.take(now, ann.address, &other);
    assert!(bob.out().is_empty());
    // Both replies are there; the second one changes nothing.
    ann.take(now, bob.address, &reply);
    ann.take(now, bob.address, &reply);
    bob.take(now, ann.address, &ann.only());
    assert_eq!(bob.messages(), [b"invite"]);
    bob.take(now, ann.address, &hello);
    assert!(bob.out().is_empty());
}

#[test]
fn two_who_call_each_other_at_once_have_two_conversations() {
    let now = Instant::now();
    let (mut ann, mut bob) = (Side::new(), Side::new());
    ann.say(now, bob.address, 1, b"from ann");
    bob.say(now, ann.address, 2, b"from bob");
    settle(now, &mut ann, &mut bob);
    assert_eq!(ann.heard, [(bob.address, 2, b"from bob".to_vec())]);
    assert_eq!(bob.heard, [(ann.address, 1, b"from ann".to_vec())]);
    ann.say(now, bob.address, 2, b"in yours");
    bob.say(now, ann.address, 1, b"in yours");
    assert_eq!(settle(now, &mut ann, &mut bob), ["DATA", "DATA"]);
    ann.words.sort_unstable();
    bob.words.sort_unstable();
    assert_eq!(ann.words.len(), 2);
    assert_eq!(ann.words, bob.words);
}

#[test]
fn a_session_serves_one_conversation() {
    let now = Instant::now();
    let (ann, mut bob) = in_conversation(now);
    bob.say(now, ann.address, 2, b"another");
    assert_eq!(kinds(&bob.out()), ["HELLO"]);
}

#[test]
fn a_session_that_nobody_uses_is_forgotten_unless_its_call_runs() {
    let start = Instant::now();
    for is_active in [true, false] {
        let (mut ann, bob) = in_conversation(start);
        ann.sealer.set_active(is_active.then_some((bob.address, 1)));
        assert_eq!(ann.sealer.poll_timeout().is_none(), is_active);
        ann.pass_time(start + seconds(300));
        ann.say(start + seconds(300), bob.address, 1, b"still?");
        let expected = if is_active { "DATA" } else { "HELLO" };
        assert_eq!(kinds(&ann.out()), [expected]);
    }
}

#[test]
fn nothing_secret_shows_in_debug() {
    let now = Instant::now();
    let (mut ann, bob) = in_conversation(now);
    ann.sealer.send(now, bob.address, 1, b"secret").unwrap();
    let output = ann.sealer.poll_output();
    let told = Output::Words {
        peer: bob.address,
        conversation: 1,
        words: ann.words[0].1,
    };
    let heard = Output::Received {
        from: bob.address,
        conversation: 1,
        message: b"secret".to_vec(),
    };
    let text = format!("{:?} {output:?} {told:?} {heard:?}", ann.sealer);
    let words = format!("{:?}", ann.words[0].1);
    for hidden in ["secret", "invite", &words, "tincan:"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}
