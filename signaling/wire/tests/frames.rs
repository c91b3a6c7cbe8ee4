//! The text form of frames: fixed by example, and safe against any input.

use bytes::Bytes;
use proptest::prelude::*;
use signal_wire::{
    Absence, Address, CallNumber, Capabilities, Challenge, ClientFrame, ErrorCode, FrameError,
    IceServer, IceServers, LiveKitAccess, LiveKitToken, MAX_CAPABILITIES, MAX_CAPABILITY_BYTES,
    MAX_FRAME_BYTES, MAX_ICE_SERVERS, MAX_ICE_TEXT_BYTES, MAX_LIVEKIT_TOKEN_BYTES,
    MAX_PAYLOAD_BYTES, MessageId, NoAccess, Payload, PayloadTooLarge, Proof, RelayFrame, Resume,
    SessionToken, VERSION,
};

fn payload(bytes: usize) -> Payload {
    Payload::new(Bytes::from(vec![0xa5; bytes])).expect("the tests stay within the limit")
}

fn client_frames() -> Vec<ClientFrame> {
    let address = Address::from_bytes([1; 32]);
    let hello = |resume| ClientFrame::Hello {
        version: VERSION,
        capabilities: Capabilities::new(["one", "two"]),
        address,
        proof: Proof([2; 64]),
        resume,
    };
    vec![
        hello(None),
        hello(Some(Resume {
            session: SessionToken([3; 16]),
            received: 9,
        })),
        ClientFrame::Envelope {
            seq: u64::MAX,
            id: MessageId([4; 8]),
            to: address,
            payload: payload(MAX_PAYLOAD_BYTES),
        },
        ClientFrame::Envelope {
            seq: 1,
            id: MessageId([4; 8]),
            to: address,
            payload: payload(0),
        },
        ClientFrame::Ack { seq: 7 },
        ClientFrame::Ice {},
        ClientFrame::Access {
            call: CallNumber(u64::MAX),
            with: address,
        },
        ClientFrame::Release {
            call: CallNumber(0),
        },
    ]
}

fn ice_servers() -> IceServers {
    let server = IceServer {
        url: "turn:turn.example.org:3478".to_owned(),
        username: "x".repeat(MAX_ICE_TEXT_BYTES),
        credential: "x".repeat(MAX_ICE_TEXT_BYTES),
    };
    IceServers {
        servers: vec![server; MAX_ICE_SERVERS],
        ttl_seconds: 3600,
    }
}

fn relay_frames() -> Vec<RelayFrame> {
    let address = Address::from_bytes([1; 32]);
    let id = MessageId([4; 8]);
    vec![
        RelayFrame::Challenge {
            version: VERSION,
            nonce: Challenge([5; 32]),
        },
        RelayFrame::Welcome {
            capabilities: Capabilities::default(),
            session: SessionToken([3; 16]),
            resumed: true,
            received: 3,
            ice: None,
        },
        RelayFrame::Welcome {
            capabilities: Capabilities::default(),
            session: SessionToken([3; 16]),
            resumed: false,
            received: 0,
            ice: Some(ice_servers()),
        },
        RelayFrame::Ice(ice_servers()),
        RelayFrame::Access(LiveKitAccess {
            call: CallNumber(1),
            with: address,
            url: "wss://livekit.example.org".to_owned(),
            token: LiveKitToken::new("x".repeat(MAX_LIVEKIT_TOKEN_BYTES)).expect("it fits"),
            expires_seconds: 300,
        }),
        RelayFrame::NoAccess {
            call: CallNumber(1),
            why: NoAccess::Refused,
        },
        RelayFrame::Envelope {
            seq: u64::MAX,
            id,
            from: address,
            payload: payload(MAX_PAYLOAD_BYTES),
        },
        RelayFrame::NotHere {
            why: Absence::Closed,
            seq: 2,
            id,
            to: address,
        },
        RelayFrame::Refused {
            seq: 3,
            id,
            to: address,
        },
        RelayFrame::Ack { seq: 7 },
        RelayFrame::TakenOver,
        RelayFrame::Error {
            code: ErrorCode::BadProof,
        },
    ]
}

#[test]
fn every_frame_comes_back_and_fits_the_limit() {
    for frame in client_frames() {
        let text = frame.encode();
        assert!(text.len() <= MAX_FRAME_BYTES);
        assert_eq!(ClientFrame::parse(&text).unwrap(), frame);
    }
    for frame in relay_frames() {
        let text = frame.encode();
        assert!(text.len() <= MAX_FRAME_BYTES);
        assert_eq!(RelayFrame::parse(&text).unwrap(), frame);
    }
}

