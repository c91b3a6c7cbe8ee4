//! What people and machines get wrong: a clear error, the program lives on, nothing is lost.

use std::time::Duration;

use anyhow::Result;
use scenarios::devices::SYNTHETIC;
use scenarios::peer::{Peer, address};
use scenarios::program::{built, free_port};
use scenarios::relay::Relay;
use scenarios::turn::turn;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(10);

fn words<'a>(first: &[&'a str]) -> Vec<&'a str> {
    first.iter().chain(&SYNTHETIC).copied().collect()
}

/// What a mistyped command line or link leads to: its exit status and what it says.
async fn run(words: &[&str]) -> Result<(Option<i32>, String)> {
    let out = Command::new(built("tincan")?).args(words).output().await?;
    Ok((
        out.status.code(),
        String::from_utf8_lossy(&out.stderr).into_owned(),
    ))
}

#[tokio::test]
async fn a_link_that_makes_no_sense_is_refused_with_a_status_of_its_own() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let data = home.path().display().to_string();
    let relay = Relay::start().await?;
    for link in [
        "bea",
        "tincan:",
        "tincan:abc",
        "https://example.org",
        "tincan:%%%?relay=x",
    ] {
        let options = ["call", link, "--data", &data, "--relay", relay.url()];
        let (status, said) = run(&words(&options)).await?;
        assert_eq!(status, Some(3), "{link}: {said}");
        assert!(!said.contains("panicked"), "{link}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn an_option_that_makes_no_sense_is_refused() -> Result<()> {
    for option in [
        ["--size", "big"],
        ["--relay", "http://x"],
        ["--lan", "friends"],
        ["--fps", "0"],
        ["--camera", "x:y"],
    ] {
        let (status, said) = run(&["answer", option[0], option[1]]).await?;
        assert_eq!(status, Some(2), "{option:?}: {said}");
        assert!(said.contains(option[0]), "{option:?}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn somebody_who_is_not_there_is_unreachable() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let nobody = address(&home.path().join("bea")).await?;
    let words = words(&["call", &nobody]);
    let mut ada = Peer::start("ada", &home.path().join("ada"), relay.url(), &words)?;
    assert_eq!(ada.ended(SOON).await?.code(), Some(16));
    Ok(())
}

#[tokio::test]
async fn a_relay_that_is_down_is_said_and_tried_again() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let port = free_port()?;
    let url = format!("ws://127.0.0.1:{port}/v1");
    let mut bea = Peer::start("bea", &home.path().join("bea"), &url, &words(&["answer"]))?;
    let problem = |line: &Value| line["relay"]["problem"].as_str().map(ToOwned::to_owned);
    assert_eq!(bea.until("trouble", SOON, problem).await?, "unreachable");
    let _relay = Relay::start_at(&format!("127.0.0.1:{port}")).await?;
    bea.online(Duration::from_secs(40)).await
}

#[tokio::test]
async fn something_that_is_no_relay_is_told_apart() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"[..],
        &[0xff; 4096],
    ] {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("ws://{}/v1", listener.local_addr()?);
        let server = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 1024];
                // A client that hangs up early is none of our business here.
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer).await;
            }
        });
        let mut bea = Peer::start("bea", &home.path().join("bea"), &url, &words(&["answer"]))?;
        let problem = |line: &Value| line["relay"]["problem"].as_str().map(ToOwned::to_owned);
        assert_eq!(bea.until("trouble", SOON, problem).await?, "notARelay");
        assert!(bea.program().runs());
        server.abort();
    }
    Ok(())
}

#[tokio::test]
async fn a_session_that_cannot_be_opened_costs_its_call_and_no_other() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let bea_home = home.path().join("bea");
    let to = address(&bea_home).await?;
    let mut bea = Peer::start("bea", &bea_home, relay.url(), &words(&["answer"]))?;
    // An address of another machine: nothing can be bound there.
    let bind = ["answer", "--bind", "203.0.113.77"];
    let mut ada = Peer::start("ada", &home.path().join("ada"), relay.url(), &words(&bind))?;
    for peer in [&mut ada, &mut bea] {
        peer.online(SOON).await?;
    }
    for _ in 0..2 {
        ada.say(&format!("call {to}")).await?;
        let ended = ada.state("ended", Duration::from_secs(5)).await?;
        assert_eq!(ended["reason"], "internalError");
        ada.state("idle", SOON).await?;
    }
    ada.say("quit").await?;
    assert!(ada.ended(Duration::from_secs(5)).await?.success());
    Ok(())
}

#[tokio::test]
async fn a_call_goes_on_without_a_camera_file_that_is_not_there() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let bea_home = home.path().join("bea");
    let to = address(&bea_home).await?;
    let mut bea = Peer::start("bea", &bea_home, relay.url(), &words(&["answer", "--auto"]))?;
    bea.online(SOON).await?;
    let missing = home.path().join("missing.y4m");
    let camera = format!("file:{}", missing.display());
    let call = [
        "call",
        &to,
        "--camera",
        &camera,
        "--microphone",
        "synthetic",
    ];
    let mut ada = Peer::start("ada", &home.path().join("ada"), relay.url(), &call)?;
    ada.phase("connected", SOON).await?;
    let heard = |line: &Value| {
        let level = line["figures"]["remoteLevel"].as_f64()?;
        (level > 0.001).then_some(())
    };
    bea.until("sound", SOON, heard).await?;
    ada.say("end").await?;
    assert_eq!(ada.ended(SOON).await?.code(), Some(0));
    Ok(())
}

#[tokio::test]
async fn nonsense_on_standard_input_is_answered_and_forgotten() -> Result<()> {
    let _turn = turn().await;
    let home = tempfile::tempdir()?;
    let relay = Relay::start().await?;
    let mut bea = Peer::start("bea", home.path(), relay.url(), &words(&["answer"]))?;
    for line in [
        "",
        "dance",
        "call",
        "call nobody",
        "accept",
        "end",
        "mute now",
    ] {
        bea.say(line).await?;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(bea.program().runs());
    bea.say("quit").await?;
    assert_eq!(bea.ended(SOON).await?.code(), Some(0));
    Ok(())
}
