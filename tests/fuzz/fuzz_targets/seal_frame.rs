//! Frames as they travel.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| seal::fuzzing::frame(bytes));
