//! What is inside DATA.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| seal::fuzzing::data(bytes));
