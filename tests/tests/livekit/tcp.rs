//! Networks that let no UDP through, or nothing but what asks for it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::lab::server::Server;
use scenarios::lab::{Host, Lab, Link};
use scenarios::livekit::LiveKit;
use scenarios::peer::{Peer, SMALL, address};
use scenarios::relay::Relay;
use scenarios::turn::{has_time_for, note, skip, turn};
use scenarios::world::{SOON, number};
use serde_json::Value;
use tempfile::TempDir;

#[tokio::test]
async fn media_passes_over_tcp_where_udp_does_not() -> Result<()> {
    let _turn = turn().await;
    let Some(mut network) = Network::start("media over TCP").await? else {
        return Ok(());
    };
    network.hosts[0].nft(&only("meta l4proto udp drop;"))?;
    let (mut ada, mut bea) = network.call().await?;
    let answered = clock::now();
    for peer in [&mut ada, &mut bea] {
        peer.phase("connected", SOON).await?;
    }
    let took = clock::now() - answered;
    note(&format!("connected over TCP {took:?} after the answer"));
    ensure!(took < Duration::from_secs(3), "it took {took:?}");
    for peer in [&mut ada, &mut bea] {
        let moving = |line: &Value| {
            let figures = line.get("figures")?;
            (number(figures, "framesPerSecondReceived") > 10.0).then(|| figures.clone())
        };
        let figures = peer.until("pictures", SOON, moving).await?;
        ensure!(figures["path"] == "server", "{figures}");
    }
    ada.say("end").await?;
    ensure!(ada.ended(SOON).await?.success() && bea.ended(SOON).await?.success());
    Ok(())
}

#[tokio::test]
async fn where_no_media_passes_the_server_is_said_to_be_unreachable() -> Result<()> {
    if !has_time_for("no media at all") {
        return Ok(());
    }
    let _turn = turn().await;
    let Some(mut network) = Network::start("no media at all").await? else {
        return Ok(());
    };
    // Relay and server are spoken to, and nothing else.
    let ports = [4080, Server::PORT].map(|it| it.to_string()).join(", ");
    network.hosts[0].nft(&only(&format!(
        "tcp dport != {{ {ports} }} drop; meta l4proto udp drop;"
    )))?;
    let (mut ada, mut bea) = network.call().await?;
    for peer in [&mut ada, &mut bea] {
        let ended = peer.state("ended", 3 * SOON).await?;
        ensure!(ended["reason"] == "serverUnreachable", "{ended}");
        ensure!(peer.ended(SOON).await?.code() == Some(26));
    }
    Ok(())
}

/// Two hosts, and a server and a relay in the middle.
struct Network {
    hosts: [Host; 2],
    _relay: Relay,
    homes: TempDir,
    _server: Server,
    _links: [Link; 2],
    _lab: Lab,
}

impl Network {
    /// Says why there is none.
    async fn start(scenario: &str) -> Result<Option<Self>> {
        if !LiveKit::is_there().await? {
            return Ok(None);
        }
        let mut lab = match Lab::start() {
            Ok(lab) => lab,
            Err(error) => {
                skip(scenario, &format!("{error:#}"));
                return Ok(None);
            }
        };
        let hosts = [lab.host()?, lab.host()?];
        let [here, there] = &hosts;
        let links = [lab.attach(here, "eth0")?, lab.attach(there, "eth0")?];
        let server = Server::start(&lab).await?;
        let relay = Relay::start_in_with(&lab, &server.relay_options()?).await?;
        Ok(Some(Self {
            hosts,
            _relay: relay,
            homes: tempfile::tempdir()?,
            _server: server,
            _links: links,
            _lab: lab,
        }))
    }

    /// Ada calls Bea, who has answered.
    async fn call(&mut self) -> Result<(Peer, Peer)> {
        let start = |at: usize, home: &Path, words: &[&str]| {
            let words = [words, &SMALL].concat();
            let relay = format!("ws://{}", Relay::place_in_a_lab());
            Peer::start_on(&self.hosts[at], "somebody", home, &relay, &words)
        };
        let homes = ["ada", "bea"].map(|it| self.homes.path().join(it));
        let to = address(&homes[1]).await?;
        let mut bea = start(1, &homes[1], &["answer", "--auto", "--once"])?;
        bea.online(SOON).await?;
        let mut ada = start(0, &homes[0], &["call", &to, "--via", "livekit"])?;
        ada.phase("connecting", SOON).await?;
        Ok((ada, bea))
    }
}

/// Rules for what leaves.
fn only(rules: &str) -> String {
    let chain = format!("type filter hook output priority 0; {rules}");
    format!("table inet only {{\n chain out {{\n {chain}\n }}\n}}")
}
