//! A local network and the internet: the near way first, the far one where that fails. And what is
//! told of the other side where there is no internet.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::lab::{Addresses, Link};
use scenarios::lan::{acquaint, call, hang_up, sees, talk};
use scenarios::peer::Peer;
use scenarios::relay::Relay;
use scenarios::story::Story;
use scenarios::turn::note;

use crate::{KNOWN, KNOWN_AUTO, Room, SOON, path};

/// Two on one network who reach the internet too, where a relay is.
struct Both {
    relay: Relay,
    uplinks: Vec<Link>,
    room: Room,
}

impl Both {
    async fn new() -> Result<Option<Self>> {
        let Some(mut room) = Room::of(&["ada", "bea"], Addresses::V4).await? else {
            return Ok(None);
        };
        let mut uplinks = Vec::new();
        for person in &room.people {
            uplinks.push(room.lab.attach(&person.host, "wlan0")?);
        }
        let relay = Relay::start_in(&room.lab).await?;
        let (ada, bea) = room.two();
        acquaint(ada, bea).await?;
        Ok(Some(Self {
            relay,
            uplinks,
            room,
        }))
    }

    /// Ada and Bea, who see each other on the network and are at the relay.
    async fn meet(&self) -> Result<(Peer, Peer)> {
        let (ada, bea) = self.room.two();
        let mut a = ada.waits_at(self.relay.url(), &KNOWN)?;
        let mut b = bea.waits_at(self.relay.url(), &KNOWN_AUTO)?;
        a.online(SOON).await?;
        b.online(SOON).await?;
        sees(&mut a, bea, SOON).await?;
        Ok((a, b))
    }

    /// How long it takes until the call is on the network again at both, while picture and sound go
    /// on.
    async fn is_back(&self, a: &mut Peer, b: &mut Peer, since: &str) -> Result<Duration> {
        let begun = clock::now();
        let before = [a.figures().await?, b.figures().await?];
        let both = tokio::join!(moved(a, "local"), moved(b, "local"));
        both.0.and(both.1)?;
        let back = clock::now() - begun;
        talk_on([&mut *a, &mut *b]).await?;
        let after = [a.figures().await?, b.figures().await?];
        let [frozen, made_up] = ["freezeCount", "concealed"].map(|key| {
            let told = [&before, &after].map(|it| [&it[0][key], &it[1][key]]);
            format!("{key} {told:?}")
        });
        note(&format!(
            "on the network {back:?} after {since}: {frozen}, {made_up}"
        ));
        for (before, after) in before.iter().zip(&after) {
            ensure!(before["freezeCount"] == after["freezeCount"], "{frozen}");
        }
        Ok(back)
    }

