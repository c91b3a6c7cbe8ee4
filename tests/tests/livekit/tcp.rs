//! Networks that let no UDP through, or nothing but what asks for it.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::lab::server::Server;
use scenarios::turn::{has_time_for, note, turn};
use scenarios::world::{SOON, number};
use serde_json::Value;

use crate::network::Network;

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

/// Rules for what leaves.
fn only(rules: &str) -> String {
    let chain = format!("type filter hook output priority 0; {rules}");
    format!("table inet only {{\n chain out {{\n {chain}\n }}\n}}")
}
