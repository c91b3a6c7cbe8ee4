//! Access to a LiveKit server in frames.

use proptest::prelude::*;
use signal_wire::{
    Address, CallNumber, ClientFrame, FrameError, LiveKitToken, MAX_LIVEKIT_TOKEN_BYTES,
    MAX_LIVEKIT_URL_BYTES, NoAccess, NotAToken, RelayFrame, is_livekit_url,
};

fn with() -> Address {
    Address::from_bytes([1; 32])
}

/// An answer as text, with this URL and this token.
fn access(url: &str, token: &str) -> String {
    let with = with();
    format!(
        r#"{{"access":{{"call":"00000000000000ff","with":"{with}","url":"{url}","token":"{token}","expires_seconds":300}}}}"#
    )
}

#[test]
fn the_text_form_is_fixed() {
    let ask = ClientFrame::Access {
        call: CallNumber(0x0123_4567_89ab_cdef),
        with: with(),
    };
    let text = format!(
        r#"{{"access":{{"call":"0123456789abcdef","with":"{}"}}}}"#,
        with()
    );
    assert_eq!(ask.encode(), text);
    assert_eq!(ClientFrame::parse(&text).unwrap(), ask);
    let text = access("wss://livekit.example.org", "a.b.c");
    let answer = RelayFrame::parse(&text).unwrap();
    assert_eq!(answer.encode(), text);
    let refusal = RelayFrame::NoAccess {
        call: CallNumber(255),
        why: NoAccess::Unavailable,
    };
    let text = r#"{"no_access":{"call":"00000000000000ff","why":"unavailable"}}"#;
    assert_eq!(refusal.encode(), text);
}

#[test]
fn a_reason_that_is_not_known_or_not_given_is_one_all_the_same() {
    let unknown = RelayFrame::NoAccess {
        call: CallNumber(255),
        why: NoAccess::Unknown,
    };
    for rest in [r#","why":"full_moon""#, ""] {
        let text = format!(r#"{{"no_access":{{"call":"00000000000000ff"{rest}}}}}"#);
        assert_eq!(RelayFrame::parse(&text).unwrap(), unknown, "{text}");
    }
}

#[test]
fn a_number_of_a_call_is_sixteen_digits() {
    for number in [
        "",
        "ff",
        "00000000000000fff",
        "00000000000000FF",
        "00000000000000fg",
        "0x000000000000ff",
        "ßßßßßßßß",
    ] {
        let text = format!(r#"{{"release":{{"call":"{number}"}}}}"#);
        let frame = ClientFrame::parse(&text);
        assert!(
            matches!(frame, Err(FrameError::Malformed { .. })),
            "{number} was taken"
        );
    }
    for text in [r#"{"release":{"call":255}}"#, r#"{"release":{}}"#] {
        let frame = ClientFrame::parse(text);
        assert!(
            matches!(frame, Err(FrameError::Malformed { .. })),
            "{text} was taken"
        );
    }
}

#[test]
fn a_server_and_a_token_are_short_and_printable() {
    let token = "x".repeat(MAX_LIVEKIT_TOKEN_BYTES);
    let url = format!("wss://{}", "x".repeat(MAX_LIVEKIT_URL_BYTES - 6));
    assert!(RelayFrame::parse(&access(&url, &token)).is_ok());
    let refused = [
        access(&format!("{url}x"), "a.b.c"),
        access("https://livekit.example.org", "a.b.c"),
        access("wss://", "a.b.c"),
        access("wss:///path", "a.b.c"),
        access("wss://live kit", "a.b.c"),
        access("wss://lïvekit.example.org", "a.b.c"),
        access("", "a.b.c"),
        access("ws://livekit", &format!("{token}x")),
        access("ws://livekit", ""),
        access("ws://livekit", "a b"),
        access("ws://livekit", r"a\r\nb"),
    ];
    for text in refused {
        let frame = RelayFrame::parse(&text);
        assert!(
            matches!(frame, Err(FrameError::Malformed { .. })),
            "{text} was taken"
        );
    }
    assert_eq!(LiveKitToken::new(String::new()), Err(NotAToken));
}

#[test]
fn no_server_no_token_and_no_call_is_shown_by_a_debug_text() {
    let answer = RelayFrame::parse(&access("wss://hidden", "hidden")).unwrap();
    let release = ClientFrame::Release {
        call: CallNumber(255),
    };
    let shown = format!("{answer:?} {release:?}");
    assert!(
        !shown.contains("hidden") && !shown.contains("255") && !shown.contains("ff"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn every_number_of_a_call_comes_back(number: u64) {
        let frame = ClientFrame::Release { call: CallNumber(number) };
        prop_assert_eq!(ClientFrame::parse(&frame.encode()).unwrap(), frame);
    }

    #[test]
    fn any_text_as_a_call_a_server_or_a_token_is_judged_without_a_panic(
        call in "\\PC{0,20}",
        url in "\\PC{0,300}",
        token in "\\PC{0,100}",
    ) {
        let _any: bool = is_livekit_url(&url);
        let _any: Result<LiveKitToken, _> = LiveKitToken::new(token.clone());
        let text = serde_json::json!({
            "access": { "call": call, "with": with(), "url": url, "token": token, "expires_seconds": 1 }
        });
        let _any: Result<RelayFrame, _> = RelayFrame::parse(&text.to_string());
    }
}
