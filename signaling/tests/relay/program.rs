//! The relay as a process of its own.

use std::net::SocketAddr;
use std::process::Stdio;

use signal_client::LinkState;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::support::{Person, soon};

fn relay(listen: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tincan-relay"));
    // Needed where others could reach it.
    for host in ["127.0.0.1", "127.0.0.2", "[::1]", "localhost"] {
        command.args(["--host", host]);
    }
    for address in listen {
        command.args(["--listen", address]);
    }
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it was built")
}

/// The URLs that a relay prints when it listens.
async fn urls(relay: &mut Child, count: usize) -> Vec<String> {
    let stdout = relay.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(stdout).lines();
    let mut urls = Vec::new();
    for _ in 0..count {
        let line = soon(lines.next_line()).await.expect("it can be read");
        urls.push(line.expect("the relay lives"));
    }
    urls
}

#[tokio::test]
async fn it_listens_wherever_it_is_told_to_and_is_one_relay() {
    let mut relay = relay(&["127.0.0.1:0", "127.0.0.2:0"]);
    let [one, two] = urls(&mut relay, 2).await.try_into().expect("two lines");
    assert!(one.starts_with("ws://127.0.0.1:"), "{one}");
    assert!(two.starts_with("ws://127.0.0.2:"), "{two}");
    let (ann, mut bob) = (Person::online(&one).await, Person::online(&two).await);
    ann.say(&bob, "hello");
    assert_eq!(bob.hear().await, crate::support::message(&ann, "hello"));
}

#[tokio::test]
async fn every_interface_of_ipv6_means_every_interface() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return; // This machine has no IPv6.
    }
    let mut relay = relay(&["[::]:0"]);
    let url = urls(&mut relay, 1).await.remove(0);
    let address: SocketAddr = url
        .trim_start_matches("ws://")
        .trim_end_matches("/v2")
        .parse()
        .expect("a URL of numbers");
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        let mut ann = Person::new(&format!("ws://{host}:{}/v2/", address.port()));
        ann.until(LinkState::Online).await;
    }
}

#[tokio::test]
async fn it_says_once_where_it_cannot_listen_and_why() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let output = soon(relay(&[&address]).wait_with_output())
        .await
        .expect("it ends");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches(&address).count(), 1, "{said}");
    assert_eq!(said.matches("cannot listen").count(), 1, "{said}");
    assert_eq!(said.matches("os error").count(), 1, "{said}");
}
