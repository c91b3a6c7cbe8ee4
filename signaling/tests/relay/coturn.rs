//! The credentials that a relay hands out, at a real coturn.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use signal_client::{IceServer, LinkEvent};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::support::process::Process;
use crate::support::{Person, soon};

const SECRET: &str = "between-the-relay-and-coturn";

/// coturn on loopback, which knows the secret and no account.
fn turn_server(home: &Path, port: u16) -> Child {
    let mut server = Command::new("turnserver");
    server.args(["-n", "--realm=tincan", "--use-auth-secret"]);
    server.args(["--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout"]);
    server.args(["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"]);
    // Whoever asks and whoever is asked for are both here.
    server.arg("--allow-loopback-peers");
    server.arg(format!("--static-auth-secret={SECRET}"));
    server.arg(format!("--listening-port={port}"));
    for (option, file) in [("pidfile", "turn.pid"), ("userdb", "turn.db")] {
        server.arg(format!("--{option}={}", home.join(file).display()));
    }
    server
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it is installed")
}

/// Has coturn's own client allocate two relayed addresses and pass messages between them.
async fn passes_messages(server: &IceServer, credential: &str, port: u16) -> bool {
    let mut client = Command::new("turnutils_uclient");
    client.args(["-y", "-c", "-n", "1", "-m", "1", "-u", &server.username]);
    client.args(["-w", credential, "-p", &port.to_string(), "127.0.0.1"]);
    client.stdout(Stdio::null()).stderr(Stdio::null());
    let ended = client.kill_on_drop(true).status();
    let status = tokio::time::timeout(Duration::from_secs(30), ended).await;
    status.expect("it ends").expect("it is installed").success()
}

/// Waits until somebody listens at a TCP port, as coturn does beside UDP.
async fn listening(port: u16) {
    soon(async {
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn coturn_lets_in_whom_the_relay_welcomed_and_nobody_else() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_installed =
        std::env::split_paths(&path).any(|it| it.join("turnutils_uclient").is_file());
    if !is_installed {
        let mut out = tokio::io::stderr();
        let told = out.write_all(b"\nSKIPPED credentials at coturn: there is no coturn\n");
        told.await.expect("standard error is open");
        return;
    }
    let home = std::env::temp_dir().join(format!("relay-coturn-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("there is room");
    let secret = home.join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).expect("there is room");
    let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let port = free.expect("a free port").port();
    let _server = turn_server(&home, port);
    listening(port).await;
    let turn = format!("turn:127.0.0.1:{port}");
    let secret = secret.display().to_string();
    let relay = Process::start(&["--turn-url", &turn, "--turn-secret-file", &secret]).await;
    let mut ann = Person::new(&relay.url);
    let event = soon(ann.events.recv()).await;
    let Some(LinkEvent::IceServers(named)) = event else {
        panic!("{event:?}")
    };
    let server = &named.servers[0];
    assert!(passes_messages(server, &server.credential, port).await);
    assert!(!passes_messages(server, "guessed", port).await);
    std::fs::remove_dir_all(&home).expect("it is there");
}
