//! Statements of consent to a recording, and the file that keeps two of them: nothing counts that
//! nobody signed, whatever it looks like.

#![no_main]

use fuzz::{Person, person};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (ann, bob) = (person(Person::Ann), person(Person::Bob));
    engine::fuzzing::statement(bytes, &ann, &bob);
    engine::fuzzing::file(bytes, &ann, &bob);
});
