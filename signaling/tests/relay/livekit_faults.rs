//! What stands in the way of access to rooms: options that make no sense, servers that misbehave, and
//! clients that ask for too much.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use signal_client::{CallNumber, LinkEvent, NoAccess};
use signal_relay::Config;
use signal_wire::{ClientFrame, RelayFrame};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::support::authority::Authority;
use crate::support::http::get;
use crate::support::livekit_api::{FakeApi, Manner};
use crate::support::process::{Process, program};
use crate::support::{Person, Raw, Running, message, somebody, soon};

const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough";

const CALL: CallNumber = CallNumber(7);

/// A file with the secret.
fn secret(text: &str) -> (TempDir, String) {
    let directory = TempDir::new().expect("there is room");
    let file = directory.path().join("secret");
    std::fs::write(&file, text).expect("there is room");
    let file = file.display().to_string();
    (directory, file)
}

/// A relay whose LiveKit server is at this URL.
async fn relay(url: &str, args: &[&str]) -> (Process, TempDir) {
    let (directory, file) = secret(SECRET);
    let livekit = ["--livekit-url", url, "--livekit-key", "devkey"];
    let file = ["--livekit-secret-file", &file, "--log", "trace"];
    let relay = Process::start(&[&livekit[..], &file, args].concat()).await;
    (relay, directory)
}

/// What two people get who ask for access, and how long that takes.
async fn both_ask(relay: &Process) -> ([LinkEvent; 2], Duration) {
    let mut ann = Person::online(&relay.url).await;
    let mut bob = Person::online(&relay.url).await;
    let asked = Instant::now();
    for (one, other) in [(&ann, &bob), (&bob, &ann)] {
        one.link.ask_access(CALL, other.address).expect("room");
    }
    let answers = [ann.hear().await, bob.hear().await];
    let took = asked.elapsed();
    ann.say(&bob, "hello");
    assert_eq!(bob.hear().await, message(&ann, "hello"), "the relay lives");
    (answers, took)
}

#[tokio::test]
async fn options_that_make_no_sense_are_told_in_plain_words_and_the_secret_is_not() {
    let good = "wss://livekit.example.org";
    let short = "short-secret";
    for (url, key, text, said) in [
        (
            "https://livekit.example.org",
            "key",
            SECRET,
            "write wss://HOST",
        ),
        (good, "", SECRET, "the API key is empty"),
        (good, "a key", SECRET, "has spaces in it"),
        (
            good,
            "key",
            "",
            "a secret of 0 bytes is shorter than the 32",
        ),
        (good, "key", short, "a secret of 12 bytes is shorter"),
    ] {
        let (_directory, file) = secret(text);
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0"]);
        command.args(["--livekit-url", url, "--livekit-key", key]);
        command.env("TINCAN_RELAY_LIVEKIT_SECRET_FILE", &file);
        let output = soon(command.kill_on_drop(true).output()).await;
        let output = output.expect("it was built");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && errors.contains(said),
            "{errors}"
        );
        assert!(!errors.contains(short), "{errors}");
    }
    let (_relay, _directory) = relay(good, &[]).await;
}

#[tokio::test]
async fn where_a_relay_has_no_server_the_link_answers_at_once() {
    let relay = Running::start(Config::default()).await;
    let mut ann = Person::online(&relay.url).await;
    let asked = ann.link.ask_access(CALL, somebody().address());
    asked.expect("there is room");
    let (call, why) = (CALL, NoAccess::Unavailable);
    assert_eq!(ann.hear().await, LinkEvent::NoAccess { call, why });
    let mut waiting = Person::new(&relay.url);
    let asked = waiting.link.ask_access(CALL, ann.address);
    asked.expect("there is room");
    assert_eq!(waiting.hear().await, LinkEvent::NoAccess { call, why });
    // A client that asks all the same is no fault.
    let (mut raw, _) = Raw::prove(&relay.url, &somebody(), None).await;
    raw.say(&ClientFrame::Access {
        call,
        with: ann.address,
    })
    .await;
    raw.say(&ClientFrame::Release { call }).await;
    raw.say(&ClientFrame::Ice {}).await;
    ann.say(&waiting, "hello");
    assert_eq!(waiting.hear().await, message(&ann, "hello"));
}