#[test]
fn the_text_form_is_fixed() {
    let to = Address::from_bytes([0; 32]);
    let frame = ClientFrame::Envelope {
        seq: 1,
        id: MessageId([0; 8]),
        to,
        payload: payload(2),
    };
    let expected =
        format!(r#"{{"envelope":{{"seq":1,"id":"AAAAAAAAAAA","to":"{to}","payload":"paU"}}}}"#);
    assert_eq!(frame.encode(), expected);
    assert_eq!(RelayFrame::TakenOver.encode(), r#""taken_over""#);
    let error = RelayFrame::Error {
        code: ErrorCode::TooSlow,
    };
    assert_eq!(error.encode(), r#"{"error":{"code":"too_slow"}}"#);
}

#[test]
fn what_is_no_frame_is_refused() {
    let cases = [
        "",
        "null",
        "{}",
        "7",
        "[]",
        r#"["ack"]"#,
        r#""ack""#,
        r#"{"ack":{}}"#,
        r#"{"ack":7}"#,
        r#"{"ack":{"seq":-1}}"#,
        r#"{"ack":{"seq":18446744073709551616}}"#,
        r#"{"ack":{"seq":1,"seq":2}}"#,
        r#"{"ack":{"seq":1}} "#.trim_end_matches(' ').trim_end_matches('}'),
        r#"{"ack":{"seq":1},"ack":{"seq":1}}"#,
        r#"{"ack":{"seq":1},"unheard_of":{}}"#,
        r#"{"unheard_of":{},"ack":{"seq":1}}"#,
        r#"{"unheard_of":{}"#,
        r#"{"unheard_of":{}}{}"#,
        r#"{"envelope":{"seq":1}}"#,
    ];
    for text in cases {
        assert!(
            matches!(ClientFrame::parse(text), Err(FrameError::Malformed { .. })),
            "{text} was taken"
        );
    }
}

#[test]
fn a_frame_of_a_later_version_is_told_from_what_is_none() {
    let deep = format!(r#"{{"unheard_of":{}}}"#, "[".repeat(100) + &"]".repeat(100));
    for text in [
        r#"{"unheard_of":{}}"#,
        r#"{"unheard_of":[1,{"a":null}]}"#,
        r#""unheard_of""#,
        r#""""#,
        &deep,
    ] {
        let frame = ClientFrame::parse(text);
        assert!(matches!(frame, Err(FrameError::Unknown)), "{text}");
        let frame = RelayFrame::parse(text);
        assert!(matches!(frame, Err(FrameError::Unknown)), "{text}");
    }
    let challenge = relay_frames().remove(0).encode();
    let of_the_other_end = ClientFrame::parse(&challenge);
    assert!(matches!(of_the_other_end, Err(FrameError::Unknown)));
}

#[test]
fn every_kind_of_frame_is_known_even_when_its_fields_are_wrong() {
    let kinds = |texts: Vec<String>| -> Vec<String> {
        let kind = |text: &String| text.split('"').nth(1).map(str::to_owned);
        texts.iter().filter_map(kind).collect()
    };
    let encoded = client_frames().iter().map(ClientFrame::encode).collect();
    for kind in kinds(encoded) {
        let frame = ClientFrame::parse(&format!(r#"{{"{kind}":0}}"#));
        assert!(matches!(frame, Err(FrameError::Malformed { .. })), "{kind}");
    }
    let encoded = relay_frames().iter().map(RelayFrame::encode).collect();
    for kind in kinds(encoded) {
        let frame = RelayFrame::parse(&format!(r#"{{"{kind}":0}}"#));
        assert!(matches!(frame, Err(FrameError::Malformed { .. })), "{kind}");
    }
}

#[test]
fn fields_of_a_later_version_are_ignored_and_those_of_an_earlier_one_are_enough() {
    let later = r#"{"ack":{"more":[1,{"seq":9}],"seq":7}}"#;
    assert_eq!(
        ClientFrame::parse(later).unwrap(),
        ClientFrame::Ack { seq: 7 }
    );
    let bare = client_frames()
        .remove(0)
        .encode()
        .replace(r#""capabilities":["one","two"],"#, "");
    assert!(!bare.contains("capabilities"));
    let ClientFrame::Hello { capabilities, .. } = ClientFrame::parse(&bare).unwrap() else {
        panic!("{bare}")
    };
    assert!(capabilities.is_empty());
    let to = Address::from_bytes([1; 32]);
    let reasons = [
        ("", Absence::Unknown),
        (r#","why":"closed""#, Absence::Closed),
        (r#","why":"on_holiday""#, Absence::Unknown),
    ];
    for (field, expected) in reasons {
        let text = format!(r#"{{"not_here":{{"seq":1,"id":"AAAAAAAAAAA","to":"{to}"{field}}}}}"#);
        match RelayFrame::parse(&text).unwrap() {
            RelayFrame::NotHere { why, .. } => assert_eq!(why, expected),
            other => panic!("{other:?}"),
        }
    }
    let error = RelayFrame::parse(r#"{"error":{"code":"on_fire","since":1}}"#).unwrap();
    let code = ErrorCode::Unknown;
    assert_eq!(error, RelayFrame::Error { code });
}

#[test]
fn capabilities_are_few_and_short() {
    let long = "x".repeat(MAX_CAPABILITY_BYTES + 1);
    let many: Vec<String> = (0..100).map(|n| format!("\"c{n}\"")).collect();
    let text = format!(
        r#"{{"welcome":{{"capabilities":["{long}",{}],"session":"AAAAAAAAAAAAAAAAAAAAAA","resumed":false,"received":0}}}}"#,
        many.join(",")
    );
    let RelayFrame::Welcome { capabilities, .. } = RelayFrame::parse(&text).unwrap() else {
        panic!("{text}")
    };
    let last = format!("c{}", MAX_CAPABILITIES - 1);
    assert!(capabilities.contains("c0") && capabilities.contains(&last));
    assert!(!capabilities.contains(&format!("c{MAX_CAPABILITIES}")));
    assert!(!capabilities.contains(&long));
    let wrong = r#"{"welcome":{"capabilities":[1],"session":"AAAAAAAAAAAAAAAAAAAAAA","resumed":false,"received":0}}"#;
    assert!(RelayFrame::parse(wrong).is_err());
}

#[test]
fn sizes_are_bounded() {
    let bytes = MAX_PAYLOAD_BYTES + 1;
    let refused = Payload::new(Bytes::from(vec![0; bytes]));
    assert_eq!(refused, Err(PayloadTooLarge { bytes }));

    let large = ClientFrame::Envelope {
        seq: 1,
        id: MessageId([0; 8]),
        to: Address::from_bytes([0; 32]),
        payload: payload(MAX_PAYLOAD_BYTES),
    };
    let one_more = large
        .encode()
        .replace(r#""payload":""#, r#""payload":"AAAA"#);
    assert!(matches!(
        ClientFrame::parse(&one_more),
        Err(FrameError::Malformed { .. })
    ));

    let padded = format!("{}{}", " ".repeat(MAX_FRAME_BYTES), r#"{"ack":{"seq":1}}"#);
    assert!(matches!(
        ClientFrame::parse(&padded),
        Err(FrameError::TooLarge { .. })
    ));
}

#[test]
fn errors_do_not_quote_what_was_received() {
    let secret = r#"{"ack":{"secret-name":1}}"#;
    let error = ClientFrame::parse(secret).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret-name"));
}

/// JSON of about the right shape, with any names and values inside.
fn nearly_frames() -> impl Strategy<Value = String> {
    let names =
        "(hello|envelope|ack|challenge|welcome|not_here|error|seq|id|to|from|payload|\\PC*)";
    let leaf = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        "[a-zA-Z0-9_-]{0,90}".prop_map(|text| format!("\"{text}\"")),
        "(true|false|null|\\[\\]|\"\\\\ud800\"|-|)",
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop::collection::vec((names, inner), 0..5).prop_map(|fields| {
            let fields: Vec<_> = fields.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
            format!("{{{}}}", fields.join(","))
        })
    })
}

/// Real frames with some bytes overwritten.
fn damaged_frames() -> impl Strategy<Value = String> {
    let texts: Vec<String> = client_frames()
        .iter()
        .map(ClientFrame::encode)
        .chain(relay_frames().iter().map(RelayFrame::encode))
        .filter(|text| text.len() < 1024)
        .collect();
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8);
    (prop::sample::select(texts), damage).prop_map(|(text, damage)| {
        let mut bytes = text.into_bytes();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Reading never panics, and what is read comes back the same.
fn judge(text: &str) {
    if let Ok(frame) = ClientFrame::parse(text) {
        assert_eq!(
            ClientFrame::parse(&frame.encode()).expect("our own frame"),
            frame
        );
    }
    if let Ok(frame) = RelayFrame::parse(text) {
        assert_eq!(
            RelayFrame::parse(&frame.encode()).expect("our own frame"),
            frame
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases * 8))]

    #[test]
    fn any_text_is_judged(text in "\\PC{0,200}") {
        judge(&text);
    }

    #[test]
    fn nearly_frames_are_judged(text in nearly_frames()) {
        judge(&text);
    }

    #[test]
    fn damaged_frames_are_judged(text in damaged_frames()) {
        judge(&text);
    }
}
