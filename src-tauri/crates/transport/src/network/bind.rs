//! Which local addresses a session binds: one socket and one host candidate each.

#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;

use super::interface::{Interface, is_link_local};
use super::link_local::{StandIns, any_port};

/// The addresses to bind, looked up anew for every bind so that a restart follows a change of
/// network. Never empty: a bind of nothing would end the library's driver.
#[derive(Clone, Debug)]
pub(crate) struct BindAddresses {
    only: Option<IpAddr>,
    stand_ins: Option<Arc<StandIns>>,
}

impl BindAddresses {
    /// `only` this address, or those that this machine is reached by; link-local ones of IPv6 by
    /// `stand_ins`, which are opened when the addresses are listed; without any, none of those.
    pub(crate) const fn new(only: Option<IpAddr>, stand_ins: Option<Arc<StandIns>>) -> Self {
        Self { only, stand_ins }
    }
}

/// What a choice of addresses follows from, as it is at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    interfaces: Vec<Interface>,
    sources: Vec<IpAddr>,
}

impl Snapshot {
    pub(crate) fn take() -> Self {
        let mut interfaces = Interface::all();
        interfaces.sort();
        Self {
            interfaces,
            sources: default_sources(),
        }
    }

    /// How an address is bound that an interface which is up has; `None` when none has it.
    pub(crate) fn bound(&self, address: IpAddr) -> Option<SocketAddr> {
        let up: Vec<_> = self.up().cloned().collect();
        let has = up.iter().any(|it| it.address == address);
        has.then(|| bound(address, &up))
    }

    /// The addresses to move a running session to, any port of each, best first; none when nothing
    /// is up. A link-local one `in_use` stays one while the machine has it: another address beside
    /// it takes nothing from it.
    pub(crate) fn usable(&self, in_use: SocketAddr) -> Vec<SocketAddr> {
        let up: Vec<_> = self.up().cloned().collect();
        let sources = self.sources.iter().copied();
        let sources: Vec<_> = sources
            .filter(|source| up.iter().any(|it| it.address == *source))
            .collect();
        let mut usable = choose(&up, &sources);
        let in_use = any_port(in_use);
        let mut links = up.iter().filter_map(Interface::link_local);
        if !usable.contains(&in_use) && links.any(|it| SocketAddr::V6(it) == in_use) {
            usable.push(in_use);
        }
        usable
    }

    fn up(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().filter(|it| it.up)
    }
}

impl ToSocketAddrs for BindAddresses {
    type Iter = std::vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        let interfaces = Interface::all();
        let addresses = match self.only {
            Some(address) => vec![bound(address, &interfaces)],
            None => choose(&interfaces, &default_sources()),
        };
        if let Some(stand_ins) = &self.stand_ins {
            stand_ins.clear();
        }
        let mut ports: Vec<_> = addresses
            .into_iter()
            .filter_map(|it| self.for_the_library(it))
            .collect();
        if ports.is_empty() {
            // A machine without any network uses loopback.
            ports.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        }
        Ok(ports.into_iter())
    }
}

impl BindAddresses {
    /// What the library binds for an address; `None` where that cannot be.
    fn for_the_library(&self, address: SocketAddr) -> Option<SocketAddr> {
        match address {
            SocketAddr::V6(it) if it.scope_id() != 0 => match self.stand_ins.as_ref()?.open(it) {
                Ok(stand_in) => Some(stand_in),
                Err(error) => {
                    tracing::debug!(kind = ?error.kind(), "a link-local address cannot be bound");
                    None
                }
            },
            it => Some(it),
        }
    }
}

/// How an address of one of these interfaces is bound to any port: a link-local one of IPv6 with
/// the interface beside it.
fn bound(address: IpAddr, interfaces: &[Interface]) -> SocketAddr {
    let mut same = interfaces.iter().filter(|it| it.address == address);
    let link_local = same.find_map(Interface::link_local);
    link_local.map_or_else(|| SocketAddr::new(address, 0), SocketAddr::V6)
}

/// How many addresses are used at most. Each is a socket, a candidate, and a STUN and a TURN
/// transaction, and pairs with each of the other side's; the useful ones are the first few.
const MAX_ADDRESSES: usize = 4;

