//! `tincan doctor`, as it is run by who wants to know what is wrong.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Runs it with synthetic devices, and a relay where nothing is.
fn examined(more: &[&str]) -> Output {
    let data = tempfile::tempdir().expect("there is room for a directory");
    let mut command = command(data.path());
    command.args(more).output().expect("it can be started")
}

fn command(data: &Path) -> Command {
    let free = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tincan"));
    command
        .arg("--data")
        .arg(data)
        .arg("--lan=off")
        .arg(format!("--relay=ws://127.0.0.1:{port}/v2"))
        .args([
            "--camera=synthetic",
            "--microphone=synthetic",
            "--speaker=none",
        ])
        .arg("doctor");
    command
}

#[test]
fn a_script_reads_what_failed_and_why() {
    let output = examined(&["--json", "--peer", "does-not-exist.invalid"]);
    assert_eq!(output.status.code(), Some(1), "the relay is away");
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let check = |kind: &str| {
        let mut checks = report["checks"].as_array().into_iter().flatten();
        let check = checks.find(|it| it["kind"] == kind);
        check.cloned().unwrap_or_default()
    };
    for (kind, verdict, code) in [
        ("relay", "fail", "relayOffline"),
        ("peer", "fail", "peerNotFound"),
        ("clock", "unknown", "clockNotTold"),
        ("stun", "unknown", "noServers"),
        ("camera", "pass", "cameraWorks"),
        ("microphone", "pass", "microphoneHears"),
        ("speaker", "pass", "speakerPlays"),
    ] {
        let check = check(kind);
        assert_eq!(check["verdict"], verdict, "{check}");
        assert_eq!(check["finding"]["code"], code, "{check}");
    }
    assert_eq!(check("relay")["finding"]["problem"], "unreachable");
}

#[test]
fn a_person_reads_what_is_the_case_and_what_to_do() {
    let output = examined(&[]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("FAIL     Relay: The relay does not answer.\n"),
        "{text}"
    );
    assert!(
        text.contains("\n         Check the internet connection"),
        "{text}"
    );
    assert!(
        text.contains("good     Camera: It gives pictures of "),
        "{text}"
    );
}

#[test]
fn a_finding_is_written_while_the_next_one_is_looked_for() {
    let data = tempfile::tempdir().expect("there is room for a directory");
    let mut child = command(data.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let output = child.stdout.take().expect("it is piped");
    let mut times = BufReader::new(output).lines().map(|line| {
        line.expect("it is text");
        Instant::now()
    });
    let first = times.next().expect("something is found");
    let last = times.last().expect("more is found");
    // The microphone is listened to for a second.
    let took = last - first;
    assert!(took > Duration::from_millis(500), "{took:?}");
    child.wait().expect("it ends");
}
