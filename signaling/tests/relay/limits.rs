//! What a relay does not put up with.

use std::time::{Duration, Instant};

use bytes::Bytes;
use identity::Authority;
use signal_client::{LinkEvent, LinkState, Problem};
use signal_relay::{Config, Limits, Timing};
use signal_wire::{
    Absence, Capabilities, ClientFrame, ErrorCode, MAX_PAYLOAD_BYTES, Proof, RelayFrame, VERSION,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{Person, Raw, Running, message, quick, somebody, soon};

fn refused(frame: Option<&RelayFrame>, code: ErrorCode) -> bool {
    frame == Some(&RelayFrame::Error { code })
}

#[tokio::test]
async fn only_the_owner_of_a_key_gets_its_address() {
    let relay = Running::start(Config::default()).await;
    let (ann, eve) = (somebody(), somebody());

    let mut raw = Raw::connect(&relay.url).await.unwrap();
    let stolen = ClientFrame::Hello {
        version: VERSION,
        capabilities: Capabilities::default(),
        address: ann.address(),
        proof: eve.prove(&raw.nonce, &raw.relay),
        resume: None,
    };
    raw.say(&stolen).await;
    assert!(refused(raw.hear().await.as_ref(), ErrorCode::BadProof));
    assert_eq!(raw.hear().await, None);

    let earlier = Raw::connect(&relay.url).await.unwrap();
    let mut raw = Raw::connect(&relay.url).await.unwrap();
    raw.say(&earlier.hello(&ann, &earlier.relay, None)).await;
    assert!(
        refused(raw.hear().await.as_ref(), ErrorCode::BadProof),
        "a proof is good for one challenge"
    );

    for other in [
        Authority::new("other.example.org", 80),
        Authority::new("127.0.0.1", 1),
    ] {
        let mut raw = Raw::connect(&relay.url).await.unwrap();
        raw.say(&raw.hello(&ann, &other, None)).await;
        assert!(
            refused(raw.hear().await.as_ref(), ErrorCode::BadProof),
            "a proof is good for one relay"
        );
    }
}

fn known_as(host: &str) -> Config {
    Config {
        hosts: vec![host.parse().expect("a host")],
        ..Config::default()
    }
}

#[tokio::test]
async fn a_relay_with_names_takes_no_client_that_dialled_another() {
    for other in ["relay.example.org", "127.0.0.1:1"] {
        let relay = Running::start(known_as(other)).await;
        assert!(Raw::connect(&relay.url).await.is_err());
        let mut ann = Person::new(&relay.url);
        ann.until(LinkState::Offline(Problem::BadProof)).await;
    }
    let relay = Running::start(known_as("127.0.0.1")).await;
    Person::online(&relay.url).await;
}

#[tokio::test]
async fn another_version_is_told_so() {
    let relay = Running::start(Config::default()).await;
    let (ann, mut raw) = (somebody(), Raw::connect(&relay.url).await.unwrap());
    let proof = Proof([0; 64]);
    raw.say(&ClientFrame::Hello {
        version: VERSION + 1,
        capabilities: Capabilities::default(),
        address: ann.address(),
        proof,
        resume: None,
    })
    .await;
    assert!(refused(raw.hear().await.as_ref(), ErrorCode::Version));
}

#[tokio::test]
async fn whoever_says_nothing_is_let_go() {
    let timing = Timing {
        hello: Duration::from_millis(100),
        ..Timing::default()
    };
    let relay = Running::start(Config {
        timing,
        ..Config::default()
    })
    .await;
    let mut raw = Raw::connect(&relay.url).await.unwrap();
    assert!(refused(raw.hear().await.as_ref(), ErrorCode::Timeout));

    let mut stream = TcpStream::connect(relay.socket_address()).await.unwrap();
    stream
        .write_all(b"GET /v2 HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
}

#[tokio::test]
async fn a_flood_is_slowed_down_and_others_do_not_notice() {
    let limits = Limits {
        frames_per_second: 50,
        frames_burst: 10,
        ..Limits::default()
    };
    let relay = Running::start(Config {
        limits,
        ..Config::default()
    })
    .await;
    let (ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    let start = Instant::now();
    for _ in 0..100 {
        ann.say(&bob, "and another");
    }
    for _ in 0..100 {
        assert_eq!(bob.hear().await, message(&ann, "and another"));
    }
    // 10 at once, then one every 20 ms; what one read took in passes together.
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(1000), "{took:?}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_keeps_its_place_for_a_while_and_then_loses_it() {
    let timing = Timing {
        progress: Duration::from_secs(2),
        ..Timing::default()
    };
    let relay = Running::start(Config {
        timing,
        ..Config::default()
    })
    .await;
    let mut ann = Person::online(&relay.url).await;
    let bob = somebody();
    let to = bob.address();
    let (mut silent, _welcome) = Raw::prove(&relay.url, &bob, None).await;
    let sent = Limits::default().outbox_bytes / MAX_PAYLOAD_BYTES + 1;
    for _ in 0..sent {
        ann.link
            .send(to, Bytes::from(vec![0; MAX_PAYLOAD_BYTES]))
            .unwrap();
    }
    let begun = Instant::now();
    let why = loop {
        match ann.hear().await {
            LinkEvent::Refused { to: it } => assert_eq!(it, to),
            LinkEvent::NotHere { to: it, why } if it == to => break why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(why, Absence::Silent);
    assert!(begun.elapsed() > Duration::from_secs(1), "{begun:?}");
    loop {
        match silent.hear().await {
            Some(RelayFrame::Envelope { .. }) => {}
            last => break assert!(refused(last.as_ref(), ErrorCode::TooSlow)),
        }
    }
}

#[tokio::test]
async fn a_client_whose_proof_would_wait_too_long_is_told_to_come_back() {
    let limits = Limits {
        proofs_per_second_per_ip: 1,
        proofs_burst_per_ip: 1,
        ..Limits::default()
    };
    let relay = Running::start(Config {
        limits,
        ..Config::default()
    })
    .await;
    let begun = Instant::now();
    let prove = || async {
        let (identity, mut raw) = (somebody(), Raw::connect(&relay.url).await.unwrap());
        raw.say(&raw.hello(&identity, &raw.relay, None)).await;
        (raw.hear().await, begun.elapsed())
    };
    let (first, second, third) = tokio::join!(prove(), prove(), prove());
    let busy = [&first, &second, &third].map(|it| refused(it.0.as_ref(), ErrorCode::Busy));
    assert_eq!(busy, [false; 3], "they wait");
    let last = first.1.max(second.1).max(third.1);
    assert!(last >= Duration::from_secs(2), "{last:?}");
    let (fourth, fifth, sixth) = tokio::join!(prove(), prove(), prove());
    let busy = [fourth, fifth, sixth].map(|it| refused(it.0.as_ref(), ErrorCode::Busy));
    assert!(busy.contains(&true), "one would wait for more than 2 s");
}

#[tokio::test]
async fn one_source_cannot_take_every_place() {
    let limits = Limits {
        connections_per_ip: 2,
        ..Limits::default()
    };
    let relay = Running::start(Config {
        limits,
        ..Config::default()
    })
    .await;
    let (first, _second) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    let mut third = Person::with(&relay.url, somebody(), quick());
    third.until(LinkState::Offline(Problem::Full)).await;
    first.link.close().await;
    third.until(LinkState::Online).await;
}

#[tokio::test]
async fn health_is_answered_and_other_paths_are_not() {
    let relay = Running::start(Config::default()).await;
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(relay.socket_address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        answer
    };
    assert!(ask("/health").await.starts_with("HTTP/1.1 200 OK"));
    assert!(ask("/").await.starts_with("HTTP/1.1 404"));
    for path in ["/v2", "/v2/"] {
        let answer = ask(path).await;
        assert!(
            answer.starts_with("HTTP/1.1 4") && !answer.starts_with("HTTP/1.1 404"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn stopping_does_not_wait_for_those_who_do_not_listen() {
    let relay = Running::start(Config::default()).await;
    let _half_open = TcpStream::connect(relay.socket_address()).await.unwrap();
    let (_silent, _) = Raw::prove(&relay.url, &somebody(), None).await;
    sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    relay.stop().await;
    assert!(start.elapsed() < Duration::from_secs(3));
}
