//! The doctor beside a program that runs: whether another machine comes through our firewall, which no
//! machine can tell of its own.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use scenarios::lab::Addresses;
use scenarios::lan::Person;
use serde_json::Value;

use crate::{KNOWN, KNOWN_AUTO, Room};

/// What the doctor finds of the way to Bea and back, and of the firewall.
async fn examined(ada: &Person) -> Result<[String; 3]> {
    let told = ada.run(&[
        "doctor", "--json", "--peer", "bea", "--lan", "known", "--relay", "none",
    ]);
    let told: Value = serde_json::from_str(told.await?.trim())?;
    let checks = told["checks"].as_array().context("a list of checks")?;
    let code = |kind: &str| {
        let check = checks.iter().find(|it| it["kind"] == kind);
        let code = check.and_then(|it| it["finding"]["code"].as_str());
        code.unwrap_or_default().to_owned()
    };
    Ok(["peer", "wayIn", "firewall"].map(code))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_works_beside_the_program_and_a_peer_tells_what_the_firewall_does() -> Result<()>
{
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    let (ada, _) = room.two();
    let (_a, _b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    let found = examined(ada).await?;
    ensure!(
        found == ["peerAnswers", "wayInOpen", "firewallLetsIn"],
        "{found:?}"
    );
    // Ada's firewall lets all in that she asked for and what she says to herself, as firewalls do.
    ada.host.nft(
        "table inet guard {
            chain in {
                type filter hook input priority filter;
                iif lo accept
                ct state established,related accept
                tcp dport 48267 drop
            }
        }",
    )?;
    let found = examined(ada).await?;
    ensure!(
        found == ["peerAnswers", "wayInBlocked", "firewallBlocks"],
        "{found:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_translates_addresses_between_two_is_not_taken_for_a_firewall() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::V4).await? else {
        return Ok(());
    };
    let (ada, bea) = room.two();
    let (_a, _b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    // As a router between the two would: what Bea sees of Ada has an address where nobody is.
    let from = room.links[0].address();
    let [a, b, c, _] = from.octets();
    let seen_at = Ipv4Addr::new(a, b, c, 250);
    bea.host.nft(&format!(
        "table ip router {{
            chain in {{
                type nat hook input priority 100;
                ip saddr {from} tcp dport 48267 snat to {seen_at}
            }}
        }}"
    ))?;
    let [peer, way_in, firewall] = examined(ada).await?;
    ensure!(peer == "peerAnswers", "{peer}");
    ensure!(way_in == "wayInLeadsElsewhere", "{way_in}");
    ensure!(
        ["firewallNotSeen", "firewallActive"].contains(&firewall.as_str()),
        "{firewall}"
    );
    Ok(())
}
