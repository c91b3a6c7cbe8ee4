//! Two people without a window on this machine, a relay between them, and what carries their calls:
//! what a scenario needs that is the same over every carrier.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use call::carrier::Carrier;
use serde_json::Value;
use tempfile::TempDir;

use crate::census::Census;
use crate::livekit::LiveKit;
use crate::peer::{Peer, address};
use crate::relay::Relay;
use crate::turn::note;

/// What happens at once on a machine that has nothing else to do happens within this.
pub const SOON: Duration = Duration::from_secs(10);

/// A relay, a place for each person's data, whom to call, and what carries it.
#[derive(Debug)]
pub struct World {
    carrier: Carrier,
    /// Between them.
    pub relay: Relay,
    server: Option<Server>,
    /// Where a server was, and who looks.
    stopped: Option<(u16, Census)>,
    homes: TempDir,
    bea: String,
}

/// The server that carries their calls, and who looks at its rooms.
#[derive(Debug)]
pub struct Server {
    /// The program.
    pub running: LiveKit,
    /// From its first start on.
    pub census: Census,
}

impl World {
    /// A world in which Ada's calls go by this carrier; none where its server is missing, which is
    /// told loudly.
    ///
    /// # Errors
    /// When something of it does not start.
    pub async fn new(carrier: Carrier) -> Result<Option<Self>> {
        let (server, options) = match carrier {
            Carrier::Direct => (None, Vec::new()),
            Carrier::LiveKit => {
                let Some(running) = LiveKit::start().await? else {
                    return Ok(None);
                };
                let census = Census::start(running.api());
                let options = running.relay_options()?;
                (Some(Server { running, census }), options)
            }
        };
        let mut world = Self::with_relay(carrier, &options).await?;
        world.server = server;
        Ok(Some(world))
    }

    /// One whose relay has these options.
    ///
    /// # Errors
    /// When something of it does not start.
    pub async fn with_relay(carrier: Carrier, options: &[String]) -> Result<Self> {
        let homes = tempfile::tempdir()?;
        Ok(Self {
            carrier,
            relay: Relay::start_with("127.0.0.1:0", options).await?,
            server: None,
            stopped: None,
            bea: address(&homes.path().join("bea")).await?,
            homes,
        })
    }

    /// The server that carries the calls.
    ///
    /// # Errors
    /// When none does.
    pub fn server(&mut self) -> Result<&mut Server> {
        self.server
            .as_mut()
            .context("no server carries these calls")
    }

    /// What carries the calls.
    #[must_use]
    pub const fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// Bea's address.
    #[must_use]
    pub fn bea_is(&self) -> &str {
        &self.bea
    }

    /// Where somebody's data is, or a file beside it.
    #[must_use]
    pub fn place(&self, name: &str) -> PathBuf {
        self.homes.path().join(name)
    }

    /// Somebody of this name, who calls by the carrier.
    ///
    /// # Errors
    /// When the program does not start.
    pub fn peer(&self, name: &str, words: &[&str]) -> Result<Peer> {
        let carrier = match self.carrier {
            Carrier::Direct => "direct",
            Carrier::LiveKit => "livekit",
        };
        let via = ["--via", carrier];
        let words = [words, &via].concat();
        Peer::start(name, &self.place(name), self.relay.url(), &words)
    }

    /// Bea, waiting for calls. She follows what her caller wants.
    ///
    /// # Errors
    /// When the relay does not welcome her.
    pub async fn bea(&self, words: &[&str]) -> Result<Peer> {
        let words = [&["answer"], words].concat();
        let mut bea = Peer::start("bea", &self.place("bea"), self.relay.url(), &words)?;
        bea.online(SOON).await?;
        Ok(bea)
    }

    /// Ada, calling Bea.
    ///
    /// # Errors
    /// When the program does not start.
    pub fn ada(&self, words: &[&str]) -> Result<Peer> {
        self.peer("ada", &[&["call", self.bea.as_str()], words].concat())
    }

    /// Both, in a call that Bea accepted by herself and that the carrier carries, with these
    /// options of each.
    ///
    /// # Errors
    /// When it does not come to a call.
    pub async fn in_call_with(&self, [hers, his]: [&[&str]; 2]) -> Result<(Peer, Peer)> {
        let mut bea = self.bea(&[&["--auto", "--once"], his].concat()).await?;
        let mut ada = self.ada(hers)?;
        for peer in [&mut ada, &mut bea] {
            peer.phase("connected", SOON).await?;
            carried_by(self.carrier, peer).await?;
        }
        Ok((ada, bea))
    }

    /// Both in a call.
    ///
    /// # Errors
    /// When it does not come to a call.
    pub async fn in_call(&self) -> Result<(Peer, Peer)> {
        self.in_call_with([&[], &[]]).await
    }

    /// Makes sure that nothing is left of so many calls: each had one room at most, and nobody is in
    /// any two seconds after the end.
    ///
    /// # Errors
    /// When something is.
    pub async fn is_left(&self, calls: usize) -> Result<()> {
        self.is_left_within(calls, DESERTED).await
    }

    /// The same in another time.
    ///
    /// # Errors
    /// When something is left.
    pub async fn is_left_within(&self, calls: usize, limit: Duration) -> Result<()> {
        let Some(Server { census, .. }) = &self.server else {
            return Ok(());
        };
        let took = census.until_deserted(limit).await?;
        note(&format!("nobody is in a room after {took:?}"));
        census.had_at_most(calls)
    }

    /// The server goes as in a crash.
    ///
    /// # Errors
    /// When there is none.
    pub async fn stop_server(&mut self) -> Result<()> {
        let server = self.server.take().context("there is no server")?;
        self.stopped = Some((server.running.port(), server.census));
        server.running.kill().await
    }

    /// The server that went comes back at the same place, without anything that it knew.
    ///
    /// # Errors
    /// When none went, or it does not start again.
    pub async fn start_server(&mut self) -> Result<()> {
        let (port, census) = self.stopped.take().context("no server went")?;
        let running = LiveKit::start_again(port).await?;
        self.server = Some(Server { running, census });
        Ok(())
    }
}

/// Waits until somebody in a call tells its path, and makes sure that it is one of this carrier: a
/// direct call does not pass for one over a server.
///
/// # Errors
/// When none is told, or it is another one's.
pub async fn carried_by(carrier: Carrier, peer: &mut Peer) -> Result<()> {
    let path = |line: &Value| path(line).map(str::to_owned);
    let path = peer.until("path", SOON, path).await?;
    ensure!(is_of(carrier, &path), "{carrier:?} has the path {path}");
    Ok(())
}

/// The path that a line tells.
#[must_use]
pub fn path(line: &Value) -> Option<&str> {
    line["figures"]["path"].as_str()
}

/// Whether a call over this carrier may have this path.
#[must_use]
pub fn is_of(carrier: Carrier, path: &str) -> bool {
    match carrier {
        Carrier::Direct => path != "server",
        Carrier::LiveKit => path == "server",
    }
}

/// The figures of the second after next: the one that runs now holds what was before.
///
/// # Errors
/// When none come.
pub async fn fresh(peer: &mut Peer) -> Result<Value> {
    peer.figures().await?;
    peer.figures().await?;
    peer.figures().await
}

/// A figure by its name.
#[must_use]
pub fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or(f64::NAN)
}

/// After the end of a call, a goodbye and the server's own work are over by then.
const DESERTED: Duration = Duration::from_secs(2);
