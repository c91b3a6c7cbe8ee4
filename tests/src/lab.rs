//! A network of our own on this machine: hosts, links between them whose conditions change while
//! they run, and routers that translate addresses.
//!
//! Hosts are network namespaces, links are pairs of TAP interfaces with an [`emulator`] for each
//! direction, routers are hosts with rules of nftables. Nothing of it reaches any network of the
//! machine, and several labs do not know of each other. Conditions belong to a link; a path between
//! two hosts has two links, so a [`profile`] of a whole path goes on one of them.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use scenarios::lab::{Lab, Nat, Profile};
//!
//! let mut lab = Lab::start()?;
//! let ada = lab.host()?;
//! let wlan = lab.attach(&ada, "wlan0")?;
//! let (bea, router, _lan) = lab.behind(Nat::Symmetric)?;
//! wlan.set(Profile::named("lte").expect("a profile of the table"));
//! wlan.cut();
//! wlan.mend();
//! // The interface goes, and with it the host's only way.
//! drop(wlan);
//! # Ok(())
//! # }
//! ```

pub mod conditions;
mod door;
pub mod emulator;
mod host;
mod link;
mod nat;
pub mod profile;
mod segment;
pub mod server;
mod shell;
mod tap;

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;

pub use self::conditions::{Conditions, Loss};
pub use self::door::Door;
pub use self::host::Host;
pub use self::link::{Lateness, Link};
pub use self::nat::{Nat, Router};
pub use self::profile::{PROFILES, Profile};
pub use self::segment::{Addresses, Segment};

use self::link::End;
use crate::clock;

/// The lab. Its links and hosts live as long as their handles.
#[derive(Debug)]
pub struct Lab {
    internet: Host,
    /// Links that there ever were: each has a subnet and a seed of its own.
    links: u8,
    seed: u64,
}

impl Lab {
    /// The address by which every host reaches what runs in the middle: relays, STUN and TURN
    /// servers. One of those that networks are tested with (RFC 2544).
    pub const MIDDLE: Ipv4Addr = Ipv4Addr::new(198, 19, 0, 1);

    /// The tools that it needs.
    pub const TOOLS: [&str; 2] = ["ip", "nft"];

    /// Sets it up, with nothing but the middle.
    ///
    /// # Errors
    /// When the system does not let us: that is for root, and not in every container.
    pub fn start() -> Result<Self> {
        if let Some(missing) = crate::turn::missing(&Self::TOOLS) {
            anyhow::bail!("there is no {missing}");
        }
        host::sweep();
        let internet = Host::start()?;
        internet.forward(true)?;
        internet.ip(&format!("addr add {}/32 dev lo", Self::MIDDLE))?;
        Ok(Self {
            internet,
            links: 0,
            seed: 1,
        })
    }

    /// Chance follows from this seed, for links that are made from now on.
    #[must_use]
    pub const fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What every host is attached to, and where servers run.
    #[must_use]
    pub const fn internet(&self) -> &Host {
        &self.internet
    }

    /// A host without a link.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn host(&self) -> Result<Host> {
        Host::start()
    }

    /// Links a host to the internet by an interface of this name, with an address of its own that
    /// everybody reaches. Of several links the one is used that was made first.
    ///
    /// # Errors
    /// When the system does not let us, or there are too many.
    pub fn attach(&mut self, host: &Host, interface: &str) -> Result<Link> {
        let internet = self.internet.clone();
        self.link(host, interface, &internet, [198, 18])
    }

    /// A host behind a router of its own, the router, and the link between them.
    ///
    /// # Errors
    /// As [`Self::attach`].
    pub fn behind(&mut self, nat: Nat) -> Result<(Host, Router, Link)> {
        let inside = self.host()?;
        let (outside, uplink) = self.at_the_edge()?;
        let lan = self.link(&inside, "eth0", &outside, [10, 0])?;
        let router = Router::start(outside, uplink, nat, lan.address())?;
        Ok((inside, router, lan))
    }

    /// A router between a segment and the internet, and its link to the segment, whose address is
    /// the gateway of the hosts there. Not [`Nat::FullCone`], which is for one host. One in a lab.
    ///
    /// # Errors
    /// As [`Self::attach`].
    pub fn open_up(&mut self, net: &mut Segment, nat: Nat) -> Result<(Router, Link)> {
        ensure!(nat != Nat::FullCone, "a full cone is for one host");
        // What is for private addresses is lost out there, and nobody tells its sender: a server
        // without any way for it hears of it at once, and coturn gives an allocation up for that.
        self.internet.ip("link add name nowhere type bridge\n\
             link set nowhere arp off up\n\
             route add default dev nowhere\n")?;
        let (host, uplink) = self.at_the_edge()?;
        let lan = net.join(&host, "lan", Addresses::V4)?;
        Ok((Router::start(host, uplink, nat, lan.address())?, lan))
    }

    /// A host that is to be a router, with its link to the internet.
    fn at_the_edge(&mut self) -> Result<(Host, Link)> {
        let host = self.host()?;
        let uplink = self.attach(&host, "wan")?;
        let far = format!("link{}", self.links);
        nat::spare(&uplink, self.seed_of(self.links), &self.internet, &far)?;
        Ok((host, uplink))
    }

    /// Links another host to a router.
    ///
    /// # Errors
    /// As [`Self::attach`].
    pub fn attach_behind(&mut self, router: &Router, host: &Host, interface: &str) -> Result<Link> {
        self.link(host, interface, &router.host, [10, 0])
    }

    /// A network that leads nowhere, with nobody on it yet.
    ///
    /// # Errors
    /// When the system does not let us, or there are too many.
    pub fn segment(&mut self) -> Result<Segment> {
        self.links = self.links.checked_add(1).context("too many links")?;
        Segment::start(self.links, self.seed_of(self.links))
    }

    /// Waits until something listens at a port in the middle, while it `runs`.
    ///
    /// # Errors
    /// When it ends, or does not listen in time.
    pub async fn listens(&self, port: u16, mut runs: impl FnMut() -> bool) -> Result<()> {
        let connect = format!("exec 3<>/dev/tcp/{}/{port}", Self::MIDDLE);
        let until = clock::now() + SOON;
        while runs() && clock::now() < until {
            let mut bash = self.internet.command(Path::new("bash"));
            bash.args(["-c", &connect]).stderr(Stdio::null());
            if bash.status().await?.success() {
                return Ok(());
            }
            sleep(Duration::from_millis(20)).await;
        }
        bail!("nothing listens at port {port}")
    }

    fn link(&mut self, near: &Host, interface: &str, far: &Host, net: [u8; 2]) -> Result<Link> {
        self.links = self.links.checked_add(1).context("too many links")?;
        let number = self.links;
        let address = |last: u8| Ipv4Addr::new(net[0], net[1], number, last);
        let end = |host: &Host, interface: String, last: u8| End {
            host: host.clone(),
            interface,
            address: address(last),
        };
        let link = Link::start(
            end(near, interface.to_owned(), 2),
            end(far, format!("link{number}"), 1),
            self.seed_of(number),
        )?;
        let gateway = link.gateway();
        near.ip(&format!(
            "route append default via {gateway} dev {interface} metric {number}\n"
        ))?;
        Ok(link)
    }

    fn seed_of(&self, link: u8) -> u64 {
        self.seed.wrapping_mul(256).wrapping_add(u64::from(link))
    }
}

/// Servers start within a second; a loaded machine may need several.
const SOON: Duration = Duration::from_secs(10);
