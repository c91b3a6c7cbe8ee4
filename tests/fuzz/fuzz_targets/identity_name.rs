//! Names that others chose: short, on one line, clean at once, and the same in both crates that show
//! them.

#![no_main]

use call::id::Peer;
use identity::{Invite, clean_name};

libfuzzer_sys::fuzz_target!(|name: &str| {
    let clean = clean_name(name);
    assert!(clean.chars().count() <= Invite::MAX_NAME);
    assert!(!clean.chars().any(char::is_control));
    assert_eq!(clean.trim(), clean);
    assert_eq!(clean_name(&clean), clean);
    assert_eq!(Peer::clean_name(name), clean);
});
