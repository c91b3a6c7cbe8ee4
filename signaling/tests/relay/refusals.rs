//! Frames that are none, too large, out of order, repeated or not due: each is refused with a word,
//! and changes nothing for anybody.

use bytes::Bytes;
use signal_client::LinkState;
use signal_relay::Config;
use signal_wire::{
    Address, ClientFrame, ErrorCode, MAX_FRAME_BYTES, MessageId, Payload, Proof, RelayFrame,
};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Person, Raw, Running, message, somebody};

fn envelope(seq: u64, to: Address) -> ClientFrame {
    ClientFrame::Envelope {
        seq,
        id: MessageId(seq.to_be_bytes()),
        to,
        payload: Payload::new(Bytes::from_static(b"hi")).expect("it is small"),
    }
}

/// What no relay takes from anybody, at any time.
fn never() -> Vec<(&'static str, Message)> {
    let to = somebody().address();
    let text = |frame: &ClientFrame| frame.encode();
    let valid = text(&envelope(1, to));
    let mut cases = vec![
        ("bytes", Message::Binary(Bytes::from_static(b"\0\x01\xff"))),
        ("too large", Message::text(" ".repeat(2 * MAX_FRAME_BYTES))),
        (
            "just too large",
            Message::text(" ".repeat(MAX_FRAME_BYTES) + &valid),
        ),
        ("deep", Message::text("[".repeat(MAX_FRAME_BYTES / 2))),
        (
            "a payload that is too large",
            Message::text(valid.replace(r#""aGk""#, &format!("\"{}\"", "A".repeat(65_540)))),
        ),
        ("cut", Message::text(&valid[..valid.len() - 1])),
        ("two at once", Message::text(valid.repeat(2))),
    ];
    let texts = [
        ("nothing", ""),
        ("no JSON", "garbage"),
        ("null", "null"),
        ("a list", "[]"),
        ("no fields", r#"{"ack":{}}"#),
        ("a negative number", r#"{"ack":{"seq":-1}}"#),
        (
            "too large a number",
            r#"{"ack":{"seq":18446744073709551616}}"#,
        ),
        ("a fraction", r#"{"ack":{"seq":1.5}}"#),
        ("a field twice", r#"{"ack":{"seq":0,"seq":0}}"#),
        ("half an envelope", r#"{"envelope":{"seq":1}}"#),
        (
            "a mistyped address",
            r#"{"envelope":{"seq":1,"id":"AAAAAAAAAAA","to":"tincan:a","payload":""}}"#,
        ),
        (
            "an id that is too long",
            r#"{"envelope":{"seq":1,"id":"AAAAAAAAAAAA","to":"","payload":""}}"#,
        ),
        ("two kinds", r#"{"ack":{"seq":0},"hello":{}}"#),
    ];
    cases.extend(texts.map(|(name, text)| (name, Message::text(text))));
    cases
}

/// What is refused of somebody who has not said hello, beside what is never taken.
fn too_early(bob: Address) -> Vec<(&'static str, Message)> {
    let frames = [
        ("an envelope before hello", envelope(1, bob)),
        ("an ack before hello", ClientFrame::Ack { seq: 0 }),
    ];
    let text = |(name, frame): (_, ClientFrame)| (name, Message::text(frame.encode()));
    frames.map(text).to_vec()
}

/// What is refused of somebody who has.
fn not_due(raw: &Raw, identity: &identity::Identity) -> Vec<(&'static str, Message)> {
    let mut hello_again = raw.hello(identity, &raw.relay, None);
    let right = hello_again.encode();
    if let ClientFrame::Hello { proof, .. } = &mut hello_again {
        *proof = Proof([0; 64]);
    }
    let frames = [
        ("hello again", right),
        ("a wrong hello", hello_again.encode()),
        ("an ack of the future", ClientFrame::Ack { seq: 1 }.encode()),
        (
            "an ack of the end",
            ClientFrame::Ack { seq: u64::MAX }.encode(),
        ),
    ];
    let text = |(name, frame): (_, String)| (name, Message::text(frame));
    frames.map(text).to_vec()
}

/// The relay says that it is malformed, and nothing after that.
async fn is_refused(raw: &mut Raw, name: &str, message: Message) {
    raw.send(message).await;
    let code = ErrorCode::Malformed;
    assert_eq!(raw.hear().await, Some(RelayFrame::Error { code }), "{name}");
    assert_eq!(raw.hear().await, None, "{name}");
}

#[tokio::test]
async fn before_hello_nothing_else_is_taken() {
    let relay = Running::start(Config::default()).await;
    let mut bob = Person::online(&relay.url).await;
    for (name, message) in never().into_iter().chain(too_early(bob.address)) {
        let mut raw = Raw::connect(&relay.url).await.unwrap();
        is_refused(&mut raw, name, message).await;
    }
    bob.hears_nothing().await;
}

#[tokio::test]
async fn after_hello_only_what_is_due_is_taken() {
    let relay = Running::start(Config::default()).await;
    let (ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    let eve = somebody();
    let (raw, _welcome) = Raw::prove(&relay.url, &eve, None).await;
    let cases: Vec<_> = never().into_iter().chain(not_due(&raw, &eve)).collect();
    for (name, refused) in cases {
        let (mut raw, welcome) = Raw::prove(&relay.url, &eve, None).await;
        assert!(
            matches!(
                welcome,
                RelayFrame::Welcome {
                    resumed: false,
                    received: 0,
                    ..
                }
            ),
            "nothing is left of the session before: {welcome:?}"
        );
        is_refused(&mut raw, name, refused).await;
    }
    ann.say(&bob, "all is well");
    assert_eq!(bob.hear().await, message(&ann, "all is well"));
    bob.hears_nothing().await;
    for person in [&ann, &bob] {
        assert_eq!(*person.link.state().borrow(), LinkState::Online);
    }
}

#[tokio::test]
async fn what_repeats_or_comes_late_is_passed_over() {
    let relay = Running::start(Config::default()).await;
    let bob = somebody();
    let (mut to_bob, _) = Raw::prove(&relay.url, &bob, None).await;
    let (mut raw, _) = Raw::prove(&relay.url, &somebody(), None).await;
    for seq in [2, 1, 2, 2, 0, 3, 3, u64::MAX, 4, u64::MAX] {
        raw.say(&envelope(seq, bob.address())).await;
    }
    for (number, seq) in (1..).zip([2, 3, u64::MAX]) {
        let id = MessageId(u64::to_be_bytes(seq));
        match to_bob.hear().await {
            Some(RelayFrame::Envelope { seq, id: it, .. }) => {
                assert_eq!((seq, it), (number, id));
            }
            other => panic!("{other:?}"),
        }
    }
    for seq in [0, 3, 3, 1, 2] {
        to_bob.say(&ClientFrame::Ack { seq }).await;
    }
    let (mut other, _) = Raw::prove(&relay.url, &somebody(), None).await;
    other.say(&envelope(1, bob.address())).await;
    assert!(matches!(
        to_bob.hear().await,
        Some(RelayFrame::Envelope { seq: 4, .. })
    ));
}
