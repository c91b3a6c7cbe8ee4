//! Two people behind one router that translates addresses, at home or as guests who are kept apart.

use std::time::Duration;

use anyhow::{Result, ensure};
use scenarios::clock;
use scenarios::coturn::Coturn;
use scenarios::lab::{Addresses, Lab, Link, Nat, Router};
use scenarios::lan::{acquaint, hang_up, sees, talk};
use scenarios::peer::Peer;
use scenarios::relay::Relay;
use scenarios::turn::{missing, note, skip};

use crate::{Room, SOON, carried, path};

/// Ada and Bea on one network, a relay and a server for STUN and TURN beyond their router.
struct Behind {
    relay: Relay,
    _server: Coturn,
    router: Router,
    /// Between the router and the network.
    gateway: Link,
    room: Room,
}

impl Behind {
    /// Says why there is none.
    async fn new(nat: Nat) -> Result<Option<Self>> {
        if let Some(program) = missing(&[Coturn::PROGRAM]) {
            skip("two behind one router", &format!("there is no {program}"));
            return Ok(None);
        }
        let Some(mut room) = Room::of(&["ada", "bea"], Addresses::Both).await? else {
            return Ok(None);
        };
        let (router, gateway) = room.lab.open_up(&mut room.net, nat)?;
        for person in &room.people {
            let way = format!("route add default via {}\n", gateway.address());
            person.host.ip(&way)?;
        }
        let account = ["--lt-cred-mech", "--user=ada:secret"];
        let server = Coturn::start(&room.lab, room.homes.path(), &account).await?;
        let relay = Relay::start_in(&room.lab).await?;
        let (ada, bea) = room.two();
        acquaint(ada, bea).await?;
        Ok(Some(Self {
            relay,
            _server: server,
            router,
            gateway,
            room,
        }))
    }

    /// Both of them at the relay, with these options.
    async fn meet(&self, words: &[&str]) -> Result<[Peer; 2]> {
        let (ada, bea) = self.room.two();
        let accepts = [words, &["--auto"]].concat();
        let mut both = [
            ada.waits_at(self.relay.url(), words)?,
            bea.waits_at(self.relay.url(), &accepts)?,
        ];
        for peer in &mut both {
            peer.online(SOON).await?;
        }
        Ok(both)
    }

    /// Ada calls; returns after how long it rings.
    async fn rings(&self, [a, b]: &mut [Peer; 2]) -> Result<Duration> {
        let (_, bea) = self.room.two();
        let begun = clock::now();
        a.say(&format!("call {}", bea.address)).await?;
        b.state("incoming", SOON).await?;
        let took = clock::now() - begun;
        ensure!(
            took <= Duration::from_millis(1500),
            "it rings after {took:?}"
        );
        Ok(took)
    }

    /// The same, and then they talk by this way.
    async fn talks_by(&self, way: &str, both: &mut [Peer; 2]) -> Result<()> {
        let rang = self.rings(both).await?;
        let [a, b] = both;
        talk([&mut *a, &mut *b], SOON).await?;
        for peer in [a, b] {
            let found = path(peer).await?;
            ensure!(found == way, "the call goes {found}, not {way}");
        }
        note(&format!(
            "behind one router: rings after {rang:?}, goes {way}"
        ));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_behind_one_router_talk_on_their_network_whether_they_are_seen_there_or_not()
-> Result<()> {
    let Some(behind) = Behind::new(Nat::Hairpin).await? else {
        return Ok(());
    };
    for seen in ["known", "off"] {
        let mut both = behind.meet(&["--lan", seen, "--stun", &stun()]).await?;
        if seen == "known" {
            let (_, bea) = behind.room.two();
            sees(&mut both[0], bea, SOON).await?;
        }
        behind.talks_by("local", &mut both).await?;
        let links = [&behind.room.links[0], &behind.gateway];
        let before = links.map(carried);
        both[0].listen(Duration::from_secs(2)).await;
        let [cable, outside] = [0, 1].map(|at| carried(links[at]) - before[at]);
        note(&format!(
            "seen by {seen}: packets in 2 s by the cable {cable}, by the router {outside}"
        ));
        ensure!(cable > 300 && outside < cable / 20, "{cable} and {outside}");
        let [mut a, mut b] = both;
        hang_up(&mut a, &mut b, SOON).await?;
        for peer in [&mut a, &mut b] {
            peer.say("quit").await?;
            peer.ended(SOON).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_who_are_kept_apart_talk_by_the_router_that_leads_them_back() -> Result<()> {
    guests_talk(Nat::Hairpin, &["--stun", &stun()], "direct").await
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_who_are_kept_apart_talk_by_a_turn_server() -> Result<()> {
    guests_talk(Nat::Restricted, &["--turn", &turn()], "relayed").await
}

async fn guests_talk(nat: Nat, servers: &[&str], way: &str) -> Result<()> {
    let Some(behind) = Behind::new(nat).await? else {
        return Ok(());
    };
    behind.room.net.isolate(Some(&behind.gateway))?;
    let words = [&["--lan", "known"], servers].concat();
    let mut both = behind.meet(&words).await?;
    behind.talks_by(way, &mut both).await?;
    let before = carried(behind.router.uplink());
    both[0].listen(Duration::from_secs(2)).await;
    let outside = carried(behind.router.uplink()) - before;
    note(&format!("guests: packets in 2 s outside {outside}"));
    ensure!((way == "relayed") == (outside > 300), "{outside}");
    let [mut a, mut b] = both;
    hang_up(&mut a, &mut b, SOON).await
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_who_are_kept_apart_and_have_no_way_are_rung_and_told_that_there_is_none()
-> Result<()> {
    let Some(behind) = Behind::new(Nat::Restricted).await? else {
        return Ok(());
    };
    behind.room.net.isolate(Some(&behind.gateway))?;
    let mut both = behind.meet(&["--lan", "known", "--stun", &stun()]).await?;
    behind.rings(&mut both).await?;
    for peer in &mut both {
        let ended = peer.state("ended", Duration::from_secs(30)).await?;
        ensure!(ended["reason"] == "noPath", "{ended}");
    }
    Ok(())
}

fn stun() -> String {
    format!("stun:{}:{}", Lab::MIDDLE, Coturn::PORT)
}

fn turn() -> String {
    format!("turn:ada:secret@{}:{}", Lab::MIDDLE, Coturn::PORT)
}
