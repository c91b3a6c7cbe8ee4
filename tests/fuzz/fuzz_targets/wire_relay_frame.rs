//! What a relay says: it is written as it was read, and hardly longer.

#![no_main]

use signal_wire::RelayFrame;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(frame) = RelayFrame::parse(text) else {
        return;
    };
    let written = frame.encode();
    assert!(written.len() <= text.len() + ABSENT_FIELDS);
    assert_eq!(RelayFrame::parse(&written).ok(), Some(frame));
});

/// What fields take that the reader fills in and the writer writes.
const ABSENT_FIELDS: usize = 32;
