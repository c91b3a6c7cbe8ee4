//! Frames that were encrypted end to end.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transport::livekit::fuzzing::frames(bytes));
