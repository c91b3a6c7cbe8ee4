//! What a member of a local network says of itself, in its own form, and whom we recognise in it.

#![no_main]

use fuzz::{Person, person};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let people = discovery::fuzzing::people(&person(Person::Bob), &person(Person::Ann));
    discovery::fuzzing::announcement(bytes, &people);
});
