//! URIs of STUN and TURN servers: scheme and host are there whenever one is taken.

#![no_main]

use signal_wire::{IceServer, IceUse, MAX_ICE_TEXT_BYTES};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let server = IceServer {
        url: text.to_owned(),
        username: "name".to_owned(),
        credential: "secret".to_owned(),
    };
    let Some(usage) = server.usage() else {
        return;
    };
    assert!(text.len() <= MAX_ICE_TEXT_BYTES);
    let schemes: &[&str] = match usage {
        IceUse::Stun => &["stun:"],
        IceUse::Turn => &["turn:", "turns:"],
    };
    let host = schemes.iter().find_map(|it| text.strip_prefix(it));
    assert!(host.is_some_and(|it| !it.is_empty()));
    assert!(text.is_ascii());
});
