//! Two real programs and a relay that is their enemy: it reads, repeats, changes, forges and floods.
//! No false ring, no false state, whatever it does.

mod flood;
mod forge;
mod liar;
mod read;
mod replay;
mod restart;
mod tamper;
mod trip;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use identity::Address;
use scenarios::hostile_relay::HostileRelay;
use scenarios::peer::{Peer, address};
use scenarios::story::{Story, agree};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(10);

/// What nobody but the two of them may read.
const NAMES: [&str; 2] = ["Adelheid Zwirnspule", "Beatrix Blechdose"];

/// The relay, a place for each person's data, and who they are.
struct World {
    relay: HostileRelay,
    homes: TempDir,
    ada: Address,
    bea: Address,
}

impl World {
    async fn new() -> Result<Self> {
        let homes = tempfile::tempdir()?;
        let mut addresses = Vec::new();
        for (home, name) in ["ada", "bea"].iter().zip(NAMES) {
            let home = homes.path().join(home);
            std::fs::create_dir_all(&home)?;
            let settings = serde_json::json!({ "name": name }).to_string();
            std::fs::write(home.join("settings.json"), settings)?;
            addresses.push(address(&home).await?.parse()?);
        }
        Ok(Self {
            relay: HostileRelay::start().await?,
            homes,
            ada: addresses[0],
            bea: addresses[1],
        })
    }

    fn home(&self, name: &str) -> PathBuf {
        self.homes.path().join(name)
    }

    /// Somebody who waits for calls, once the relay knows them.
    async fn peer(&self, name: &str, words: &[&str]) -> Result<Peer> {
        Peer::waiting(name, &self.home(name), self.relay.url(), words).await
    }

    /// Ada, who can call, and Bea, who accepts.
    async fn pair(&self) -> Result<Pair> {
        Ok(Pair {
            ada: self.peer("ada", &[]).await?,
            bea: self.peer("bea", &["--auto"]).await?,
            to: self.bea.to_string(),
            from: self.ada.to_string(),
        })
    }
}

/// The two of them.
struct Pair {
    ada: Peer,
    bea: Peer,
    to: String,
    from: String,
}

impl Pair {
    async fn dial(&mut self) -> Result<()> {
        self.ada.say(&format!("call {}", self.to)).await
    }

    async fn connected(&mut self) -> Result<()> {
        for peer in [&mut self.ada, &mut self.bea] {
            peer.phase("connected", SOON).await?;
        }
        Ok(())
    }

    /// Ada hangs up or gives up; both are free again when Bea knew of the call.
    async fn end(&mut self, bea_knows: bool) -> Result<()> {
        self.ada.say("end").await?;
        self.ada.state("idle", SOON).await?;
        if bea_knows {
            self.bea.state("idle", SOON).await?;
        }
        Ok(())
    }

    /// A whole call.
    async fn talk(&mut self) -> Result<()> {
        self.dial().await?;
        self.connected().await?;
        self.end(true).await
    }

    /// What both lived through is possible, and agrees.
    fn check(&self) -> Result<()> {
        let (ada, bea) = (Story::of(self.ada.lines()), Story::of(self.bea.lines()));
        agree((&ada, &self.from), (&bea, &self.to))
    }

    /// What the call that runs now is called.
    fn call(&self) -> Option<u64> {
        let story = Story::of(self.ada.lines());
        let step = story.steps().last()?;
        u64::from_str_radix(&step.call, 16).ok()
    }
}
