//! Answers to a question whether somebody is there: nobody makes one without their key.

#![no_main]

use std::time::Instant;

use fuzz::{Person, Source, person};
use seal::Greeting;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (ann, bob, now) = (person(Person::Ann), person(Person::Bob), Instant::now());
    let Ok(mut greeting) = Greeting::begin(&bob, ann.address(), now) else {
        return;
    };
    assert!(!greeting.is_answered_by(now, bytes));
    // As a REPLY of the session that was begun, whatever is in it.
    let mut source = Source::new(bytes);
    let mut reply = greeting.hello().to_vec();
    reply[1] = REPLY;
    while !source.is_empty() {
        let at = source.below(reply.len());
        reply[at] = source.byte();
    }
    reply[1] = REPLY;
    assert!(!greeting.is_answered_by(now, &reply));
});

/// The kind of a frame, behind the byte of its format.
const REPLY: u8 = 2;
