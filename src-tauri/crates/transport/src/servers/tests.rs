//! Real sockets on loopback; coturn where it is installed.

use std::process::{Child, Command, Stdio};

use super::*;

const PATIENCE: Duration = Duration::from_secs(2);

fn server(url: String) -> IceServer {
    IceServer {
        url,
        ..IceServer::default()
    }
}

/// A STUN server that sees everybody at this port, and what it is found by.
async fn stun(seen_at: u16) -> IceServer {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("stun:{}", socket.local_addr().unwrap());
    tokio::spawn(async move {
        let mut request = [0; 100];
        while let Ok((20, from)) = socket.recv_from(&mut request).await {
            let mut answer = vec![1, 1, 0, 12];
            answer.extend(&request[4..20]);
            answer.extend([0, 0x20, 0, 8, 0, 1]);
            answer.extend((seen_at ^ 0x2112).to_be_bytes());
            answer.extend([127 ^ 0x21, 0x12, 0xa4, 1 ^ 0x42]);
            // Somebody else's answer, and one to no question, change nothing.
            let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            stranger.send_to(&answer, from).await.unwrap();
            answer[8] ^= 1;
            socket.send_to(&answer, from).await.unwrap();
            answer[8] ^= 1;
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    server(url)
}

#[tokio::test]
async fn servers_are_asked_side_by_side_from_one_port() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("stun:{}", silent.local_addr().unwrap());
    let servers = [
        stun(7001).await,
        server(silent_url),
        stun(7002).await,
        server("turns:relay.example".to_owned()),
        server("https://no.example".to_owned()),
    ];
    let begun = Instant::now();
    let asked = ask(&servers, None, Duration::from_millis(300)).await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    let expected = [
        (Purpose::Stun, Answer::Works),
        (Purpose::Stun, Answer::Silent),
        (Purpose::Stun, Answer::Works),
        (Purpose::Turn, Answer::NotAsked),
    ];
    assert_eq!(asked.answers, expected);
    let seen: Vec<_> = asked.mappings.iter().map(|it| it.mapped.port()).collect();
    assert_eq!(seen, [7001, 7002]);
    let [first, second] = &asked.mappings[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(first.local_port, second.local_port);
    assert_ne!(first.local_port, 0);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("stun:{}", socket.local_addr().unwrap());
    let count = tokio::spawn(async move {
        let (mut request, mut count) = ([0; 100], 0);
        let until = Instant::now() + Duration::from_millis(1700);
        while timeout_at(until, socket.recv_from(&mut request))
            .await
            .is_ok()
        {
            count += 1;
        }
        count
    });
    let asked = ask(&[server(url)], None, Duration::from_millis(1600)).await;
    assert_eq!(asked.answers, [(Purpose::Stun, Answer::Silent)]);
    assert_eq!(count.await.unwrap(), 3, "at 0, 500 and 1500 ms");
}

/// A running coturn on loopback.
struct Coturn(Child);

impl Coturn {
    /// With an account `ann:secret`; `None` where none is installed.
    fn start(port: u16, options: &[&str]) -> Option<Self> {
        let directory = std::env::temp_dir();
        let mut turn = Command::new("turnserver");
        turn.args([
            "-n",
            "--realm=tincan",
            "--no-tls",
            "--no-dtls",
            "--no-cli",
            "--log-file=stdout",
        ])
        .args([
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            "--lt-cred-mech",
        ])
        .args(["--user=ann:secret", "--allow-loopback-peers"])
        .arg(format!("--listening-port={port}"))
        .arg(format!("--pidfile={}/turn-{port}.pid", directory.display()))
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
        turn.spawn().ok().map(Self)
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_turn_server_is_tried_with_the_account() {
    let free = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let Some(_coturn) = Coturn::start(port, &["--user-quota=1"]) else {
        return println!("skipped: no turnserver here");
    };
    let turn = |credential: &str| IceServer {
        url: format!("turn:127.0.0.1:{port}"),
        username: "ann".to_owned(),
        credential: credential.to_owned(),
    };
    let good = [turn("secret")];
    let mut asked = Asked::default();
    for _ in 0..20 {
        asked = ask(&good, None, Duration::from_millis(500)).await;
        if asked.answers[0].1 != Answer::Silent {
            break;
        }
    }
    assert_eq!(asked.answers, [(Purpose::Turn, Answer::Works)]);
    assert_eq!(
        asked.mappings[0].mapped.port(),
        asked.mappings[0].local_port
    );
    // It has room for one allocation, which it would keep for ten minutes were it not given back;
    // given back, it is gone within a second.
    for _ in 0..30 {
        asked = ask(&good, None, PATIENCE).await;
        if asked.answers[0].1 != Answer::RelayingRefused {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(asked.answers, [(Purpose::Turn, Answer::Works)]);
    let bad = ask(&[turn("guess")], None, PATIENCE).await;
    assert_eq!(bad.answers, [(Purpose::Turn, Answer::CredentialsRefused)]);
}
