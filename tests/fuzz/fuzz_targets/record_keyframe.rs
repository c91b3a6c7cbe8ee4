//! A keyframe of the other side on its way into a file: what it says of itself, and its units.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| record::fuzzing::keyframe(bytes));
