//! What is inside a HELLO.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| seal::fuzzing::hello(bytes));
