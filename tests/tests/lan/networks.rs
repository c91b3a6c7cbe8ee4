//! Networks of every kind, several at once, and cables that are pulled.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::lab::{Addresses, Link, Segment};
use scenarios::lan::{Person, acquaint, call, hang_up, misses, sees, talk};
use scenarios::peer::Peer;
use scenarios::turn::note;

use crate::{
    EVERYONE, EVERYONE_AUTO, KNOWN, KNOWN_AUTO, Room, SOON, carried, path, runs_containers,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_network_of_ipv6_alone_is_one() -> Result<()> {
    works_on(Addresses::V6).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_with_nothing_but_fe80_is_a_network() -> Result<()> {
    works_on(Addresses::LinkLocal).await
}

/// The addresses of a cable that leads nowhere look like those of the one that leads to somebody.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_cables_with_nothing_but_fe80_the_one_that_leads_there_carries_a_call()
-> Result<()> {
    let Some(mut room) = Room::of(&["ada", "bea"], Addresses::LinkLocal).await? else {
        return Ok(());
    };
    let (mut nowhere, mut wlan) = (room.lab.segment()?, room.lab.segment()?);
    let host = room.people[0].host.clone();
    let _links = [
        nowhere.join(&host, "eth1", Addresses::LinkLocal)?,
        wlan.join(&host, "wlan0", Addresses::Both)?,
    ];
    let (ada, bea) = room.two();
    let (mut a, mut b) = room.meet(&KNOWN_AUTO, &KNOWN_AUTO).await?;
    let there = call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    let back = call(&mut b, &ada.address, &mut a, SOON).await?;
    note(&format!("click to connected {there:?}, and back {back:?}"));
    are_on_one_network([&mut a, &mut b]).await?;
    hang_up(&mut b, &mut a, SOON).await
}

/// A router that answers late gives both an address beside the one that their call uses.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_fe80_goes_on_where_it_is_when_its_cable_gets_addresses() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::LinkLocal).await? else {
        return Ok(());
    };
    let (ada, bea) = room.two();
    let (mut a, mut b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    let from = [&a, &b].map(|it| it.lines().len());
    for (number, person) in (1..).zip([ada, bea]) {
        let line = format!("addr add 192.168.77.{number}/24 brd + dev eth0\n");
        person.host.ip(&line)?;
    }
    goes_on([&mut a, &mut b]).await?;
    for (peer, from) in [&a, &b].into_iter().zip(from) {
        let mut phases = peer.lines()[from..].iter().map(|it| &it["phase"]);
        ensure!(
            phases.all(|it| it.is_null() || it == "connected"),
            "the call did not stay as it was"
        );
    }
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_nothing_but_fe80_calls_a_neighbour_who_has_more() -> Result<()> {
    let Some(mut room) = Room::of(&["ada"], Addresses::Both).await? else {
        return Ok(());
    };
    room.enter("bea", "bea", Addresses::LinkLocal).await?;
    let (ada, bea) = room.two();
    let (mut a, mut b) = room.meet(&KNOWN_AUTO, &KNOWN_AUTO).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await?;
    call(&mut b, &ada.address, &mut a, SOON).await?;
    are_on_one_network([&mut a, &mut b]).await?;
    hang_up(&mut b, &mut a, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_over_fe80_when_all_other_addresses_go() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    let (ada, bea) = room.two();
    let (mut a, mut b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    for person in [ada, bea] {
        person.host.ip("addr flush dev eth0 scope global\n")?;
    }
    goes_on([&mut a, &mut b]).await?;
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_over_fe80_moves_to_another_cable_of_the_same_network() -> Result<()> {
    let Some(mut room) = Room::of(&["ada", "bea"], Addresses::LinkLocal).await? else {
        return Ok(());
    };
    let host = room.people[0].host.clone();
    let spare = room.net.join(&host, "eth1", Addresses::LinkLocal)?;
    let (_, bea) = room.two();
    let (mut a, mut b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    let cables = [&room.links[0], &spare];
    let before = cables.map(carried);
    call(&mut a, &bea.address, &mut b, SOON).await?;
    a.listen(Duration::from_secs(1)).await;
    let [first, second] = cables.map(carried);
    let in_use = if first - before[0] > second - before[1] {
        0
    } else {
        1
    };
    cables[in_use].plug(false)?;
    goes_on([&mut a, &mut b]).await?;
    hang_up(&mut a, &mut b, SOON).await
}

/// Makes sure that both see and hear each other over their network when two seconds have passed.
async fn goes_on(sides: [&mut Peer; 2]) -> Result<()> {
    let [a, b] = sides;
    tokio::join!(a.listen(SETTLED), b.listen(SETTLED));
    talk([a, b], SOON).await?;
    are_on_one_network([a, b]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_with_nothing_but_169_254_is_a_network() -> Result<()> {
    works_on(Addresses::SelfAssigned).await
}

async fn works_on(addresses: Addresses) -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], addresses).await? else {
        return Ok(());
    };
    let (_, bea) = room.two();
    let (mut a, mut b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    are_on_one_network([&mut a, &mut b]).await?;
    hang_up(&mut a, &mut b, SOON).await
}

/// Makes sure that both say so of their call.
async fn are_on_one_network(sides: [&mut Peer; 2]) -> Result<()> {
    for peer in sides {
        let figures = peer.figures().await?;
        ensure!(figures["path"] == "local", "{}", figures["path"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_vpn_nor_a_bridge_carries_what_a_cable_can() -> Result<()> {
    let Some(mut room) = Room::of(&["ada", "bea"], Addresses::V4).await? else {
        return Ok(());
    };
    let (ada, bea) = (room.people[0].clone(), room.people[1].clone());
    let mut vpn = room.lab.segment()?;
    let mut tunnels = Vec::new();
    for person in [&ada, &bea] {
        tunnels.push(tunnel(&mut vpn, person)?);
        runs_containers(&person.host)?;
    }
    let (mut a, mut b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    let [cable, tunnel] = [&room.links[0], &tunnels[0]].map(carried);
    call(&mut a, &bea.address, &mut b, SOON).await?;
    for peer in [&mut a, &mut b] {
        ensure!(path(peer).await? == "local");
    }
    a.listen(Duration::from_secs(2)).await;
    let cable = carried(&room.links[0]) - cable;
    let tunnel = carried(&tunnels[0]) - tunnel;
    note(&format!(
        "packets of a call by the cable {cable}, by the VPN {tunnel}"
    ));
    ensure!(
        cable > 400 && tunnel < cable / 4,
        "cable {cable}, VPN {tunnel}"
    );
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vpn_that_comes_up_in_a_call_takes_nothing_of_it() -> Result<()> {
    let Some(mut room) = Room::of(&["ada", "bea"], Addresses::V4).await? else {
        return Ok(());
    };
    let (ada, bea) = (room.people[0].clone(), room.people[1].clone());
    let (mut a, mut b) = room.meet(&KNOWN, &KNOWN_AUTO).await?;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    let mut vpn = room.lab.segment()?;
    let tunnels = [tunnel(&mut vpn, &ada)?, tunnel(&mut vpn, &bea)?];
    // Both look for new ways, and begin a new session with what they found.
    tokio::join!(a.listen(SETTLED), b.listen(SETTLED));
    let links = [&room.links[0], &tunnels[0]];
    let before = links.map(carried);
    talk([&mut a, &mut b], SOON).await?;
    tokio::join!(a.listen(SETTLED), b.listen(SETTLED));
    for peer in [&mut a, &mut b] {
        ensure!(path(peer).await? == "local");
    }
    let [cable, tunnel] = [0, 1].map(|at| carried(links[at]) - before[at]);
    note(&format!(
        "packets of a call by the cable {cable}, by a VPN that came up in it {tunnel}"
    ));
    ensure!(
        cable > 400 && tunnel < cable / 4,
        "cable {cable}, VPN {tunnel}"
    );
    hang_up(&mut a, &mut b, SOON).await
}

/// Puts somebody into a VPN that wants to carry all that they send.
fn tunnel(vpn: &mut Segment, person: &Person) -> Result<Link> {
    // The name is what it is known by.
    let link = vpn.join(&person.host, "tun0", Addresses::Both)?;
    person.host.ip("route add default dev tun0\n")?;
    Ok(link)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_interfaces_to_two_networks_lead_to_both() -> Result<()> {
    let Some(mut room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    let mut other = room.lab.segment()?;
    let cid = room.lab.host()?;
    let _links = [
        other.join(&room.people[0].host, "wlan0", Addresses::Both)?,
        other.join(&cid, "eth0", Addresses::Both)?,
    ];
    let cid = Person::new(room.homes.path(), "cid", "cid", &cid).await?;
    let (ada, bea) = room.two();
    let mut a = ada.waits(&EVERYONE)?;
    let (mut b, mut c) = (bea.waits(&EVERYONE_AUTO)?, cid.waits(&EVERYONE_AUTO)?);
    for (who, peer) in [(bea, &mut b), (&cid, &mut c)] {
        sees(&mut a, who, SOON).await?;
        sees(peer, ada, SOON).await?;
        call(&mut a, &who.address, peer, SOON).await?;
        hang_up(&mut a, peer, SOON).await?;
    }
    // Nobody is a router between them.
    misses(&mut b, &cid, Duration::from_millis(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_a_network_is_seen_seconds_later() -> Result<()> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::V4).await? else {
        return Ok(());
    };
    let (ada, bea) = room.two();
    acquaint(ada, bea).await?;
    room.links[1].plug(false)?;
    let (mut a, mut b) = (ada.waits(&KNOWN)?, bea.waits(&KNOWN_AUTO)?);
    misses(&mut a, bea, Duration::from_secs(2)).await?;
    room.links[1].plug(true)?;
    let begun = clock::now();
    sees(&mut b, ada, SOON).await?;
    sees(&mut a, bea, SOON).await?;
    let seen = clock::now() - begun;
    note(&format!("cable in to seen {seen:?}"));
    ensure!(seen <= Duration::from_secs(4), "{seen:?}");
    // Pulled and put in again within the time that announcements hold.
    room.links[1].plug(false)?;
    b.listen(Duration::from_secs(2)).await;
    room.links[1].plug(true)?;
    b.listen(Duration::from_secs(1)).await;
    call(&mut a, &bea.address, &mut b, SOON).await?;
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_comes_late_or_in_the_place_of_another_and_shakes_is_a_network() -> Result<()> {
    let Some(mut room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(());
    };
    let (ada, bea) = (room.people[0].clone(), room.people[1].clone());
    acquaint(&ada, &bea).await?;
    // Bea begins without any network.
    room.links.remove(1);
    let (mut a, mut b) = (ada.waits(&KNOWN)?, bea.waits(&KNOWN_AUTO)?);
    misses(&mut a, &bea, Duration::from_secs(2)).await?;
    let card = room.net.join(&bea.host, "usb0", Addresses::Both)?;
    let begun = clock::now();
    sees(&mut b, &ada, SOON).await?;
    sees(&mut a, &bea, SOON).await?;
    let first = clock::now() - begun;
    // Another one comes in its place, with another address and bad contacts.
    drop(card);
    let card = room.net.join(&bea.host, "usb1", Addresses::Both)?;
    for is_in in [false, true, false, true, false, true] {
        b.listen(Duration::from_millis(150)).await;
        card.plug(is_in)?;
    }
    let connected = call(&mut a, &bea.address, &mut b, SOON).await?;
    ensure!(path(&mut a).await? == "local");
    note(&format!(
        "from no card to seen {first:?}; click to connected right after another one shook {connected:?}"
    ));
    ensure!(first <= Duration::from_secs(4), "{first:?}");
    hang_up(&mut a, &mut b, SOON).await
}

/// Pictures of before are past by then, and new sessions in use.
const SETTLED: Duration = Duration::from_secs(2);
