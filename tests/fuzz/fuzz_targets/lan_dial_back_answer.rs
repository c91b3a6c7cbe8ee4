//! What a member answers that was asked to dial back.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| discovery::fuzzing::dial_back_answer(bytes));