/// Chooses among `interfaces`, when packets to the internet leave from `sources`.
///
/// The sources come first, and count whatever their interface is called: on a router the uplink
/// may well be `br-lan`. Of the others, bridges to containers and virtual machines are left out.
/// Without a source nobody can tell which interface leads to people, so bridges come last. After
/// all come link-local addresses of IPv6: without a source, where a neighbour may have nothing else,
/// or where an interface has nothing else.
fn choose(interfaces: &[Interface], sources: &[IpAddr]) -> Vec<SocketAddr> {
    let is_uplink = |it: &Interface| {
        let mut of_same = interfaces.iter().filter(|other| other.name == it.name);
        of_same.any(|other| sources.contains(&other.address))
    };
    let is_bridge = |it: &Interface| it.is_virtual_bridge() && !is_uplink(it);
    let mut rest: Vec<&Interface> = interfaces
        .iter()
        .filter(|it| it.reaches_others())
        .filter(|it| sources.is_empty() || !is_bridge(it))
        .collect();
    // Two laptops on one cable have only self-assigned ones; elsewhere those are of no use.
    rest.sort_by_key(|it| (is_bridge(it), is_self_assigned(&it.address)));
    let rest = rest.into_iter().map(|it| it.address);
    let others = sources.iter().copied().chain(rest);
    let others = others.map(|it| SocketAddr::new(it, 0));

    let leads = |it: &Interface| leads_anywhere(it, interfaces);
    let (bridged, mut links): (Vec<_>, Vec<_>) = interfaces
        .iter()
        .filter(|it| is_link_local(it.address) && it.up && !it.is_tunnel())
        .filter(|it| sources.is_empty() || !leads(it))
        .partition(|it| is_bridge(it));
    links.sort_by_key(|it| leads(it));
    let links = links.into_iter().filter_map(Interface::link_local);

    let mut chosen: Vec<SocketAddr> = Vec::new();
    for address in others.chain(links.map(SocketAddr::V6)) {
        if chosen.len() < MAX_ADDRESSES && !chosen.contains(&address) {
            chosen.push(address);
        }
    }
    if chosen.is_empty() {
        // Each container's end of a cable has such an address.
        let bridged = bridged.into_iter().filter_map(Interface::link_local);
        chosen.extend(bridged.map(SocketAddr::V6).take(MAX_ADDRESSES));
    }
    chosen
}

/// Whether an interface has an address that the machine did not give itself. On the internet its
/// link-local ones are not told beside that: they lead nowhere, and may carry the number of the
/// network card (RFC 8445, 5.1.1.1).
fn leads_anywhere(interface: &Interface, interfaces: &[Interface]) -> bool {
    let mut same = interfaces.iter().filter(|it| it.name == interface.name);
    same.any(|it| it.reaches_others() && !is_self_assigned(&it.address))
}

/// Whether a machine gives itself such an address where no server gives it one (RFC 3927).
const fn is_self_assigned(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => it.is_link_local(),
        IpAddr::V6(_) => false,
    }
}

/// The addresses that packets to the internet leave from, IPv4 and IPv6. Nothing is sent:
/// connecting a UDP socket only asks the routing table.
#[must_use]
pub fn default_sources() -> Vec<IpAddr> {
    // A root server of the DNS, k.root-servers.net: no private network has a route of its own to
    // it, as it may have to addresses that are set aside for documents.
    let v4: IpAddr = [193, 0, 14, 129].into();
    let v6: IpAddr = [0x2001, 0x07fd, 0, 0, 0, 0, 0, 1].into();
    let sources = [v4, v6].into_iter().filter_map(source_towards);
    sources.filter(is_usable_source).collect()
}

/// The address that packets to `there` leave from, as the routing table has it; nothing is sent.
#[must_use]
pub fn source_towards(there: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = match there {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((there, DNS)).ok()?;
    socket.local_addr().ok().map(|it| it.ip())
}

fn is_usable_source(address: &IpAddr) -> bool {
    !(is_link_local(*address) || address.is_loopback() || address.is_unspecified())
}

/// The port of name servers.
const DNS: u16 = 53;
