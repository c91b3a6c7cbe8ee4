//! A relay that somebody visits passes the challenge of their home relay on to them, and tries to
//! come in there with their answer.

use futures::{SinkExt, StreamExt};
use identity::Authority;
use signal_client::{LinkState, Problem};
use signal_wire::{ClientFrame, ErrorCode, RelayFrame, VERSION};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::Process;
use crate::support::{Person, Raw, dialled, message, quick, somebody, soon};

/// Somebody who dials us and is asked to sign this; what they answer.
async fn hello_of_a_visitor(
    listener: &TcpListener,
    nonce: signal_wire::Challenge,
) -> (ClientFrame, WebSocketStream<TcpStream>) {
    let (stream, _) = soon(listener.accept()).await.expect("they come");
    let mut socket = tokio_tungstenite::accept_async(stream)
        .await
        .expect("they speak WebSocket");
    let challenge = RelayFrame::Challenge {
        version: VERSION,
        nonce,
    };
    let challenge = Message::text(challenge.encode());
    socket.send(challenge).await.expect("they listen");
    loop {
        if let Some(Ok(Message::Text(text))) = soon(socket.next()).await {
            return (ClientFrame::parse(&text).expect("a frame"), socket);
        }
    }
}

#[tokio::test]
async fn a_relay_that_is_visited_does_not_come_in_as_the_visitor_at_home() {
    let home = Process::start(&["--host", "127.0.0.1"]).await;
    let (ann, bob) = (somebody(), Person::online(&home.url).await);
    let mut at_home = Person::with(&home.url, ann.clone(), quick());
    at_home.until(LinkState::Online).await;

    // At the same host: only the port tells the two relays apart.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let _visitor = Person::with(&format!("ws://127.0.0.1:{port}"), ann, quick());
    for _ in 0..5 {
        let mut stolen = Raw::connect(&home.url).await.expect("the relay is there");
        let (hello, _socket) = hello_of_a_visitor(&listener, stolen.nonce).await;
        stolen.say(&hello).await;
        let code = ErrorCode::BadProof;
        assert_eq!(stolen.hear().await, Some(RelayFrame::Error { code }));
    }
    let dressed_up = Raw::connect_as(&home.url, &Authority::new("127.0.0.1", port)).await;
    assert!(dressed_up.is_err(), "under the name that was signed");

    bob.say(&at_home, "are you still there?");
    assert_eq!(at_home.hear().await, message(&bob, "are you still there?"));
    assert_eq!(*at_home.link.state().borrow(), LinkState::Online);
    assert_ne!(dialled(&home.url).to_string(), format!("127.0.0.1:{port}"));
}

#[tokio::test]
async fn a_relay_that_is_dialled_by_a_name_it_does_not_have_says_so() {
    let home = Process::start(&["--host", "relay.example"]).await;
    let mut ann = Person::new(&home.url);
    ann.until(LinkState::Offline(Problem::BadProof)).await;
}
