//! A network that keeps its clients apart: what is said to all passes, and nothing else.

use anyhow::{Context, Result, ensure};
use scenarios::lab::Addresses;
use scenarios::lan::{acquaint, misses, near};
use serde_json::Value;
use std::time::Duration;

use crate::{KNOWN, KNOWN_AUTO, Room, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn where_clients_are_kept_apart_nobody_is_shown_and_the_doctor_says_why() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    let (ada, bea) = room.two();
    acquaint(ada, bea).await?;
    room.net.isolate(None)?;
    let (mut a, _b) = (ada.waits(&KNOWN)?, bea.waits(&KNOWN_AUTO)?);
    // Announced, and not proven.
    misses(&mut a, bea, Duration::from_secs(2)).await?;
    ensure!(near(&a).is_empty());
    a.say(&format!("call {}", bea.address)).await?;
    let ended = a.state("ended", Duration::from_secs(45)).await?;
    ensure!(ended["reason"] == "unreachable", "{ended}");
    a.say("quit").await?;
    a.ended(SOON).await?;
    let told = ada.run(&[
        "doctor", "--json", "--peer", "bea", "--lan", "known", "--relay", "none",
    ]);
    let told: Value = serde_json::from_str(told.await?.trim())?;
    let code = |kind: &str| {
        let checks = told["checks"].as_array()?;
        let check = checks.iter().find(|it| it["kind"] == kind)?;
        check["finding"]["code"].as_str()
    };
    let codes = [code("peer"), code("neighbours")];
    let codes = codes.map(Option::unwrap_or_default);
    ensure!(codes == ["peerIsolated", "neighboursIsolated"], "{codes:?}");
    let redacted = told["redacted"].as_str().context("a text for others")?;
    ensure!(!redacted.contains("192.168.") && !redacted.contains(&bea.address));
    Ok(())
}
