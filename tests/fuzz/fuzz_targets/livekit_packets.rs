//! Packets of a LiveKit data channel.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transport::livekit::fuzzing::packets(bytes));
