//! How a relay does, and how it ends, seen from where whoever runs it looks.

use std::time::{Duration, Instant};

use identity::Authority;
use rustix::process::Signal;
use signal_client::{LinkState, Problem};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::http::get;
use crate::support::process::Process;
use crate::support::{Person, Raw, message, somebody};

/// A relay and the address of its other port.
async fn relay(args: &[&str]) -> (Process, String) {
    let args = [&["--admin", "127.0.0.1:0"], args].concat();
    let relay = Process::start(&args).await;
    relay.logged("/metrics", 1).await;
    let log = relay.log();
    let (_, rest) = log.split_once("http://").expect("it says where");
    let admin = rest.split('/').next().expect("an address").to_owned();
    (relay, admin)
}

/// The value of a line of the metrics.
async fn value(admin: &str, name: &str) -> f64 {
    let text = get(admin, "/metrics").await;
    let name = format!("tincan_relay_{name} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

#[tokio::test]
async fn it_says_how_it_does_and_names_nobody() {
    let (relay, admin) = relay(&["--max-connections", "3", "--frames-burst", "4"]).await;
    assert!(get(&admin, "/health").await.starts_with("HTTP/1.1 200"));
    assert!(get(&admin, "/ready").await.starts_with("HTTP/1.1 200"));
    assert!(get(&admin, "/v2").await.starts_with("HTTP/1.1 404"));
    let here = relay.socket_address();
    assert!(get(&here, "/metrics").await.starts_with("HTTP/1.1 404"));

    let (ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    for _ in 0..8 {
        ann.say(&bob, "hello");
        assert_eq!(bob.hear().await, message(&ann, "hello"));
    }
    let mut raw = Raw::connect(&relay.url).await.expect("there is room");
    let forged = raw.hello(&somebody(), &Authority::new("other.example", 80), None);
    raw.say(&forged).await;
    while raw.hear().await.is_some() {}
    sleep(Duration::from_millis(100)).await;

    assert!(value(&admin, "sessions").await >= 2.0);
    assert!(value(&admin, "connections").await >= 2.0);
    assert_eq!(value(&admin, "messages_total").await, 8.0);
    assert_eq!(value(&admin, "message_bytes_total").await, 40.0);
    assert!(value(&admin, "rate_limit_delays_total").await >= 1.0);
    let failed = value(&admin, "authentications_total{result=\"failed\"}").await;
    assert_eq!(failed, 1.0);
    let text = get(&admin, "/metrics").await;
    assert!(
        !text.contains("127.0.0.1") && text.trim_end().ends_with("# EOF"),
        "{text}"
    );

    let _third = Person::online(&relay.url).await;
    assert!(get(&admin, "/ready").await.ends_with("full"));
    let mut fourth = Person::new(&relay.url);
    fourth.until(LinkState::Offline(Problem::Full)).await;
    let full = value(&admin, "refused_total{reason=\"full\"}").await;
    assert!(full >= 1.0, "{full}");
}

#[tokio::test]
async fn a_connection_counts_as_soon_as_it_is_taken_in() {
    let (relay, admin) = relay(&[]).await;
    let silent = TcpStream::connect(relay.socket_address()).await;
    let counted = async {
        while value(&admin, "accepted_total").await < 1.0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    // Before its time for a request is over.
    let counted = timeout(Duration::from_secs(3), counted).await;
    assert!(counted.is_ok() && silent.is_ok());
}

#[tokio::test]
async fn those_who_only_look_cannot_hold_it_up() {
    let (relay, admin) = relay(&[]).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(&admin).await.expect("it listens"));
    }
    let before = relay.descriptors();
    assert!(before < 80, "{before} descriptors");
    Person::online(&relay.url).await;
}

#[tokio::test]
async fn those_who_are_turned_away_do_not_fill_the_log() {
    let (relay, admin) = relay(&[]).await;
    let connect = || TcpStream::connect(&admin);
    let mut held = Vec::new();
    for _ in 0..200 {
        held.push(connect().await.expect("it listens"));
    }
    relay.logged("turned_away=128", 1).await;
    let lines = relay.log().matches("too many ask").count();
    assert!(lines <= 8, "{lines} lines");
}

/// Clients that wait for the end of a relay, and when each of them heard of it.
async fn ends(relay: &Process, clients: usize, at: Instant) -> Vec<Duration> {
    let mut waiting = Vec::new();
    for _ in 0..clients {
        let (mut raw, _) = Raw::prove(&relay.url, &somebody(), None).await;
        waiting.push(tokio::spawn(async move {
            while raw.hear().await.is_some() {}
            at.elapsed()
        }));
    }
    relay.signal(Signal::TERM);
    let mut ends = Vec::new();
    for one in waiting {
        ends.push(one.await.expect("it does not panic"));
    }
    ends.sort();
    ends
}

#[tokio::test]
async fn a_relay_that_ends_refuses_newcomers_and_tells_the_others_one_by_one() {
    let (mut relay, admin) =
        relay(&["--max-per-ip", "300", "--arrivals-per-ip-burst", "500"]).await;
    let here = relay.socket_address();
    let looking = async {
        relay.logged("relay stops", 1).await;
        let ready = get(&admin, "/ready").await;
        (ready, TcpStream::connect(&here).await.is_err())
    };
    let start = Instant::now();
    let (ends, (ready, refused)) = tokio::join!(ends(&relay, 200, start), looking);
    assert!(
        ready.starts_with("HTTP/1.1 503") && ready.ends_with("draining"),
        "{ready}"
    );
    assert!(refused, "nobody new comes in");
    let (first, last) = (ends[0], ends[ends.len() - 1]);
    assert!(
        last - first >= Duration::from_millis(1500),
        "{first:?} {last:?}"
    );
    assert!(last - first < Duration::from_secs(5), "{first:?} {last:?}");
    assert!(relay.ended().await.success());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let (mut relay, _admin) =
        relay(&["--max-per-ip", "300", "--arrivals-per-ip-burst", "500"]).await;
    let hurry = async {
        relay.logged("relay stops", 1).await;
        relay.signal(Signal::INT);
        Instant::now()
    };
    let start = Instant::now();
    let (ends, hurried) = tokio::join!(ends(&relay, 200, start), hurry);
    let last = start + ends[ends.len() - 1];
    let took = last.saturating_duration_since(hurried);
    assert!(took < Duration::from_millis(1000), "{took:?}");
    assert!(relay.ended().await.success());
}