#[tokio::test]
async fn whatever_the_server_says_both_hear_within_seconds_that_there_is_no_room() {
    let manners = [
        Manner::Says(""),
        Manner::Says("SSH-2.0-OpenSSH_9.2\r\n"),
        Manner::Says("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"),
        Manner::Says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
        Manner::Says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html"),
        Manner::NeverEnds,
        Manner::IsSilent,
    ];
    for manner in manners {
        let api = FakeApi::start(manner).await;
        let (relay, _directory) = relay(&format!("ws://127.0.0.1:{}", api.port), &[]).await;
        let (answers, took) = both_ask(&relay).await;
        for answer in answers {
            let (call, why) = (CALL, NoAccess::Unavailable);
            assert_eq!(answer, LinkEvent::NoAccess { call, why }, "{manner:?}");
        }
        assert!(took < Duration::from_secs(5), "{manner:?}: {took:?}");
    }
}

/// Everything that our relay needs to hear to believe that it has a room.
const ROOM: Manner = Manner::Says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");

#[tokio::test]
async fn a_server_with_tls_is_believed_when_this_machine_trusts_its_certificate() {
    let name =
        "livekit_faults::a_server_with_tls_is_believed_when_this_machine_trusts_its_certificate";
    let Some(authority) = Authority::trusted_in(name).await else {
        return;
    };
    let file = |name| authority.directory.join(name);
    let (cert, key) = (file("livekit.pem"), file("livekit-key.pem"));
    authority.certify(&cert, &key);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions that there are")
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(&cert).expect("a certificate")],
            PrivateKeyDer::from_pem_file(&key).expect("a key"),
        );
    let tls = Arc::new(tls.expect("they belong together"));
    let api = FakeApi::start_with(ROOM, Some(tls)).await;
    let (right, _directory) = relay(&format!("wss://localhost:{}", api.port), &[]).await;
    let (answers, _) = both_ask(&right).await;
    for answer in answers {
        assert!(matches!(answer, LinkEvent::Access { .. }), "{answer:?}");
    }
    let (wrong, _directory) = relay(&format!("wss://127.0.0.1:{}", api.port), &[]).await;
    wrong.logged("is not trusted", 1).await;
    let (answers, _) = both_ask(&wrong).await;
    let (call, why) = (CALL, NoAccess::Unavailable);
    assert_eq!(answers[0], LinkEvent::NoAccess { call, why });
}

/// A line of what the system says of a process, in kilobytes.
fn resident_kilobytes(relay: &Process) -> u64 {
    let status = relay.proc_file("status");
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|it| it.trim().strip_suffix(" kB"));
    let number = kilobytes.and_then(|it| it.trim().parse().ok());
    number.expect("it says so")
}

#[tokio::test]
async fn a_flood_of_asks_is_refused_and_takes_neither_memory_nor_anybodys_place() {
    let api = FakeApi::start(ROOM).await;
    let url = format!("ws://127.0.0.1:{}", api.port);
    let admin = ["--admin", "127.0.0.1:0", "--frames-burst", "100000"];
    let (relay, _directory) = relay(
        &url,
        &[&admin[..], &["--bytes-burst", "100000000"]].concat(),
    )
    .await;
    let before = resident_kilobytes(&relay);
    let mut flooding = Vec::new();
    for _ in 0..4 {
        let (mut raw, _) = Raw::prove(&relay.url, &somebody(), None).await;
        flooding.push(tokio::spawn(async move {
            for call in 0..20_000 {
                let with = somebody_else(call);
                let call = CallNumber(1_000 + call);
                raw.say(&ClientFrame::Access { call, with }).await;
            }
            let refused =
                async { while !matches!(raw.hear().await, Some(RelayFrame::NoAccess { .. })) {} };
            soon(refused).await;
            raw
        }));
    }
    let mut floods = Vec::new();
    for flood in flooding {
        floods.push(flood.await.expect("it does not panic"));
    }
    let grown = resident_kilobytes(&relay).saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} kB more");
    let (answers, _) = both_ask(&relay).await;
    for answer in answers {
        assert!(matches!(answer, LinkEvent::Access { .. }), "{answer:?}");
    }
    let log = relay.log();
    let (_, rest) = log.split_once("http://").expect("it says where");
    let admin = rest.split('/').next().expect("an address");
    let metrics = get(admin, "/metrics").await;
    for line in [
        "tincan_relay_livekit_tokens_total 2",
        "tincan_relay_livekit_rooms 1",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

/// An address that nobody has.
fn somebody_else(number: u64) -> signal_wire::Address {
    let mut bytes = [9; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    signal_wire::Address::from_bytes(bytes)
}
