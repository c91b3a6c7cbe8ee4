//! What a relay is told from outside, and what it says of it.

use std::process::Stdio;

use signal_client::{LinkState, Problem};

use crate::support::process::{Process, program};
use crate::support::{Person, soon};

/// What a relay with these options says before it ends.
async fn refuses(args: &[&str]) -> String {
    let output = program()
        .args(args)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = soon(output).await.expect("it was built");
    assert!(!output.status.success(), "{args:?} are fine");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn it_says_at_the_start_which_limits_and_periods_hold() {
    let mut command = program();
    command
        .args(["--listen", "127.0.0.1:0", "--max-per-ip", "7"])
        .env("TINCAN_RELAY_PING", "1500ms")
        .env("TINCAN_RELAY_MAX_PER_IP", "9");
    let relay = Process::start_by(&mut command).await;
    relay.logged("relay started", 1).await;
    let log = relay.log();
    for said in [
        "max-per-ip=7",
        "ping=1500ms",
        "max-connections=",
        "drain=10s",
    ] {
        assert!(log.contains(said), "{said} in {log}");
    }
}

#[tokio::test]
async fn whoever_can_be_reached_from_outside_must_say_by_which_name() {
    let said = refuses(&["--listen", "0.0.0.0:0"]).await;
    assert!(said.contains("--host NAME"), "{said}");
    let said = refuses(&["--admin", "0.0.0.0:0"]).await;
    assert!(said.contains("--admin-remote"), "{said}");

    let mut command = program();
    command
        .env("TINCAN_RELAY_LISTEN", "0.0.0.0:0,127.0.0.1:0")
        .env("TINCAN_RELAY_HOST", "relay.example,127.0.0.1");
    let mut relay = Process::start_by(&mut command).await;
    let url = relay.next_url().await.expect("it listens twice");
    Person::online(&url).await;
    let mut stranger = Person::new(&url.replace("127.0.0.1", "localhost"));
    stranger.until(LinkState::Offline(Problem::BadProof)).await;
}

#[tokio::test]
async fn it_takes_in_no_more_than_there_are_descriptors_for() {
    let limited = |soft: u32, hard: u32| {
        let mut command = tokio::process::Command::new("sh");
        let relay = env!("CARGO_BIN_EXE_tincan-relay");
        let script =
            format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec {relay} --listen 127.0.0.1:0");
        command.args(["-c", &script]);
        command
    };
    let relay = Process::start_by(&mut limited(64, 1024)).await;
    relay.logged("relay started", 1).await;
    let log = relay.log();
    assert!(log.contains("fewer connections"), "{log}");
    assert!(log.contains("descriptors=1024"), "it was raised: {log}");

    let relay = Process::start_by(&mut limited(64, 20_000)).await;
    relay.logged("relay started", 1).await;
    assert!(relay.log().contains("descriptors=20000 connections=10000"));
}
