//! TLS inside the relay.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use signal_client::LinkState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::authority::{Authority, VERSIONS};
use crate::support::http::{from, knock};
use crate::support::process::Process;
use crate::support::{Person, message, soon};

/// A relay with a certificate for `localhost`, and the URL with that name.
async fn relay(authority: &Authority, args: &[&str]) -> (Process, String) {
    let (cert, key) = files(authority);
    authority.certify(cert.as_ref(), key.as_ref());
    let tls = ["--cert", &cert, "--key", &key, "--host", "localhost"];
    let relay = Process::start(&[&tls, args].concat()).await;
    let url = relay.url.replace("127.0.0.1", "localhost");
    assert!(url.starts_with("wss://"), "{url}");
    (relay, url)
}

fn files(authority: &Authority) -> (String, String) {
    let file = |name| authority.directory.join(name).display().to_string();
    (file("relay.pem"), file("relay-key.pem"))
}

/// The certificate that a new connection gets.
async fn presented(authority: &Authority, relay: &Process) -> Vec<u8> {
    let stream = TcpStream::connect(relay.socket_address())
        .await
        .expect("it listens");
    let stream = authority
        .encrypt(stream, &VERSIONS)
        .await
        .expect("it is trusted");
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().expect("there is one");
    chain[0].as_ref().to_vec()
}

#[tokio::test]
async fn people_meet_over_tls_and_a_new_certificate_does_not_disturb_them() {
    let name = "tls::people_meet_over_tls_and_a_new_certificate_does_not_disturb_them";
    let Some(authority) = Authority::trusted_in(name).await else {
        return;
    };
    let (relay, url) = relay(&authority, &[]).await;
    let (ann, mut bob) = (Person::online(&url).await, Person::online(&url).await);
    ann.say(&bob, "hello");
    assert_eq!(bob.hear().await, message(&ann, "hello"));
    let first = presented(&authority, &relay).await;

    let (cert, key) = files(&authority);
    authority.certify(cert.as_ref(), key.as_ref());
    assert_eq!(presented(&authority, &relay).await, first, "not unasked");
    relay.signal(Signal::HUP);
    relay.logged("read again", 1).await;
    let second = presented(&authority, &relay).await;
    assert_ne!(second, first);

    let other = authority.directory.join("other-key.pem");
    let good = fs::read(&key).expect("it was written");
    authority.certify(cert.as_ref(), &other);
    relay.signal(Signal::HUP);
    relay.logged("the old certificate stays in use", 1).await;
    assert!(
        relay.log().contains("do not belong together"),
        "{}",
        relay.log()
    );
    fs::write(&key, "no key").expect("there is room");
    relay.signal(Signal::HUP);
    relay.logged("the old certificate stays in use", 2).await;
    fs::remove_file(&key).expect("it is there");
    relay.signal(Signal::HUP);
    relay.logged("the old certificate stays in use", 3).await;
    let log = relay.log();
    let secret = String::from_utf8(good).expect("PEM");
    assert!(
        secret.lines().all(|line| !log.contains(line)),
        "a key is in the log"
    );
    assert_eq!(presented(&authority, &relay).await, second);

    bob.say(&ann, "still here");
    let mut ann = ann;
    assert_eq!(ann.hear().await, message(&bob, "still here"));
    assert_eq!(*ann.link.state().borrow(), LinkState::Online);
}

#[tokio::test]
async fn both_versions_are_spoken_and_nothing_else() {
    let name = "tls::both_versions_are_spoken_and_nothing_else";
    let Some(authority) = Authority::trusted_in(name).await else {
        return;
    };
    let (relay, _) = relay(&authority, &[]).await;
    let host = format!("localhost:{}", relay.port());
    for version in VERSIONS {
        let stream = TcpStream::connect(relay.socket_address())
            .await
            .expect("it listens");
        let encrypted = authority.encrypt(stream, &[version]).await;
        let mut stream = encrypted.expect("it is spoken");
        assert_eq!(
            knock(&mut stream, &host, "").await,
            Some(101),
            "{version:?}"
        );
    }
    let mut plain = TcpStream::connect(relay.socket_address())
        .await
        .expect("it listens");
    assert_eq!(knock(&mut plain, &host, "").await, None);
}

#[tokio::test]
async fn handshakes_that_do_not_go_on_keep_nobody_out() {
    let name = "tls::handshakes_that_do_not_go_on_keep_nobody_out";
    let Some(authority) = Authority::trusted_in(name).await else {
        return;
    };
    let limits = ["--max-tls-handshakes", "8", "--hello", "2s"];
    let (relay, url) = relay(&authority, &limits).await;
    let mut silent = Vec::new();
    for number in 0..100_u8 {
        let source = format!("127.0.1.{}", number % 4 + 1);
        let mut socket = from(&source, &relay.socket_address())
            .await
            .expect("it listens");
        // The beginning of a record that never comes.
        socket.write_all(&[22, 3, 1, 2, 0]).await.expect("it reads");
        silent.push(socket);
    }
    let start = Instant::now();
    let mut ann = Person::new(&url);
    ann.until(LinkState::Online).await;
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    let mut end = Vec::new();
    for mut socket in silent {
        let _closed: Result<usize, _> = soon(socket.read_to_end(&mut end)).await;
    }
}

#[tokio::test]
async fn a_pair_that_does_not_fit_is_named_at_the_start() {
    let directory = tempfile::tempdir().expect("there is room");
    let file = |name| directory.path().join(name).display().to_string();
    let (cert, key) = (file("cert.pem"), file("key.pem"));
    let start = async |cert: &str, key: &str| {
        let mut command = crate::support::process::program();
        command.args(["--cert", cert, "--key", key, "--listen", "127.0.0.1:0"]);
        let output = soon(command.kill_on_drop(true).output()).await;
        String::from_utf8_lossy(&output.expect("it was built").stderr).into_owned()
    };
    let said = start(&cert, &key).await;
    assert!(said.contains(&format!("cannot read {cert}")), "{said}");
    fs::write(&cert, "nothing").expect("there is room");
    let said = start(&cert, &key).await;
    assert!(said.contains("no certificate in PEM form"), "{said}");
}
