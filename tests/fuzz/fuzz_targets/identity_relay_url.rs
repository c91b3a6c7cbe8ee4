//! URLs of relays: the normal form stays, and has a host.

#![no_main]

use identity::RelayUrl;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(url) = text.parse::<RelayUrl>() else {
        return;
    };
    let normal = url.to_string();
    assert_eq!(normal.parse(), Ok(url.clone()));
    assert!(!url.host().is_empty());
    assert!(!url.lookup_name().is_empty());
    assert!(normal.starts_with(if url.is_encrypted() {
        "wss://"
    } else {
        "ws://"
    }));
    assert!(
        url.authority()
            .as_str()
            .ends_with(&format!(":{}", url.port()))
    );
});
