//! Two ends and what passes between them.

use std::time::Duration;

use call::message::{Body, Message, Over};

use super::*;

const CALL: CallId = CallId(7);

/// One who seals, and what they were told.
struct Person {
    sealing: Sealing,
    address: Address,
    heard: Vec<(Address, CallId, Vec<u8>)>,
    /// Every frame that they sent.
    sent: Vec<Vec<u8>>,
}

impl Person {
    fn new() -> Self {
        let identity = Arc::new(Identity::generate().unwrap());
        Self {
            address: identity.address(),
            sealing: Sealing::new(identity),
            heard: Vec::new(),
            sent: Vec::new(),
        }
    }

    fn says(&mut self, now: Instant, to: &Self, call: CallId, message: &[u8]) {
        self.sealing.send(now, to.address, call, message);
    }
}

/// Carries frames until nobody has more to say.
fn exchange(now: Instant, one: &mut Person, other: &mut Person) {
    loop {
        let frames = carry(now, one, other) + carry(now, other, one);
        if frames == 0 {
            return;
        }
    }
}

fn carry(now: Instant, from: &mut Person, to: &mut Person) -> usize {
    let mut frames = 0;
    while let Some(event) = from.sealing.poll() {
        match event {
            Event::Transmit { to: whom, frame } => {
                assert_eq!(whom, to.address);
                to.sealing
                    .receive(now, from.address, (Sender::Stranger, from.address), &frame);
                from.sent.push(frame);
                frames += 1;
            }
            Event::Message {
                from: whom,
                call,
                message,
            } => from.heard.push((whom, call, message)),
            other @ (Event::Incompatible { .. } | Event::Unusable { .. }) => panic!("{other:?}"),
        }
    }
    frames
}

fn about(call: CallId, body: Body) -> Vec<u8> {
    Message { call, body }.encode()
}

#[test]
fn what_one_says_the_other_hears_and_nobody_reads() {
    let now = Instant::now();
    let (mut alice, mut bob) = (Person::new(), Person::new());
    let still = about(CALL, Body::Still);
    alice.says(now, &bob, CALL, &still);
    exchange(now, &mut alice, &mut bob);
    let gone = about(CALL, Body::Over { why: Over::Gone });
    bob.says(now, &alice, CALL, &gone);
    exchange(now, &mut alice, &mut bob);
    assert_eq!(bob.heard, [(alice.address, CALL, still.clone())]);
    assert_eq!(alice.heard, [(bob.address, CALL, gone)]);
    let frames = alice.sent.iter().chain(&bob.sent);
    assert!(
        frames.clone().count() >= 4,
        "a handshake of three and an answer"
    );
    for frame in frames {
        assert!(!frame.windows(6).any(|it| it == &still[..6]));
    }
}

#[test]
fn both_have_the_same_words_for_the_active_call_and_nobody_else_has_any() {
    let now = Instant::now();
    let (mut alice, mut bob) = (Person::new(), Person::new());
    alice.sealing.set_active(Some((bob.address, CALL)));
    alice.says(now, &bob, CALL, &about(CALL, Body::Still));
    exchange(now, &mut alice, &mut bob);
    bob.says(now, &alice, CALL, &about(CALL, Body::Still));
    exchange(now, &mut alice, &mut bob);
    assert_eq!(bob.sealing.words(), None, "it is no call of his yet");
    bob.sealing.set_active(Some((alice.address, CALL)));
    assert!(alice.sealing.words().is_some());
    assert_eq!(alice.sealing.words(), bob.sealing.words());
    bob.sealing.set_active(Some((alice.address, CallId(8))));
    assert_eq!(bob.sealing.words(), None);
    bob.sealing.set_active(Some((bob.address, CALL)));
    assert_eq!(bob.sealing.words(), None);
}

