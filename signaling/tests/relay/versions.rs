//! Ends of different age: what is new to one is passed over, and what one lacks is done without.

use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use signal_client::{LinkEvent, LinkState, Problem};
use signal_relay::Config;
use signal_wire::{Challenge, ClientFrame, ErrorCode, OLD_PATH, RelayFrame};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Person, Raw, Running, somebody, soon};

#[tokio::test]
async fn a_client_of_the_version_before_is_told_so_in_its_own_words() {
    let relay = Running::start(Config::default()).await;
    for path in [OLD_PATH.to_owned(), format!("{OLD_PATH}/")] {
        let url = format!("ws://{}{path}", relay.socket_address());
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let first = soon(socket.next()).await.unwrap().unwrap();
        let expected = r#"{"error":{"code":"version"}}"#;
        assert_eq!(first, Message::text(expected));
        assert!(matches!(
            soon(socket.next()).await,
            Some(Ok(Message::Close(_))) | None
        ));
    }
}

/// The hello of `frame` with other fields.
fn changed(frame: &ClientFrame, from: &str, to: &str) -> Message {
    let text = frame.encode();
    let changed = text.replacen(from, to, 1);
    assert_ne!(text, changed);
    Message::text(changed)
}

#[tokio::test]
async fn a_client_of_a_later_version_is_welcome() {
    let relay = Running::start(Config::default()).await;
    let mut bob = Person::online(&relay.url).await;
    let later = r#""mood":{"good":[1]},"capabilities":["unheard_of","ice"],"version""#;
    let identity = somebody();
    let mut raw = Raw::connect(&relay.url).await.unwrap();
    raw.send(Message::text(r#"{"weather":{"sun":true}}"#)).await;
    let hello = raw.hello(&identity, &raw.relay, None);
    raw.send(changed(&hello, r#""version""#, later)).await;
    assert!(matches!(raw.hear().await, Some(RelayFrame::Welcome { .. })));
    for _ in 0..20 {
        raw.send(Message::text(r#"{"weather":{"sun":false}}"#))
            .await;
        raw.send(Message::text(r#""goodnight""#)).await;
    }
    let text = format!(
        r#"{{"envelope":{{"urgent":true,"seq":1,"id":"AAAAAAAAAAA","to":"{}","payload":"aGk"}}}}"#,
        bob.address
    );
    raw.send(Message::text(text)).await;
    let (from, payload) = (identity.address(), Bytes::from_static(b"hi"));
    assert_eq!(bob.hear().await, LinkEvent::Message { from, payload });
    assert!(matches!(raw.hear().await, Some(RelayFrame::Ack { seq: 1 })));
}

/// A relay that says whatever a test wants, to one client after the other.
struct Scripted {
    listener: TcpListener,
    url: String,
}

impl Scripted {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}", listener.local_addr().expect("it is bound"));
        Self { listener, url }
    }

    /// Takes a client, and says these frames to it once it has said hello.
    async fn welcome(&self, before: &[&str], after: &[&str]) -> WebSocketStream<TcpStream> {
        let (stream, _) = soon(self.listener.accept()).await.expect("it comes");
        let mut socket = tokio_tungstenite::accept_async(stream).await.expect("it");
        for text in before {
            socket.send(Message::text(*text)).await.expect("it listens");
        }
        while !matches!(soon(socket.next()).await, Some(Ok(Message::Text(_)))) {}
        for text in after {
            socket.send(Message::text(*text)).await.expect("it listens");
        }
        socket
    }
}

fn challenge() -> String {
    let frame = RelayFrame::Challenge {
        version: signal_wire::VERSION,
        nonce: Challenge([1; 32]),
    };
    frame.encode()
}

const WELCOME: &str =
    r#"{"welcome":{"session":"AAAAAAAAAAAAAAAAAAAAAA","resumed":false,"received":0}}"#;

#[tokio::test]
async fn a_relay_of_a_later_version_is_understood() {
    let relay = Scripted::new().await;
    let mut ann = Person::new(&relay.url);
    let bob = somebody().address();
    let envelope = format!(
        r#"{{"envelope":{{"urgent":true,"seq":1,"id":"AAAAAAAAAAA","from":"{bob}","payload":"aGk"}}}}"#
    );
    let refused =
        format!(r#"{{"refused":{{"seq":2,"id":"AAAAAAAAAAA","to":"{bob}","how":"gently"}}}}"#);
    let later = challenge().replace(r#""version""#, r#""mood":[],"version""#);
    let welcome = WELCOME.replace(r#""session""#, r#""capabilities":["unheard_of"],"session""#);
    let _socket = relay
        .welcome(
            &[r#"{"weather":{}}"#, &later],
            &[
                r#"{"weather":{}}"#,
                &welcome,
                r#"{"weather":{}}"#,
                &envelope,
                r#""goodnight""#,
                &refused,
            ],
        )
        .await;
    let payload = Bytes::from_static(b"hi");
    assert_eq!(ann.hear().await, LinkEvent::Message { from: bob, payload });
    assert_eq!(ann.hear().await, LinkEvent::Refused { to: bob });
    assert_eq!(*ann.link.state().borrow(), LinkState::Online);
}

#[tokio::test]
async fn an_error_that_is_not_known_is_one_that_may_pass() {
    let relay = Scripted::new().await;
    let mut ann = Person::new(&relay.url);
    let challenge = challenge();
    let unknown = r#"{"error":{"code":"on_fire"}}"#;
    drop(relay.welcome(&[&challenge], &[unknown]).await);
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
    let _socket = relay.welcome(&[&challenge], &[WELCOME]).await;
    ann.until(LinkState::Online).await;
}

#[tokio::test]
async fn a_relay_that_is_busy_or_refuses_the_proof_is_told_from_one_of_another_version() {
    for (code, problem) in [
        (ErrorCode::Busy, Problem::Full),
        (ErrorCode::BadProof, Problem::BadProof),
        (ErrorCode::Version, Problem::Refused),
    ] {
        let relay = Scripted::new().await;
        let mut ann = Person::new(&relay.url);
        let error = RelayFrame::Error { code }.encode();
        let _socket = relay.welcome(&[&challenge()], &[&error]).await;
        ann.until(LinkState::Offline(problem)).await;
    }
}

#[tokio::test]
async fn a_relay_that_hangs_after_its_challenge_is_given_up_before_the_attempt_would_be() {
    let timing = signal_client::Timing {
        welcome: Duration::from_millis(100),
        ..crate::support::quick()
    };
    let relay = Scripted::new().await;
    let mut ann = Person::with(&relay.url, somebody(), timing);
    let _silent = relay.welcome(&[&challenge()], &[]).await;
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
    let _socket = relay.welcome(&[&challenge()], &[WELCOME]).await;
    ann.until(LinkState::Online).await;
}
