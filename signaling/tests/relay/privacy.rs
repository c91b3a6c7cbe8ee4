//! Nothing readable is logged, at any level, by the relay or by the link.

use std::io::{self, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use signal_client::LinkEvent;
use signal_wire::{Address, Challenge};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Message;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::prelude::*;

use crate::support::{Person, Raw, message, somebody, soon};

const SECRET: &str = "the bank code is 4711";

#[cfg(unix)]
#[tokio::test]
async fn neither_relay_nor_link_logs_anything_readable() {
    let (link_log, raw_log) = (Log::default(), Log::default());
    let layer = |log: &Log, directives: String| {
        let writer = log.clone();
        tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_filter(EnvFilter::new(directives))
    };
    let filtered = format!("trace,{}", signal_client::LOG_FILTER);
    tracing_subscriber::registry()
        .with(vec![
            layer(&link_log, filtered),
            layer(&raw_log, "trace".to_owned()),
        ])
        .init();

    let mut relay = Command::new(env!("CARGO_BIN_EXE_tincan-relay"))
        .args(["--listen", "127.0.0.1:0", "--log", "trace"])
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(relay.stdout.take().unwrap()).lines();
    let url = soon(lines.next_line()).await.unwrap().unwrap();
    assert!(
        url.starts_with("ws://127.0.0.1:") && url.ends_with("/v2"),
        "{url}"
    );

    let people = talk(&url).await;
    let id = relay.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    assert!(
        soon(relay.wait()).await.unwrap().success(),
        "it stops in good order"
    );

    let mut relay_log = String::new();
    soon(relay.stderr.take().unwrap().read_to_string(&mut relay_log))
        .await
        .unwrap();
    assert_eq!(
        soon(lines.next_line()).await.unwrap(),
        None,
        "the URL is all it prints"
    );
    assert!(
        raw_log
            .text()
            .contains(&BASE64URL_NOPAD.encode(SECRET.as_bytes())),
        "the libraries beneath do log frames"
    );
    for (log, expected) in [(relay_log, "relay stops"), (link_log.text(), "relay link")] {
        assert!(log.contains(expected), "the log is there: {log}");
        for secret in secrets(&url, &people) {
            assert!(!shows(&log, &secret), "{secret:?} is in the log: {log}");
        }
    }
}

/// Whether a text shows a secret. A port within a longer number, as the libraries name pointers, is
/// there by chance.
fn shows(log: &str, secret: &str) -> bool {
    let digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    let is_number = secret.bytes().all(|it| it.is_ascii_digit());
    log.match_indices(secret).any(|(at, _)| {
        let (before, after) = (&log[..at], &log[at + secret.len()..]);
        let within = digit(before.chars().next_back()) || digit(after.chars().next());
        !(is_number && within)
    })
}

/// Goes through all that a relay and a link have to say something about.
async fn talk(url: &str) -> Vec<Address> {
    let (ann, mut bob) = (Person::online(url).await, Person::online(url).await);
    ann.say(&bob, SECRET);
    assert_eq!(bob.hear().await, message(&ann, SECRET));
    let nobody = somebody().address();
    bob.link
        .send(nobody, Bytes::from_static(SECRET.as_bytes()))
        .expect("there is room");
    assert_eq!(
        bob.hear().await,
        LinkEvent::NotHere {
            to: nobody,
            why: signal_client::Absence::Unknown
        }
    );
    let people = vec![ann.address, bob.address, nobody];

    let mut raw = Raw::connect(url).await.expect("the relay is there");
    raw.send(Message::text(SECRET)).await;
    while raw.hear().await.is_some() {}
    let mut raw = Raw::connect(url).await.expect("the relay is there");
    raw.nonce = Challenge([0; 32]);
    raw.say(&raw.hello(&somebody(), &raw.relay, None)).await;
    while raw.hear().await.is_some() {}
    drop(Raw::prove(url, &somebody(), None).await);
    ann.link.close().await;
    people
}

fn secrets(url: &str, people: &[Address]) -> Vec<String> {
    let port = url
        .trim_start_matches("ws://127.0.0.1:")
        .trim_end_matches("/v2");
    let address = |address: &Address| {
        let text = address.to_string();
        [
            text.trim_start_matches(Address::SCHEME)[..16].to_owned(),
            text.to_uppercase(),
        ]
    };
    [
        "127.0.0.1",
        port,
        SECRET,
        "4711",
        &BASE64URL_NOPAD.encode(SECRET.as_bytes()),
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(people.iter().flat_map(address))
    .collect()
}

/// Log lines in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
