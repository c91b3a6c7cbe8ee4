//! People, a relay and a server on hosts of their own, with links between them.

use std::path::Path;

use anyhow::Result;
use scenarios::lab::server::Server;
use scenarios::lab::{Host, Lab, Link};
use scenarios::livekit::LiveKit;
use scenarios::peer::{Peer, SMALL, address};
use scenarios::relay::Relay;
use scenarios::turn::skip;
use scenarios::world::SOON;
use tempfile::TempDir;

/// Two hosts, and a server and a relay in the middle.
pub(crate) struct Network {
    pub(crate) hosts: [Host; 2],
    _relay: Relay,
    homes: TempDir,
    _server: Server,
    pub(crate) links: [Link; 2],
    _lab: Lab,
}

impl Network {
    /// Says why there is none.
    pub(crate) async fn start(scenario: &str) -> Result<Option<Self>> {
        if !LiveKit::is_there().await? {
            return Ok(None);
        }
        let mut lab = match Lab::start() {
            Ok(lab) => lab,
            Err(error) => {
                skip(scenario, &format!("{error:#}"));
                return Ok(None);
            }
        };
        let hosts = [lab.host()?, lab.host()?];
        let [here, there] = &hosts;
        let links = [lab.attach(here, "eth0")?, lab.attach(there, "eth0")?];
        let server = Server::start(&lab).await?;
        let relay = Relay::start_in_with(&lab, &server.relay_options()?).await?;
        Ok(Some(Self {
            hosts,
            _relay: relay,
            homes: tempfile::tempdir()?,
            _server: server,
            links,
            _lab: lab,
        }))
    }

    /// Ada calls Bea, who has answered.
    pub(crate) async fn call(&mut self) -> Result<(Peer, Peer)> {
        let start = |at: usize, home: &Path, words: &[&str]| {
            let words = [words, &SMALL].concat();
            let relay = format!("ws://{}", Relay::place_in_a_lab());
            Peer::start_on(&self.hosts[at], "somebody", home, &relay, &words)
        };
        let homes = ["ada", "bea"].map(|it| self.homes.path().join(it));
        let to = address(&homes[1]).await?;
        let mut bea = start(1, &homes[1], &["answer", "--auto", "--once"])?;
        bea.online(SOON).await?;
        let mut ada = start(0, &homes[0], &["call", &to, "--via", "livekit"])?;
        ada.phase("connecting", SOON).await?;
        Ok((ada, bea))
    }
}