    /// How long it takes until it rings at Bea's.
    async fn rings(&self, a: &mut Peer, b: &mut Peer) -> Result<Duration> {
        let (_, bea) = self.room.two();
        let begun = clock::now();
        a.say(&format!("call {}", bea.address)).await?;
        b.state("incoming", SOON).await?;
        let took = clock::now() - begun;
        talk([&mut *a, &mut *b], SOON).await?;
        hang_up(a, b, SOON).await?;
        Ok(took)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_network_fails_the_relay_rings_within_a_second_and_a_half() -> Result<()> {
    let Some(both) = Both::new().await? else {
        return Ok(());
    };
    let (mut a, mut b) = both.meet().await?;
    let near = both.rings(&mut a, &mut b).await?;
    let (_, bea) = both.room.two();
    let port = discovery::DEFAULT_PORT;
    let blocked = |verdict: &str| {
        bea.host.nft(&format!(
            "table inet lab {{\nchain in {{\ntype filter hook input priority 0\n\
             tcp dport {port} {verdict}\n}}\n}}"
        ))
    };
    // The call goes on by the link that is there, or another.
    blocked("drop")?;
    let dropped = both.rings(&mut a, &mut b).await?;
    // Nothing is left of the links that were there.
    a.say("quit").await?;
    a.ended(SOON).await?;
    let (ada, _) = both.room.two();
    let mut a = ada.waits_at(both.relay.url(), &KNOWN)?;
    a.online(SOON).await?;
    a.listen(Duration::from_millis(1500)).await;
    let never_reached = both.rings(&mut a, &mut b).await?;
    blocked("accept")?;
    sees(&mut a, bea, Duration::from_secs(30)).await?;
    // Gone without a goodbye, and back without a network.
    b.program().kill();
    b.ended(SOON).await?;
    let mut b = bea.waits_at(both.relay.url(), &["--auto"])?;
    b.online(SOON).await?;
    let off = both.rings(&mut a, &mut b).await?;
    note(&format!(
        "click to ringing: near {near:?}; port blocked after it was used {dropped:?}, \
         before {never_reached:?}; off after it was seen {off:?}"
    ));
    for took in [near, dropped, never_reached, off] {
        ensure!(took <= Duration::from_millis(1500), "{took:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_moves_to_the_internet_and_back_and_ends_there() -> Result<()> {
    let Some(mut both) = Both::new().await? else {
        return Ok(());
    };
    let (mut a, mut b) = both.meet().await?;
    let (_, bea) = both.room.two();
    a.say(&format!("call {}", bea.address)).await?;
    for peer in [&mut a, &mut b] {
        peer.phase("connected", SOON).await?;
    }
    talk([&mut a, &mut b], SOON).await?;
    let first = path(&mut a).await?;
    ensure!(first == "local", "{first}");
    both.room.links[1].plug(false)?;
    let begun = clock::now();
    moved(&mut a, "direct").await?;
    let away = clock::now() - begun;
    talk_on([&mut a, &mut b]).await?;
    both.room.links[1].plug(true)?;
    let back = both
        .is_back(&mut a, &mut b, "the cable is in again")
        .await?;
    ensure!(back <= Duration::from_secs(10), "{back:?}");
    both.uplinks.remove(1);
    talk_on([&mut a, &mut b]).await?;
    note(&format!(
        "a call is by the internet {away:?} after its cable went; figures come once a second"
    ));
    hang_up(&mut b, &mut a, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_that_carries_nothing_at_first_is_used_once_it_does() -> Result<()> {
    let Some(both) = Both::new().await? else {
        return Ok(());
    };
    let (mut a, mut b) = both.meet().await?;
    let (_, bea) = both.room.two();
    call(&mut a, &bea.address, &mut b, SOON).await?;
    let cable = &both.room.links[1];
    cable.plug(false)?;
    moved(&mut a, "direct").await?;
    // A switch that looks for loops first, as many do.
    cable.cut();
    cable.plug(true)?;
    tokio::join!(a.listen(STARTS), b.listen(STARTS));
    for peer in [&mut a, &mut b] {
        let way = path(peer).await?;
        ensure!(way == "direct", "{way}");
    }
    talk_on([&mut a, &mut b]).await?;
    cable.mend();
    let back = both
        .is_back(&mut a, &mut b, "the cable carries again")
        .await?;
    ensure!(back <= Duration::from_secs(20), "{back:?}");
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_has_left_the_network_ends_by_the_relay() -> Result<()> {
    let Some(both) = Both::new().await? else {
        return Ok(());
    };
    let (mut a, mut b) = both.meet().await?;
    let (_, bea) = both.room.two();
    call(&mut a, &bea.address, &mut b, SOON).await?;
    both.room.links[1].plug(false)?;
    moved(&mut a, "direct").await?;
    // A frozen path tells nothing: what ends the call is said by another way.
    hang_up(&mut a, &mut b, SOON).await
}

/// Ada and Bea on a network with nothing around.
async fn alone() -> Result<Option<(Room, Peer, Peer)>> {
    let Some(room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
        return Ok(None);
    };
    let (a, b) = room.meet(&KNOWN, &KNOWN).await?;
    Ok(Some((room, a, b)))
}

/// It rings at Bea's, and Ada hears that.
async fn rings(room: &Room, a: &mut Peer, b: &mut Peer) -> Result<()> {
    let (_, bea) = room.two();
    a.say(&format!("call {}", bea.address)).await?;
    b.state("incoming", SOON).await?;
    a.phase("ringing", SOON).await?;
    Ok(())
}

/// Kills a program; how long it takes until the other one is told, and what.
async fn dies(one: &mut Peer, other: &mut Peer) -> Result<(Duration, String)> {
    one.program().kill();
    let begun = clock::now();
    other.state("idle", Duration::from_secs(60)).await?;
    let told = clock::now() - begun;
    let end = Story::of(other.lines()).end().map(str::to_owned);
    Ok((told, end.unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_it_rings_is_told_at_once_without_any_relay() -> Result<()> {
    for (caller_dies, due) in [(false, "unreachable"), (true, "missed")] {
        let Some((room, mut a, mut b)) = alone().await? else {
            return Ok(());
        };
        rings(&room, &mut a, &mut b).await?;
        let (told, end) = if caller_dies {
            dies(&mut a, &mut b).await?
        } else {
            dies(&mut b, &mut a).await?
        };
        note(&format!(
            "crash while it rings, caller {caller_dies}: {end} after {told:?}"
        ));
        ensure!(end == due, "{end}");
        ensure!(told <= Duration::from_secs(6), "{told:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_a_call_is_told_within_seconds_without_any_relay() -> Result<()> {
    for caller_dies in [false, true] {
        let Some((room, mut a, mut b)) = alone().await? else {
            return Ok(());
        };
        rings(&room, &mut a, &mut b).await?;
        b.say("accept").await?;
        talk([&mut a, &mut b], SOON).await?;
        let (told, end) = if caller_dies {
            dies(&mut a, &mut b).await?
        } else {
            dies(&mut b, &mut a).await?
        };
        note(&format!(
            "crash in a call, caller {caller_dies}: {end} after {told:?}"
        ));
        ensure!(end == "peerGone", "{end}");
        ensure!(told <= Duration::from_secs(6), "{told:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_resets_end_no_call_that_is_heard() -> Result<()> {
    let Some((room, mut a, mut b)) = alone().await? else {
        return Ok(());
    };
    rings(&room, &mut a, &mut b).await?;
    b.say("accept").await?;
    talk([&mut a, &mut b], SOON).await?;
    // Whoever answers for Bea: the link breaks, and another one is refused.
    let (port, (_, bea)) = (discovery::DEFAULT_PORT, room.two());
    bea.host.nft(&format!(
        "table inet lab {{\nchain in {{\ntype filter hook input priority 0\n\
         tcp dport {port} reject with tcp reset\n}}\n}}"
    ))?;
    tokio::join!(a.listen(OUT), b.listen(OUT));
    talk_on([&mut a, &mut b]).await?;
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cable_that_is_out_for_a_while_is_no_crash() -> Result<()> {
    let Some((room, mut a, mut b)) = alone().await? else {
        return Ok(());
    };
    rings(&room, &mut a, &mut b).await?;
    b.say("accept").await?;
    talk([&mut a, &mut b], SOON).await?;
    for link in &room.links {
        link.plug(false)?;
        tokio::join!(a.listen(OUT), b.listen(OUT));
        link.plug(true)?;
        talk_on([&mut a, &mut b]).await?;
    }
    hang_up(&mut a, &mut b, SOON).await
}

/// Waits until both see and hear each other, after what they said before was read.
async fn talk_on(sides: [&mut Peer; 2]) -> Result<()> {
    let [a, b] = sides;
    tokio::join!(a.listen(SETTLED), b.listen(SETTLED));
    talk([a, b], SOON).await
}

/// Waits until the call goes this way, and pictures with it.
async fn moved(peer: &mut Peer, way: &str) -> Result<()> {
    let is_it = |line: &serde_json::Value| {
        let figures = line.get("figures")?;
        let sees = figures["framesPerSecondReceived"].as_f64()? >= 5.0;
        (figures["path"] == way && sees).then_some(())
    };
    peer.until(&format!("path {way}"), SOON, is_it).await
}

/// Pictures of before are past by then.
const SETTLED: Duration = Duration::from_secs(2);

/// How long a network that has just come may carry nothing: by then a new session has given it up.
const STARTS: Duration = Duration::from_secs(6);

/// How long a cable is out: longer than it takes to believe in a crash.
const OUT: Duration = Duration::from_secs(12);
