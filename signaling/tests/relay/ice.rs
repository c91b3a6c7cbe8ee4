//! STUN and TURN servers that the relay names to its clients.

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use signal_client::{LinkEvent, LinkState};
use signal_relay::{Config, IceConfig, TurnSecret, client_url};
use signal_wire::{
    Capabilities, Challenge, ClientFrame, IceServer, IceServers, RelayFrame, SessionToken, VERSION,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::support::{Person, Proxy, Raw, Running, quick, somebody, soon};

const TTL: Duration = Duration::from_secs(600);

fn config() -> Config {
    let secret = TurnSecret::from_text("north-of-the-river").expect("it is long enough");
    let turn = vec!["turn:192.0.2.7:3478".to_owned()];
    let ice = IceConfig::default().with_turn(turn, secret, TTL);
    let stun = vec!["stun:192.0.2.7:3478".to_owned()];
    Config {
        ice: ice
            .and_then(|it| it.with_stun(stun))
            .expect("they are servers"),
        ..Config::default()
    }
}

/// The user name for TURN in the next event, which must name both servers.
async fn told(person: &mut Person) -> String {
    let event = soon(person.events.recv()).await.expect("the link lives");
    let LinkEvent::IceServers(named) = event else {
        panic!("{event:?}")
    };
    let [stun, turn] = &named.servers[..] else {
        panic!("{} servers", named.servers.len())
    };
    assert_eq!(
        (stun.url.as_str(), stun.username.as_str()),
        ("stun:192.0.2.7:3478", "")
    );
    assert_eq!(turn.url, "turn:192.0.2.7:3478");
    assert!(!turn.credential.is_empty());
    let left = named.valid_until.duration_since(Instant::now());
    assert!(left <= TTL && left > TTL / 2, "{left:?}");
    turn.username.clone()
}

#[tokio::test]
async fn whoever_is_welcomed_has_servers_before_it_can_call() {
    let relay = Running::start(config()).await;
    let mut ann = Person::new(&relay.url);
    told(&mut ann).await;
    ann.until(LinkState::Online).await;
}

#[tokio::test]
async fn a_client_that_comes_back_gets_new_credentials() {
    let relay = Running::start(config()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let mut ann = Person::new(&proxy.url);
    let first = told(&mut ann).await;
    ann.until(LinkState::Online).await;
    proxy.cut();
    loop {
        match soon(ann.events.recv()).await.expect("the link lives") {
            LinkEvent::State(_) => {}
            LinkEvent::IceServers(named) => {
                assert_ne!(named.servers[1].username, first);
                break;
            }
            event => panic!("{event:?}"),
        }
    }
}

#[tokio::test]
async fn an_address_that_comes_back_too_often_is_told_when_to_ask() {
    let relay = Running::start(config()).await;
    let ann = somebody();
    for _ in 0..3 {
        let (_raw, welcome) = Raw::prove(&relay.url, &ann, None).await;
        assert!(
            matches!(&welcome, RelayFrame::Welcome { ice: Some(it), .. } if it.servers.len() == 2)
        );
    }
    let (mut raw, welcome) = Raw::prove(&relay.url, &ann, None).await;
    let RelayFrame::Welcome {
        ice: Some(refused), ..
    } = welcome
    else {
        panic!("{welcome:?}")
    };
    assert!(refused.servers.is_empty() && (1..=10).contains(&refused.ttl_seconds));
    raw.say(&ClientFrame::Ice {}).await;
    let answer = raw.hear().await;
    assert!(
        matches!(&answer, Some(RelayFrame::Ice(it)) if it.servers.is_empty()),
        "{answer:?}"
    );
    let bob = Raw::prove(&relay.url, &somebody(), None).await.1;
    assert!(
        matches!(&bob, RelayFrame::Welcome { ice: Some(it), .. } if it.servers.len() == 2),
        "others are not concerned: {bob:?}"
    );
}

/// A relay that welcomes one client with these servers, and answers its first question with those.
async fn scripted(first: IceServers, then: IceServers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = client_url(listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let mut socket = accept_async(stream).await.expect("a WebSocket");
        let challenge = RelayFrame::Challenge {
            version: VERSION,
            nonce: Challenge([1; 32]),
        };
        say(&mut socket, &challenge).await;
        let _hello = socket.next().await;
        let welcome = RelayFrame::Welcome {
            capabilities: Capabilities::default(),
            session: SessionToken([1; 16]),
            resumed: false,
            received: 0,
            ice: Some(first),
        };
        say(&mut socket, &welcome).await;
        while let Some(Ok(message)) = socket.next().await {
            let text = message.to_text().expect("a text");
            if ClientFrame::parse(text).is_ok_and(|it| it == ClientFrame::Ice {}) {
                say(&mut socket, &RelayFrame::Ice(then.clone())).await;
            }
        }
    });
    url
}

async fn say(socket: &mut WebSocketStream<TcpStream>, frame: &RelayFrame) {
    let text = Message::text(frame.encode());
    socket.send(text).await.expect("the client is there");
}

#[tokio::test]
async fn a_client_that_was_told_of_none_asks_by_itself() {
    let none = IceServers::default();
    let one = IceServers {
        servers: vec![IceServer {
            url: "turn:192.0.2.7".to_owned(),
            username: "1700000600:abc".to_owned(),
            credential: "secret".to_owned(),
        }],
        ttl_seconds: 600,
    };
    let timing = signal_client::Timing {
        ask_ice: Duration::from_millis(50),
        ..quick()
    };
    let mut ann = Person::with(&scripted(none, one).await, somebody(), timing);
    ann.until(LinkState::Online).await;
    let event = soon(ann.events.recv()).await;
    assert!(
        matches!(&event, Some(LinkEvent::IceServers(it)) if it.servers.len() == 1),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_relay_that_knows_no_servers_says_nothing_of_them() {
    let relay = Running::start(Config::default()).await;
    let ann = somebody();
    let (mut raw, welcome) = Raw::prove(&relay.url, &ann, None).await;
    assert!(!welcome.encode().contains("ice"), "{welcome:?}");
    raw.say(&ClientFrame::Ice {}).await;
    let bob = Person::online(&relay.url).await;
    bob.link
        .send(ann.address(), "hello".into())
        .expect("there is room");
    let next = raw.hear().await;
    assert!(
        matches!(next, Some(RelayFrame::Envelope { .. })),
        "{next:?}"
    );
}
