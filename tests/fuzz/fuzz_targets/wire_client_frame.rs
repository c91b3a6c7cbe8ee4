//! What a client says: it is written as it was read, and hardly longer.

#![no_main]

use signal_wire::ClientFrame;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(frame) = ClientFrame::parse(text) else {
        return;
    };
    let written = frame.encode();
    assert!(written.len() <= text.len() + ABSENT_FIELDS);
    assert_eq!(ClientFrame::parse(&written).ok(), Some(frame));
});

/// What fields take that the reader fills in and the writer writes.
const ABSENT_FIELDS: usize = 32;
