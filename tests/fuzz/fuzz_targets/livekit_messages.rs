//! Messages of a LiveKit server to a session.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transport::livekit::fuzzing::messages(bytes));
