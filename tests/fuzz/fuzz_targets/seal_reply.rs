//! What is inside a REPLY.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| seal::fuzzing::reply(bytes));
