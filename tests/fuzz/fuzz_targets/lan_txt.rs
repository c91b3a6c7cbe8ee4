//! The same as strings of a TXT record, beside the port of a SRV record.

#![no_main]

use fuzz::{Person, person};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let people = discovery::fuzzing::people(&person(Person::Bob), &person(Person::Ann));
    discovery::fuzzing::txt(4080, bytes, &people);
});
