//! The form of messages, and strangers' bytes.

use proptest::prelude::*;

use super::duo::Duo;
use super::station::Who::{Alice, Bob};
use crate::carrier::{Carrier, Carriers};
use crate::chat::Text;
use crate::id::{CallId, RecordingId};
use crate::input::{Input, Standing};
use crate::message::{
    Allows, Body, Chat, ControlsReport, MAX_MESSAGE, MAX_PARCEL, Message, MessageError, Over,
    Parcel, Record, RecordOver, Recorded, Statement, Wants,
};
use crate::reason::EndReason;
use crate::view::{CallView, Controls, Lacking};
use std::time::Duration;

const CALL: CallId = CallId(0x0123_4567_89ab_cdef);

const SOUND: Controls = Controls {
    microphone: true,
    camera: false,
};
const NO_CAMERA: Lacking = Lacking {
    microphone: false,
    camera: true,
};

fn controls(sequence: u64, controls: Controls, lacking: Lacking) -> Body {
    Body::Controls(ControlsReport::new(sequence, controls, lacking))
}

fn text(body: Body) -> String {
    String::from_utf8(Message { call: CALL, body }.encode()).unwrap()
}

#[test]
fn the_wire_form_is_this() {
    let invite = Body::Invite {
        name: "Ann".to_owned(),
        video: true,
        ring_ms: 45_000,
        resumes: None,
        via: Carriers::default(),
    };
    let head = r#"{"v":1,"call":"0123456789abcdef","do":"#;
    let forms = [
        (
            invite,
            r#""invite","name":"Ann","video":true,"ringMs":45000}"#,
        ),
        (Body::Ringing, r#""ringing"}"#),
        (
            Body::Accept {
                name: String::new(),
                instead_of: Some(CallId(1)),
                via: Carrier::Direct,
            },
            r#""accept","name":"","insteadOf":"0000000000000001"}"#,
        ),
        (
            Body::Parcel {
                session: 0,
                number: 2,
                parcel: Parcel(vec![1, 2, 3]),
            },
            r#""parcel","session":0,"number":2,"parcel":"AQID"}"#,
        ),
        (Body::Renew { session: 4 }, r#""renew","session":4}"#),
        (
            Body::Received {
                session: 0,
                next: 3,
            },
            r#""received","session":0,"next":3}"#,
        ),
        (
            controls(7, SOUND, Lacking::default()),
            r#""controls","sequence":7,"heard":0,"microphone":true,"camera":false,"takesTexts":true}"#,
        ),
        (
            controls(8, SOUND, NO_CAMERA),
            r#""controls","sequence":8,"heard":0,"microphone":true,"camera":false,"lacksCamera":true,"takesTexts":true}"#,
        ),
        (
            Body::Record(Record {
                id: RecordingId(10),
                stance: Wants::Asked {
                    statement: statement(),
                },
            }),
            r#""record","id":"000000000000000a","stance":{"is":"asked","statement":"signed"}}"#,
        ),
        (
            Body::Controls(ControlsReport {
                screen: true,
                ..ControlsReport::new(9, SOUND, Lacking::default())
            }),
            r#""controls","sequence":9,"heard":0,"microphone":true,"camera":false,"screen":true,"takesTexts":true}"#,
        ),
        (
            Body::Record(Record {
                id: RecordingId(10),
                stance: Wants::Running,
            }),
            r#""record","id":"000000000000000a","stance":{"is":"running"}}"#,
        ),
        (
            Body::Record(Record {
                id: RecordingId(10),
                stance: Wants::Over {
                    why: RecordOver::Stopped,
                    heard: false,
                },
            }),
            r#""record","id":"000000000000000a","stance":{"is":"over","why":"stopped","heard":false}}"#,
        ),
        (
            Body::Recorded(Recorded {
                id: RecordingId(10),
                stance: Allows::Shown,
            }),
            r#""recorded","id":"000000000000000a","stance":{"is":"shown"}}"#,
        ),
        (
            Body::Recorded(Recorded {
                id: RecordingId(10),
                stance: Allows::Agreed {
                    statement: statement(),
                },
            }),
            r#""recorded","id":"000000000000000a","stance":{"is":"agreed","statement":"signed"}}"#,
        ),
        (
            Body::Recorded(Recorded {
                id: RecordingId(10),
                stance: Allows::Over {
                    why: RecordOver::Stopped,
                    heard: true,
                },
            }),
            r#""recorded","id":"000000000000000a","stance":{"is":"over","why":"stopped","heard":true}}"#,
        ),
        (
            Body::Chat(Chat::Text {
                number: 5,
                text: Text::new("a\n\"b\" 👋").unwrap(),
            }),
            r#""chat","say":"text","number":5,"text":"a\n\"b\" 👋"}"#,
        ),
        (
            Body::Chat(Chat::Received { next: 6 }),
            r#""chat","say":"received","next":6}"#,
        ),
        (Body::Chat(Chat::Typing), r#""chat","say":"typing"}"#),
        (Body::Still, r#""still"}"#),
        (
            Body::Over { why: Over::HungUp },
            r#""over","why":"hungUp"}"#,
        ),
    ];
    for (body, form) in forms {
        assert_eq!(text(body.clone()), format!("{head}{form}"));
        let parsed = Message::parse(text(body.clone()).as_bytes());
        assert_eq!(parsed, Ok(Message { call: CALL, body }));
    }
}

fn statement() -> Statement {
    Statement::new("signed".to_owned()).expect("it is short")
}

#[test]
fn what_somebody_signed_is_short() {
    assert!(Statement::new("x".repeat(Statement::MAX + 1)).is_none());
    let stance = |statement: &str| {
        let head = r#"{"v":1,"call":"0000000000000001","do":"recorded","id":"000000000000000a""#;
        format!(r#"{head},"stance":{{"is":"agreed","statement":"{statement}"}}}}"#)
    };
    let long = stance(&"x".repeat(Statement::MAX + 1));
    let parsed = Message::parse(long.as_bytes());
    assert_eq!(parsed, Err(MessageError::Malformed));
    assert!(Message::parse(stance("signed").as_bytes()).is_ok());
    let debug = format!("{:?}", Message::parse(stance("signed").as_bytes()));
    assert!(!debug.contains("signed"), "{debug}");
}

#[test]
fn a_later_version_may_add_fields_and_reasons() {
    let more = br#"{"v":1,"call":"0000000000000001","do":"over","why":"tired","mood":{"a":[1]}}"#;
    let body = Body::Over { why: Over::Unknown };
    assert_eq!(
        Message::parse(more),
        Ok(Message {
            call: CallId(1),
            body
        })
    );
}

#[test]
fn a_phone_that_knows_nothing_of_missing_devices_is_understood() {
    let head = r#"{"v":1,"call":"0000000000000001","do":"controls""#;
    let report = format!(r#"{head},"sequence":3,"microphone":true,"camera":false}}"#);
    let body = Body::Controls(ControlsReport {
        takes_texts: false,
        ..ControlsReport::new(3, SOUND, Lacking::default())
    });
    assert_eq!(
        Message::parse(report.as_bytes()),
        Ok(Message {
            call: CallId(1),
            body
        })
    );
}

#[test]
fn bad_bytes_are_refused() {
    let malformed: [&[u8]; 10] = [
        b"",
        b"null",
        b"{}",
        b"\xff\xfe",
        br#"{"v":1,"call":"1","do":"still"}"#,
        br#"{"v":1,"call":"+000000000000001","do":"still"}"#,
        br#"{"v":1,"call":"0000000000000001","do":"dance"}"#,
        br#"{"v":1,"call":"0000000000000001","do":"invite","name":"x"}"#,
        br#"{"v":1,"call":"0000000000000001","do":"parcel","parcel":"?"}"#,
        br#"{"v":99999999,"call":"0000000000000001","do":"still"}"#,
    ];
    for bytes in malformed {
        assert_eq!(
            Message::parse(bytes),
            Err(MessageError::Malformed),
            "{bytes:?}"
        );
    }
    let large = vec![b' '; MAX_MESSAGE + 1];
    assert_eq!(
        Message::parse(&large),
        Err(MessageError::TooLarge(MAX_MESSAGE + 1))
    );
    let deep = [b"{\"v\":".as_slice(), &[b'['; 10_000]].concat();
    assert_eq!(Message::parse(&deep), Err(MessageError::Malformed));
}

#[test]
fn the_largest_parcel_fits_a_message_and_a_larger_one_is_refused() {
    let parcel = |bytes| Message {
        call: CALL,
        body: Body::Parcel {
            session: 0,
            number: 0,
            parcel: Parcel(vec![0; bytes]),
        },
    };
    assert!(parcel(MAX_PARCEL).encode().len() <= MAX_MESSAGE);
    assert!(Message::parse(&parcel(MAX_PARCEL).encode()).is_ok());
    let refused = Message::parse(&parcel(MAX_PARCEL + 1).encode());
    assert_eq!(refused, Err(MessageError::Malformed));
}

#[test]
fn names_of_strangers_are_cleaned() {
    let name = "  Bob\u{202e}\n\u{0} the\tgreat ".to_owned();
    let invite = Body::Invite {
        name: name.clone(),
        video: false,
        ring_ms: 1,
        resumes: None,
        via: Carriers::default(),
    };
    let accept = Body::Accept {
        name,
        instead_of: None,
        via: Carrier::Direct,
    };
    for body in [invite, accept] {
        let parsed = Message::parse(&Message { call: CALL, body }.encode());
        let (Body::Invite { name, .. } | Body::Accept { name, .. }) = parsed.unwrap().body else {
            panic!("another message")
        };
        assert_eq!(name, "Bob thegreat");
    }
}

#[test]
fn nothing_private_is_in_a_log() {
    let body = Body::Invite {
        name: "Secret Ann".to_owned(),
        video: true,
        ring_ms: 1,
        resumes: None,
        via: Carriers::default(),
    };
    let message = Message { call: CALL, body };
    assert!(!format!("{message:?}").contains("Secret"));
    let input = Input::Message {
        from: "tincan:secret".to_owned(),
        standing: Standing::Stranger,
        bytes: b"Secret".to_vec(),
    };
    let shown = format!("{input:?}");
    assert!(
        !shown.contains("secret") && !shown.contains("83"),
        "{shown}"
    );
    let mut duo = Duo::new();
    duo.dial(Alice, Bob);
    duo.run(Duration::from_secs(1));
    let shown = format!("{:?}", duo.at(Bob).phone);
    assert!(
        !shown.contains("tincan:") && !shown.contains("Alice"),
        "{shown}"
    );
}

#[test]
fn versions_that_do_not_fit_end_the_call_on_both_sides() {
    let mut duo = Duo::new();
    let call = duo.dial(Alice, Bob);
    duo.run(Duration::from_secs(1));
    let later = format!(r#"{{"v":2,"call":"{call}","do":"over","why":"incompatible"}}"#);
    let from = Bob.address().to_owned();
    duo.feed(
        Alice,
        Input::Message {
            from,
            standing: Standing::Stranger,
            bytes: later.into_bytes(),
        },
    );
    duo.run(Duration::from_secs(1));
    duo.assert_ended(EndReason::Incompatible, EndReason::Incompatible);
}

#[test]
fn an_invitation_of_a_later_version_is_answered_and_nothing_else_is() {
    let mut duo = Duo::new();
    let from = Bob.address().to_owned();
    for (what, answers) in [("over", 0), ("still", 0), ("invite", 1)] {
        let bytes = format!(r#"{{"v":2,"call":"0000000000000001","do":"{what}"}}"#).into_bytes();
        duo.feed(
            Alice,
            Input::Message {
                from: from.clone(),
                standing: Standing::Stranger,
                bytes,
            },
        );
        assert_eq!(duo.at(Alice).said.len(), answers);
    }
    assert_eq!(duo.view(Alice), CallView::Idle);
}

proptest! {
    #[test]
    fn no_bytes_make_parsing_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn no_almost_message_makes_parsing_panic(
        body in prop::sample::select(vec![
            Body::Invite { name: "A\u{1f600}".to_owned(), video: true, ring_ms: u32::MAX, resumes: Some(CALL), via: Carriers::default() },
            Body::Accept { name: "é".to_owned(), instead_of: Some(CALL), via: Carrier::Direct },
            Body::Parcel { session: 0, number: 0, parcel: Parcel(vec![9; 100]) },
            controls(u64::MAX, SOUND, NO_CAMERA),
            Body::Over { why: Over::Gone },
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Message { call: CALL, body }.encode();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let cut = cut.index(bytes.len() + 1);
        let _ = Message::parse(&bytes);
        if let Ok(message) = Message::parse(&bytes[..cut]) {
            prop_assert_eq!(Message::parse(&message.encode()), Ok(message));
        }
    }
}