#[test]
fn strangers_do_not_push_the_words_of_the_active_call_out() {
    let now = Instant::now();
    let (mut alice, mut bob) = (Person::new(), Person::new());
    alice.sealing.set_active(Some((bob.address, CALL)));
    bob.sealing.set_active(Some((alice.address, CALL)));
    alice.says(now, &bob, CALL, &about(CALL, Body::Still));
    exchange(now, &mut alice, &mut bob);
    let words = bob.sealing.words();
    assert!(words.is_some());
    for second in 0..50 {
        // Not so fast that they are refused for that.
        let now = now + Duration::from_secs(second);
        let mut stranger = Person::new();
        stranger.says(
            now,
            &bob,
            CallId(second),
            &about(CallId(second), Body::Still),
        );
        exchange(now, &mut stranger, &mut bob);
    }
    assert_eq!(bob.heard.len(), 51);
    assert_eq!(
        bob.sealing.words.len(),
        WORDS,
        "those of strangers took all other places"
    );
    assert_eq!(bob.sealing.words(), words);
}

#[test]
fn what_is_not_about_the_call_of_its_session_is_dropped() {
    let now = Instant::now();
    let (mut alice, mut bob) = (Person::new(), Person::new());
    let later = format!(r#"{{"v":2,"call":"{CALL}","do":"hum"}}"#).into_bytes();
    for message in [
        about(CallId(8), Body::Still),
        b"".to_vec(),
        b"{}".to_vec(),
        vec![b'['; call::message::MAX_MESSAGE],
        br#"{"v":2,"call":"0000000000000008","do":"hum"}"#.to_vec(),
        later.clone(),
    ] {
        alice.says(now, &bob, CALL, &message);
        exchange(now, &mut alice, &mut bob);
    }
    assert_eq!(bob.heard, [(alice.address, CALL, later)]);
}

#[test]
fn bytes_that_are_not_sealed_are_dropped() {
    let now = Instant::now();
    let mut bob = Person::new();
    let carol = Person::new().address;
    for bytes in [
        &about(CALL, Body::Still)[..],
        b"",
        b"\x01",
        &[1; 300],
        &[0xff; 300],
    ] {
        bob.sealing
            .receive(now, carol, (Sender::Stranger, carol), bytes);
        assert_eq!(bob.sealing.poll(), None);
    }
}

#[test]
fn an_address_that_is_no_key_cannot_be_reached() {
    let mut alice = Person::new();
    // The neutral element: whoever is sealed for it shares its secret with everybody.
    let mut bytes = [0; Address::LENGTH];
    bytes[0] = 1;
    let to = Address::from_bytes(bytes);
    let still = about(CALL, Body::Still);
    alice.sealing.send(Instant::now(), to, CALL, &still);
    assert_eq!(alice.sealing.poll(), Some(Event::Unusable { to }));
}

#[test]
fn only_frames_for_the_other_side_of_our_call_take_the_last_places() {
    let (mut alice, bob, carol) = (Person::new(), Person::new(), Person::new());
    let priorities =
        |alice: &Person| [&bob, &carol].map(|it| alice.sealing.priority_of(&it.address));
    assert_eq!(priorities(&alice), [Priority::Others; 2]);
    alice.sealing.set_active(Some((bob.address, CALL)));
    assert_eq!(priorities(&alice), [Priority::OurCall, Priority::Others]);
}

#[test]
fn the_words_of_a_running_call_stay_what_they_are() {
    let now = Instant::now();
    let (mut alice, mut bob) = (Person::new(), Person::new());
    alice.says(now, &bob, CALL, &about(CALL, Body::Still));
    exchange(now, &mut alice, &mut bob);
    bob.sealing.set_active(Some((alice.address, CALL)));
    let first = bob.sealing.words();
    let anew = |bob: &mut Person, words| {
        bob.sealing.learn((alice.address, CALL), words);
        bob.sealing.words()
    };
    // Before anything flows, an honest caller may have begun anew.
    let other = ["able", "baby", "cabin", "dad"];
    assert_eq!(anew(&mut bob, other), Some(other));
    assert_ne!(first, Some(other));
    bob.sealing.keep_words();
    assert_eq!(anew(&mut bob, ["a", "b", "c", "d"]), Some(other));
}
