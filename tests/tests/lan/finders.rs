//! Each way of finding alone, while a firewall blocks the others.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::lab::Addresses;
use scenarios::lan::{acquaint, call, hang_up, misses, sees};
use scenarios::turn::note;

use crate::{KNOWN, KNOWN_AUTO, Room, SOON, path, runs_containers};

/// What multicast DNS and our beacon are told apart by.
const MDNS: u16 = 5353;
const BEACON: u16 = 48266;

#[tokio::test(flavor = "multi_thread")]
async fn dns_sd_alone_is_enough() -> Result<()> {
    finds("DNS-SD", BEACON, false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_sd_alone_is_enough_where_both_run_containers() -> Result<()> {
    finds("DNS-SD beside a bridge", BEACON, true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beacon_alone_is_enough() -> Result<()> {
    finds("the beacon", MDNS, false).await
}

/// Two find and call each other where this port is blocked, and perhaps each has a bridge too.
async fn finds(by: &str, blocked: u16, containers: bool) -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    block(&room, &[blocked])?;
    if containers {
        for person in &room.people {
            runs_containers(&person.host)?;
        }
    }
    let (ada, bea) = room.two();
    acquaint(ada, bea).await?;
    let mut a = ada.waits(&KNOWN)?;
    a.listen(Duration::from_millis(1500)).await;
    let begun = clock::now();
    let mut b = bea.waits(&KNOWN_AUTO)?;
    sees(&mut a, bea, SOON).await?;
    note(&format!(
        "start to seen by {by} alone {:?}",
        clock::now() - begun
    ));
    sees(&mut b, ada, SOON).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    ensure!(path(&mut a).await? == "local");
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_leads_to_its_place_and_whoever_was_met_is_asked_there_again() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    block(&room, &[MDNS, BEACON])?;
    let (ada, bea) = room.two();
    acquaint(ada, bea).await?;
    let (mut a, mut b) = (ada.waits(&KNOWN)?, bea.waits(&KNOWN_AUTO)?);
    misses(&mut a, bea, Duration::from_secs(2)).await?;
    // A colon and all else that is no letter is encoded in a link.
    let place = room.links[1].address();
    let link = format!("{}?lan={place}%3A{}", bea.address, discovery::DEFAULT_PORT);
    call(&mut a, &link, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    sees(&mut a, bea, SOON).await?;
    a.say("quit").await?;
    ensure!(a.ended(SOON).await?.success());
    let mut again = ada.waits(&KNOWN)?;
    sees(&mut again, bea, SOON).await?;
    call(&mut again, &bea.address, &mut b, SOON).await?;
    hang_up(&mut again, &mut b, SOON).await
}

/// Lets nothing of these UDP ports out of anybody's host.
fn block(room: &Room, ports: &[u16]) -> Result<()> {
    for person in &room.people {
        let rules = ports.iter().map(|it| format!("udp dport {it} drop\n"));
        let rules: String = rules.collect();
        person.host.nft(&format!(
            "table inet lab {{\nchain out {{\ntype filter hook output priority 0\n{rules}}}\n}}"
        ))?;
    }
    Ok(())
}
