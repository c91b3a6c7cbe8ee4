//! What a member says of itself that wants to be dialled back, in a header.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| discovery::fuzzing::dial_back_question(text));
