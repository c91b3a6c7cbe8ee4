//! Sockets that never say a word, or never read one.

use std::time::{Duration, Instant};

use signal_client::LinkState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::http::{from, knock};
use crate::support::process::Process;
use crate::support::{Person, message, quick, somebody, soon};

/// What each socket of the attack does before it falls silent.
const OPENINGS: [&[u8]; 4] = [
    b"",
    b"GET /v2 HTTP/1.1\r\nHost:",
    b"GET /nothing HTTP/1.1\r\nHost: relay\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: relay\r\nContent-Length: 1000000\r\n\r\nx",
];

/// A thousand sockets from sixteen addresses.
async fn attack(relay: &Process) -> Vec<TcpStream> {
    let mut sockets = Vec::new();
    for number in 0..1000 {
        let source = format!("127.0.1.{}", number % 16 + 1);
        let Ok(mut socket) = from(&source, &relay.socket_address()).await else {
            continue;
        };
        let opening = OPENINGS[number % OPENINGS.len()];
        let _sent: Result<(), _> = socket.write_all(opening).await;
        sockets.push(socket);
    }
    sockets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_silent_sockets_take_nobodys_place() {
    let relay = Process::start(&["--max-connections", "300", "--max-unauthenticated", "200"]).await;
    let ann = Person::online(&relay.url).await;
    let mut bob = Person::online(&relay.url).await;
    let attackers = attack(&relay).await;
    let open = relay.descriptors();
    assert!(open < 400, "{open} descriptors");
    // All that an attacker may hold of the places of others is what a hello may take.
    let start = Instant::now();
    let mut newcomer = Person::with(&relay.url, somebody(), quick());
    newcomer.until(LinkState::Online).await;
    assert!(
        start.elapsed() < Duration::from_secs(6),
        "{:?}",
        start.elapsed()
    );
    ann.say(&bob, "still there?");
    assert_eq!(bob.hear().await, message(&ann, "still there?"));
    sleep(Duration::from_secs(6)).await;
    let open = relay.descriptors();
    assert!(open < 40, "{open} descriptors after their time is up");
    drop(attackers);
}

#[tokio::test]
async fn a_silent_socket_makes_room_for_a_newer_one() {
    let relay = Process::start(&["--max-unauthenticated", "4", "--hello", "1h"]).await;
    let here = relay.socket_address();
    let knocking = async || {
        let mut socket = from("127.0.0.5", &here).await.expect("it listens");
        assert_eq!(knock(&mut socket, &here, "").await, Some(101));
        socket
    };
    let mut silent = from("127.0.0.5", &here).await.expect("it listens");
    // Nothing shows when the relay has taken it in.
    sleep(Duration::from_millis(200)).await;
    // Upgraded, and as silent from then on.
    let mut upgraded = knocking().await;
    let _two = (knocking().await, knocking().await);
    let _fifth = knocking().await;
    let mut rest = Vec::new();
    soon(silent.read_to_end(&mut rest))
        .await
        .expect("the oldest is closed");
    assert!(rest.is_empty());
    // Whoever has proven an address holds no such place.
    let (ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    soon(upgraded.read_to_end(&mut rest))
        .await
        .expect("then the next");
    for _ in 0..8 {
        let _one = knocking().await;
    }
    ann.say(&bob, "still there?");
    assert_eq!(bob.hear().await, message(&ann, "still there?"));
}

#[tokio::test]
async fn each_answer_ends_its_connection() {
    let relay = Process::start(&["--max-per-ip", "1"]).await;
    let mut first = from("127.0.0.5", &relay.socket_address())
        .await
        .expect("it listens");
    first
        .write_all(b"GET /nothing HTTP/1.1\r\nHost: relay\r\n\r\n")
        .await
        .expect("it reads");
    let mut answer = String::new();
    soon(first.read_to_string(&mut answer))
        .await
        .expect("it ends");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "{answer}"
    );

    // The relay counts the connection for a moment longer than its socket is open.
    let _held = soon(async {
        loop {
            let mut held = from("127.0.0.5", &relay.socket_address())
                .await
                .expect("it listens");
            if knock(&mut held, "relay", "").await == Some(101) {
                return held;
            }
        }
    })
    .await;
    let mut refused = from("127.0.0.5", &relay.socket_address())
        .await
        .expect("it listens");
    assert_eq!(knock(&mut refused, "relay", "").await, Some(503));
    let mut rest = Vec::new();
    soon(refused.read_to_end(&mut rest))
        .await
        .expect("it ends at once");
}

#[tokio::test]
async fn whoever_comes_too_often_is_refused_and_others_are_not() {
    let relay = Process::start(&[
        "--arrivals-per-ip-per-second",
        "1",
        "--arrivals-per-ip-burst",
        "3",
    ])
    .await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        let mut socket = from("127.0.0.5", &relay.socket_address())
            .await
            .expect("it listens");
        answers.push(knock(&mut socket, "relay", "").await);
    }
    assert_eq!(answers[..3], [Some(101); 3]);
    assert_eq!(answers[4..], [Some(429); 2], "{answers:?}");
    let mut other = from("127.0.0.6", &relay.socket_address())
        .await
        .expect("it listens");
    assert_eq!(knock(&mut other, "relay", "").await, Some(101));
}
