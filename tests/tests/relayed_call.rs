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
    let Some(network) = network("a call through TURN") else {
        return Ok(());
    };
    let homes = tempfile::tempdir()?;
    let port = free_port()?;
    let account = ["--lt-cred-mech", "--user=ada:secret"];
    let _server = turn_server(homes.path(), port, &account)?;
    call(&network, homes.path(), &[], |host| {
        let turn = format!("turn:ada:secret@{}:{port}", host.gateway);
        vec!["--turn".to_owned(), turn]
    })
    .await
}

#[tokio::test]
async fn a_relay_that_knows_a_turn_server_is_all_that_two_people_behind_firewalls_need()
-> Result<()> {
    let _turn = turn().await;
    let Some(network) = network("a call through the relay's TURN server") else {
        return Ok(());
    };
    let homes = tempfile::tempdir()?;
    let port = free_port()?;
    let secret = "between-the-relay-and-coturn";
    let secret_option = format!("--static-auth-secret={secret}");
    let shared = ["--use-auth-secret", &secret_option];
    let _server = turn_server(homes.path(), port, &shared)?;
    let file = homes.path().join("secret");
    std::fs::write(&file, format!("{secret}\n"))?;
    let mut options = vec![format!("--turn-secret-file={}", file.display())];
    // Each host reaches one of them.
    let servers = network.hosts().iter();
    options.extend(servers.map(|host| format!("--turn-url=turn:{}:{port}", host.gateway)));
    call(&network, homes.path(), &options, |_| Vec::new()).await
}

/// Two hosts apart; says why there are none.
fn network(scenario: &str) -> Option<Network> {
    if let Some(program) = missing(&["ip", "turnserver"]) {
        skip(scenario, &format!("there is no {program}"));
        return None;
    }
    match Network::start() {
        Ok(network) => Some(network),
        Err(error) => {
            skip(scenario, &format!("{error:#}"));
            None
        }
    }
}

/// A call from one host to the other, by a relay with these options and programs with those, whose
/// pictures pass through the TURN server.
async fn call(
    network: &Network,
    homes: &Path,
    relay_options: &[String],
    words: impl Fn(&Host) -> Vec<String>,
) -> Result<()> {
    let relay_port = free_port()?;
    let [here, there] = network.hosts();
    let known = [here, there].map(|host| format!("--host={}", host.gateway));
    let options: Vec<&str> = known
        .iter()
        .chain(relay_options)
        .map(String::as_str)
        .collect();
    let _relay = Relay::start_with(&format!("0.0.0.0:{relay_port}"), &options).await?;
    let start = |name: &str, host: &Host, verb: &[&str]| {
        let relay = format!("ws://{}:{relay_port}", host.gateway);
        let words = words(host);
        let words = words.iter().map(String::as_str);
        let words: Vec<&str> = verb.iter().copied().chain(words).chain(SYNTHETIC).collect();
        Peer::start_on(host, name, &homes.join(name), &relay, &words)
    };
    let to = address(&homes.join("bea")).await?;
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

/// coturn, which lets in whom these options say.
fn turn_server(home: &Path, port: u16, who: &[&str]) -> Result<Program> {
    let mut server = Command::new("turnserver");
    server.args(["-n", "--realm=tincan"]).args(who);
    server.args(["--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout"]);
    server
        .arg("--listening-ip=0.0.0.0")
        .arg(format!("--listening-port={port}"));
    for (option, file) in [("pidfile", "turn.pid"), ("userdb", "turn.db")] {
        server.arg(format!("--{option}={}", home.join(file).display()));
    }
    let mut server = Program::start("turnserver", &mut server)?;
    server.drain();
    Ok(server)
}
