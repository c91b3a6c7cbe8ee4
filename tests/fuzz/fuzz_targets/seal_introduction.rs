//! Introductions: nobody is introduced by what nobody sealed, whatever it looks like.

#![no_main]

use fuzz::{Person, person};
use seal::{INTRODUCTION_BYTES, introduced, is_introduction};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (ann, bob) = (person(Person::Ann), person(Person::Bob));
    let who = introduced(&bob, bytes);
    assert!(who.is_none_or(|it| it == ann.address() && is_introduction(bytes)));
    let mut framed = bytes.to_vec();
    framed.resize(INTRODUCTION_BYTES, 0);
    framed[0] = 2;
    assert!(is_introduction(&framed));
    let who = introduced(&bob, &framed);
    assert!(who.is_none_or(|it| it == ann.address()));
});
