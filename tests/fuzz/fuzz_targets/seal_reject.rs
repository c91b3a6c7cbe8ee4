//! What a REJECT says.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| seal::fuzzing::statement(bytes));
