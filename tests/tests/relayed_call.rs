//! A call between two hosts that no packet crosses directly: through a real TURN server.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use scenarios::devices::SYNTHETIC;
use scenarios::network::{Host, Network};
use scenarios::peer::{Peer, address};
use scenarios::program::{Program, free_port};
use scenarios::relay::Relay;
use scenarios::turn::{missing, skip, turn};
use serde_json::Value;
use tokio::process::Command;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn two_people_behind_firewalls_call_each_other_through_turn() -> Result<()> {
    let _turn = turn().await;
    let scenario = "a call through TURN";
    if let Some(program) = missing(&["ip", "turnserver"]) {
        skip(scenario, &format!("there is no {program}"));
        return Ok(());
    }
    let network = match Network::start() {
        Ok(network) => network,
        Err(error) => {
            skip(scenario, &format!("{error:#}"));
            return Ok(());
        }
    };
    let homes = tempfile::tempdir()?;
    let (port, relay_port) = (free_port()?, free_port()?);
    let mut server = turn_server(homes.path(), port)?;
    server.drain();
    let [here, there] = network.hosts();
    let names = [here.gateway.as_str(), there.gateway.as_str()];
    let _relay = Relay::start_for(&format!("0.0.0.0:{relay_port}"), &names).await?;
    let start = |name: &str, host: &Host, words: &[&str]| {
        let turn = format!("turn:ada:secret@{}:{port}", host.gateway);
        let relay = format!("ws://{}:{relay_port}/v1", host.gateway);
        let words: Vec<&str> = words.iter().chain(&["--turn", &turn]).copied().collect();
        let words: Vec<&str> = words.into_iter().chain(SYNTHETIC).collect();
        Peer::start_on(host, name, &homes.path().join(name), &relay, &words)
    };
    let to = address(&homes.path().join("bea")).await?;
    let mut bea = start("bea", there, &["answer", "--auto", "--once"])?;
    bea.online(SOON).await?;
    let mut ada = start("ada", here, &["call", &to])?;
    for peer in [&mut ada, &mut bea] {
        peer.phase("connected", SOON).await?;
        let moving = |line: &Value| {
            let figures = line.get("figures")?;
            (figures["framesPerSecondReceived"].as_f64()? > 20.0).then(|| figures.clone())
        };
        let figures = peer.until("pictures", SOON, moving).await?;
        assert_eq!(figures["path"], "relayed", "{figures:#}");
    }
    ada.say("end").await?;
    assert!(ada.ended(SOON).await?.success());
    assert!(bea.ended(SOON).await?.success());
    Ok(())
}

/// coturn, with one account.
fn turn_server(home: &Path, port: u16) -> Result<Program> {
    let mut server = Command::new("turnserver");
    server.args([
        "-n",
        "--lt-cred-mech",
        "--realm=tincan",
        "--user=ada:secret",
    ]);
    server.args(["--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout"]);
    server
        .arg("--listening-ip=0.0.0.0")
        .arg(format!("--listening-port={port}"));
    for (option, file) in [("pidfile", "turn.pid"), ("userdb", "turn.db")] {
        server.arg(format!("--{option}={}", home.join(file).display()));
    }
    Program::start("turnserver", &mut server)
}
