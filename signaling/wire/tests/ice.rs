//! Which STUN and TURN servers count.

use proptest::prelude::*;
use signal_wire::{IceServer, IceUse, MAX_ICE_TEXT_BYTES, RelayFrame, ice_use};

fn server(url: &str, username: &str, credential: &str) -> IceServer {
    IceServer {
        url: url.to_owned(),
        username: username.to_owned(),
        credential: credential.to_owned(),
    }
}

#[test]
fn the_uris_of_the_rfcs_are_understood_and_nothing_else() {
    let cases = [
        ("stun:stun.example.org", Some(IceUse::Stun)),
        ("stun:192.0.2.1:3478", Some(IceUse::Stun)),
        ("stun:[2001:db8::1]", Some(IceUse::Stun)),
        ("turn:[2001:db8::1]:3478?transport=udp", Some(IceUse::Turn)),
        ("turn:turn.example.org?transport=tcp", Some(IceUse::Turn)),
        ("turns:turn.example.org:5349", Some(IceUse::Turn)),
        ("stun:stun.example.org?transport=udp", None),
        ("turn:turn.example.org?transport=quic", None),
        ("turn://turn.example.org", None),
        ("turn:ada@turn.example.org", None),
        ("turn:turn.example.org/path", None),
        ("turn:turn.example.org:0", None),
        ("turn:turn.example.org:65536", None),
        ("turn:turn.example.org:", None),
        ("turn:[2001:db8::1", None),
        ("turn:[turn.example.org]", None),
        ("turn:[::1]3478", None),
        ("turn:", None),
        ("turn", None),
        ("TURN:turn.example.org", None),
        ("http://turn.example.org", None),
        ("", None),
    ];
    for (url, wanted) in cases {
        assert_eq!(ice_use(url), wanted, "{url}");
    }
}

#[test]
fn turn_needs_credentials_and_every_text_is_short_and_printable() {
    let url = "turn:turn.example.org";
    let long = "x".repeat(MAX_ICE_TEXT_BYTES + 1);
    assert_eq!(server(url, "ada", "secret").usage(), Some(IceUse::Turn));
    let unusable = [
        server(url, "", "secret"),
        server(url, "ada", ""),
        server(url, &long, "secret"),
        server(url, "ada", &long),
        server(&format!("turn:{long}"), "ada", "secret"),
        server(url, "a da", "secret"),
        server(url, "ada", "sec\r\nret"),
        server("turn:türn.example.org", "ada", "secret"),
    ];
    for server in unusable {
        assert_eq!(server.usage(), None, "{}", server.url);
    }
}

#[test]
fn no_server_and_no_credential_is_shown_by_a_debug_text() {
    let frame = RelayFrame::parse(
        r#"{"ice":{"servers":[{"url":"turn:hidden","username":"hidden","credential":"hidden"}],"ttl_seconds":1}}"#,
    );
    assert!(!format!("{frame:?}").contains("hidden"), "{frame:?}");
}

proptest! {
    #[test]
    fn any_text_as_a_uri_is_judged_without_a_panic(url in ".*") {
        let _any: Option<IceUse> = ice_use(&url);
    }
}
