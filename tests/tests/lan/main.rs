//! Local networks with nothing around: no route to anywhere, no name server, no relay. People there
//! see each other, call each other, and are told the truth where they cannot.
//!
//! Scenarios run side by side: they wait more than they work, and each has hosts of its own.

mod beyond;
mod crowd;
mod doctor;
mod finders;
mod flood;
mod isolation;
mod near;
mod networks;
mod router;
mod windows;

use std::time::Duration;

use anyhow::Result;
use scenarios::lab::{Addresses, Host, Lab, Link, Segment};
use scenarios::lan::{Person, acquaint, sees};
use scenarios::peer::Peer;
use scenarios::turn::skip;
use tempfile::TempDir;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// People on one network, each on a host of their own.
struct Room {
    people: Vec<Person>,
    links: Vec<Link>,
    net: Segment,
    lab: Lab,
    homes: TempDir,
    _beside: RwLockReadGuard<'static, ()>,
}

impl Room {
    /// One with these people, who call themselves as they are called. None where there is no lab
    /// here, which is said.
    async fn of(names: &[&str], addresses: Addresses) -> Result<Option<Self>> {
        let beside = MACHINE.read().await;
        let Some(mut lab) = lab() else {
            return Ok(None);
        };
        let (net, homes) = (lab.segment()?, tempfile::tempdir()?);
        let mut room = Self {
            people: Vec::new(),
            links: Vec::new(),
            net,
            lab,
            homes,
            _beside: beside,
        };
        for name in names {
            room.enter(name, name, addresses).await?;
        }
        Ok(Some(room))
    }

    /// Another one comes.
    async fn enter(&mut self, name: &str, calls_itself: &str, addresses: Addresses) -> Result<()> {
        let host = self.lab.host()?;
        self.links.push(self.net.join(&host, "eth0", addresses)?);
        let person = Person::new(self.homes.path(), name, calls_itself, &host).await?;
        self.people.push(person);
        Ok(())
    }

    fn two(&self) -> (&Person, &Person) {
        (&self.people[0], &self.people[1])
    }

    /// The first two, who know each other, wait with these words and see each other.
    async fn meet(&self, words: &[&str], others: &[&str]) -> Result<(Peer, Peer)> {
        let (one, other) = self.two();
        meet([(one, words), (other, others)]).await
    }
}

/// Two get to know each other, wait with these words and see each other.
async fn meet([(one, words), (other, others)]: [(&Person, &[&str]); 2]) -> Result<(Peer, Peer)> {
    acquaint(one, other).await?;
    let (mut at_one, mut at_other) = (one.waits(words)?, other.waits(others)?);
    sees(&mut at_one, other, SOON).await?;
    sees(&mut at_other, one, SOON).await?;
    Ok((at_one, at_other))
}

/// A host that runs containers, with the bridge and the address that every one of them has.
fn runs_containers(host: &Host) -> Result<()> {
    host.ip("link add name docker0 type bridge\n\
         link add name veth0 type veth peer name veth1\n\
         link set veth0 master docker0\n\
         addr add 172.17.0.1/16 brd + dev docker0\n\
         link set veth0 up\n\
         link set veth1 up\n\
         link set docker0 up\n")
}

/// By which way a call goes, as one side says.
async fn path(peer: &mut Peer) -> Result<String> {
    let figures = peer.figures().await?;
    Ok(figures["path"].as_str().unwrap_or_default().to_owned())
}

/// How many packets a link took, in both directions.
fn carried(link: &Link) -> u64 {
    link.counts().iter().map(|it| it.sent).sum()
}

/// A lab, or none where there can be none here, which is said.
fn lab() -> Option<Lab> {
    let lab = Lab::start();
    lab.inspect_err(|error| skip("a local network", &format!("{error:#}")))
        .ok()
}

/// Waits until no other scenario of this program runs, and lets none begin: for those that take the
/// whole machine.
async fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().await
}

/// What scenarios share. Each one takes it once: whoever waits for it alone holds up who comes later.
static MACHINE: RwLock<()> = RwLock::const_new(());

/// Within which it comes on a busy machine.
const SOON: Duration = Duration::from_secs(10);

const KNOWN: [&str; 2] = ["--lan", "known"];
const EVERYONE: [&str; 2] = ["--lan", "everyone"];
const KNOWN_AUTO: [&str; 3] = ["--lan", "known", "--auto"];
const EVERYONE_AUTO: [&str; 3] = ["--lan", "everyone", "--auto"];
