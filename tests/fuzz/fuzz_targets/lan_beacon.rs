//! Datagrams of the beacon.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| discovery::fuzzing::beacon(bytes));
