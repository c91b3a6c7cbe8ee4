//! Which local addresses a session binds: one socket and one host candidate each.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// The addresses to bind, looked up anew for every bind so that a restart follows a change of
/// network. Never empty: a bind of nothing would end the library's driver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interfaces {
    only: Option<IpAddr>,
}

impl Interfaces {
    /// `only` this address, or those that this machine is reached by.
    pub(crate) const fn new(only: Option<IpAddr>) -> Self {
        Self { only }
    }
}

impl ToSocketAddrs for Interfaces {
    type Iter = std::vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        let addresses = match self.only {
            Some(address) => vec![address],
            None => choose(&usable(), &[route_v4(), route_v6()]),
        };
        let ports = addresses
            .into_iter()
            .map(|it| SocketAddr::new(it, 0))
            .collect::<Vec<_>>();
        Ok(ports.into_iter())
    }
}

/// How many addresses are used at most. Each is a socket, a candidate, and a STUN and a TURN
/// transaction, and pairs with each of the other side's; the useful ones are the first few.
const MAX_ADDRESSES: usize = 4;

/// The addresses of interfaces that are up and reach beyond this machine. Those that machines give
/// themselves where nobody gives any come last: two laptops on one cable have no others. In IPv6
/// everybody has them too, and they need an interface beside them.
fn usable() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> = interfaces
        .into_iter()
        .filter(|it| !it.is_loopback() && !is_virtual(&it.name))
        .filter(|it| !(it.is_link_local() && it.ip().is_ipv6()))
        .map(|it| it.ip())
        .filter(|it| !it.is_unspecified())
        .collect();
    addresses.sort_by_key(is_self_given);
    addresses
}

fn is_self_given(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => it.is_link_local(),
        IpAddr::V6(it) => it.is_unicast_link_local(),
    }
}

/// Bridges of containers and virtual machines: no call partner is behind them.
fn is_virtual(name: &str) -> bool {
    const PREFIXES: [&str; 6] = ["docker", "br-", "veth", "virbr", "vmnet", "vboxnet"];
    PREFIXES.iter().any(|it| name.starts_with(it))
}

/// The addresses that packets to the internet leave from come first; loopback serves a machine
/// that has nothing else.
fn choose(usable: &[IpAddr], routes: &[Option<IpAddr>]) -> Vec<IpAddr> {
    let mut chosen: Vec<IpAddr> = Vec::new();
    let preferred = routes.iter().flatten().filter(|it| usable.contains(it));
    for address in preferred.chain(usable) {
        if chosen.len() < MAX_ADDRESSES && !chosen.contains(address) {
            chosen.push(*address);
        }
    }
    if chosen.is_empty() {
        chosen.push(Ipv4Addr::LOCALHOST.into());
    }
    chosen
}

/// The address that packets to the internet leave from. Nothing is sent: connecting a UDP socket
/// only asks the routing table.
fn route_v4() -> Option<IpAddr> {
    source_towards(
        (Ipv4Addr::UNSPECIFIED, 0).into(),
        ([192, 0, 2, 1], 9).into(),
    )
}

fn route_v6() -> Option<IpAddr> {
    let somewhere = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1];
    source_towards(
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
        (somewhere, 9).into(),
    )
}

fn source_towards(from: SocketAddr, to: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(from).ok()?;
    socket.connect(to).ok()?;
    socket.local_addr().ok().map(|it| it.ip())
}

/// Whether `theirs`, reached from `ours`, is on the same network: a private address, or one of the
/// same subnet as networks at home are cut. Two homes may reach each other directly over the
/// internet; that is not near.
pub(crate) fn is_near(ours: IpAddr, theirs: IpAddr) -> bool {
    let same_subnet = match (ours, theirs) {
        (IpAddr::V4(ours), IpAddr::V4(theirs)) => ours.octets()[..3] == theirs.octets()[..3],
        (IpAddr::V6(ours), IpAddr::V6(theirs)) => ours.segments()[..4] == theirs.segments()[..4],
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    };
    is_private(theirs) || same_subnet
}

/// Whether `address` belongs to a private network or to this machine.
const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => it.is_private() || it.is_loopback() || it.is_link_local(),
        IpAddr::V6(it) => it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn the_route_comes_first_and_the_number_is_bounded() {
        let usable: Vec<IpAddr> = (1..=9).map(ip).collect();
        let chosen = choose(&usable, &[Some(ip(7)), None]);
        assert_eq!(chosen, [ip(7), ip(1), ip(2), ip(3)]);
    }

    #[test]
    fn a_machine_without_a_network_uses_loopback() {
        assert_eq!(
            choose(&[], &[Some(ip(1)), None]),
            [IpAddr::from([127, 0, 0, 1])]
        );
    }

    #[test]
    fn near_is_private_or_on_the_same_subnet() {
        let near =
            |ours: &str, theirs: &str| is_near(ours.parse().unwrap(), theirs.parse().unwrap());
        assert!(near("192.168.1.5", "10.0.0.9"));
        assert!(near("203.0.113.5", "203.0.113.9"));
        assert!(!near("203.0.113.5", "198.51.100.9"));
        assert!(near("2001:db8:1:2::5", "2001:db8:1:2::9"));
        assert!(!near("2001:db8:1:2::5", "2001:db8:1:3::9"));
        assert!(near("2001:db8:1:2::5", "fd00::1"));
    }

    #[test]
    fn a_bind_address_stands_alone() {
        let only = Interfaces::new(Some(ip(3)));
        let bound: Vec<_> = only.to_socket_addrs().unwrap().collect();
        assert_eq!(bound, [SocketAddr::new(ip(3), 0)]);
    }

    #[test]
    fn this_machine_has_something_to_bind() {
        assert!(
            Interfaces::new(None)
                .to_socket_addrs()
                .unwrap()
                .next()
                .is_some()
        );
    }
}
