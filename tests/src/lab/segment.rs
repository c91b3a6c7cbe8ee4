//! A network with nothing around: hosts on one switch, no router, no name server.
//!
//! The switch is a host with a bridge (`ip-link(8)`); each host has a [`Link`] to a port of it, so
//! conditions, cuts and counts are per host. Addresses are resolved as anywhere (ARP, NDP).

use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use super::host::Host;
use super::link::{End, Link};

/// The switch; the hosts on it are whose links to it live.
#[derive(Debug)]
pub struct Segment {
    switch: Host,
    number: u8,
    ports: u8,
    seed: u64,
}

/// Which addresses a host gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Of a private range of IPv4, and a link-local one of IPv6: what a home has.
    Both,
    /// Of a private range of IPv4 alone.
    V4,
    /// Unique local and link-local ones of IPv6 alone.
    V6,
    /// 169.254/16 alone: a cable without a router (RFC 3927).
    SelfAssigned,
    /// fe80::/64 alone (RFC 4291, section 2.5.6).
    LinkLocal,
}

impl Segment {
    pub(crate) fn start(number: u8, seed: u64) -> Result<Self> {
        let switch = Host::start()?;
        // Where nobody asks for groups, a switch that learns them lets all multicast pass after a
        // while only.
        switch.ip(&format!(
            "link add name {SWITCH} type bridge mcast_snooping 0\n\
             link set {SWITCH} addrgenmode none\n\
             link set {SWITCH} up\n"
        ))?;
        Ok(Self {
            switch,
            number,
            ports: 0,
            seed,
        })
    }

    /// Connects a host by an interface of this name. It gets no route to elsewhere.
    ///
    /// # Errors
    /// When the system does not let us, or there are too many.
    pub fn join(&mut self, host: &Host, interface: &str, addresses: Addresses) -> Result<Link> {
        self.ports = self.ports.checked_add(1).context("too many ports")?;
        let (port, number) = (self.ports, self.number);
        let v4 = match addresses {
            Addresses::Both | Addresses::V4 => Some((Ipv4Addr::new(192, 168, number, port), 24)),
            Addresses::SelfAssigned => Some((Ipv4Addr::new(169, 254, number, port), 16)),
            Addresses::V6 | Addresses::LinkLocal => None,
        };
        let unique = Some(format!("fd00:{number:x}::{port:x}/64"));
        let unique = unique.filter(|_| addresses == Addresses::V6);
        let link_local = Some(format!("fe80::{number:x}:{port:x}/64"));
        let link_local = link_local.filter(|_| match addresses {
            Addresses::Both | Addresses::V6 | Addresses::LinkLocal => true,
            Addresses::V4 | Addresses::SelfAssigned => false,
        });
        let end = |host: &Host, interface: String, address| End {
            host: host.clone(),
            interface,
            address,
        };
        let (far, nowhere) = (format!("port{port}"), Ipv4Addr::UNSPECIFIED);
        let link = Link::wire(
            end(host, interface.to_owned(), v4.map_or(nowhere, |it| it.0)),
            end(&self.switch, far.clone(), nowhere),
            self.seed.wrapping_mul(256).wrapping_add(u64::from(port)),
        )?;
        self.switch.ip(&format!(
            "link set {far} addrgenmode none\nlink set {far} master {SWITCH}\nlink set {far} up\n"
        ))?;
        host.ip(&format!("link set {interface} addrgenmode none\n"))?;
        if let Some((address, prefix)) = v4 {
            host.ip(&format!(
                "addr add {address}/{prefix} brd + dev {interface}\n"
            ))?;
        }
        host.ip(&format!("link set {interface} up\n"))?;
        for address in unique.iter().chain(&link_local) {
            // Nobody else has it, and looking for them would take a second.
            host.ip(&format!("addr add {address} dev {interface} nodad\n"))?;
        }
        Ok(link)
    }

    /// The switch keeps its hosts apart, as guest networks do: what is for all of them passes, and
    /// nothing that is for one, but what goes to and comes from the router, if there is one.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn isolate(&self, router: Option<&Link>) -> Result<()> {
        let pass = router.map(|it| {
            let port = &it.far().interface;
            format!("iifname {port} accept\noifname {port} accept\n")
        });
        let pass = pass.unwrap_or_default();
        self.switch.nft(&format!("{ISOLATED}{pass}drop\n}}\n}}"))
    }

    /// The switch.
    #[must_use]
    pub const fn switch(&self) -> &Host {
        &self.switch
    }
}

/// The bridge.
const SWITCH: &str = "sw0";

/// What passes on all of them. The lowest bit of the first byte says that a frame is for several. ARP
/// passes: a switch that answers it itself is what such networks have.
const ISOLATED: &str = "table bridge lab {
chain forward {
type filter hook forward priority 0
ether daddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 accept
ether type arp accept
icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
";
