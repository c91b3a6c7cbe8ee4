//! What a place answers that is asked who is there.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| discovery::fuzzing::answer(bytes));
