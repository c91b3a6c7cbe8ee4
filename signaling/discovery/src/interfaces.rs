//! The network interfaces of this machine, and how near a place is by them: a VPN or a bridge shall
//! never carry what a better interface can. Pure but for [`Interfaces::now`] and [`Vicinity`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use if_addrs::IfAddr;

use crate::lan::Sighting;

/// Every address of every interface that is up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interfaces(pub(crate) Vec<Interface>);

/// One address of one interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Interface {
    pub(crate) index: u32,
    pub(crate) address: IpAddr,
    /// How many bits of `address` are those of its subnet.
    pub(crate) prefix: u8,
    /// Where everybody on the subnet is reached, for IPv4.
    pub(crate) broadcast: Option<Ipv4Addr>,
    pub(crate) kind: Kind,
}

/// What is behind an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A network with other machines.
    Network,
    /// Containers or virtual machines on this one, by the interface's name.
    Bridge,
    /// Some other network, inside packets of this one.
    Tunnel,
    /// This machine.
    Loopback,
}

/// How near a place is, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Nearness {
    /// On the subnet of a network.
    OnLink,
    /// On the link of a network, but its address holds on that link only: fine to speak with, yet
    /// not everything takes the scope that belongs to it.
    LinkLocal,
    /// In a private range that no interface is in: behind a router of this site.
    Elsewhere,
    /// Behind a bridge.
    Bridged,
    /// Through a tunnel.
    Tunnelled,
    /// On this machine.
    Loopback,
}

impl Interfaces {
    /// Those that are up now; none when the system does not tell.
    pub(crate) fn now() -> Self {
        let all = if_addrs::get_if_addrs().unwrap_or_default();
        let up = all.into_iter().filter(if_addrs::Interface::is_oper_up);
        Self(up.take(MAX_INTERFACES).map(Interface::from).collect())
    }

    /// How near a place is; `None` where it cannot be: on no machine, or out on the internet, where
    /// an announcement must not send anybody.
    pub(crate) fn nearness(&self, place: SocketAddr) -> Option<Nearness> {
        let ip = place.ip().to_canonical();
        if place.port() == 0 || ip.is_unspecified() || ip.is_multicast() || is_broadcast(ip) {
            return None;
        }
        if ip.is_loopback() {
            return Some(Nearness::Loopback);
        }
        let direct = self
            .0
            .iter()
            .filter(|it| it.has_on_link(place))
            .map(|it| match it.kind {
                Kind::Network if is_link_local(ip) => Nearness::LinkLocal,
                Kind::Network => Nearness::OnLink,
                Kind::Bridge => Nearness::Bridged,
                Kind::Tunnel => Nearness::Tunnelled,
                Kind::Loopback => Nearness::Loopback,
            })
            .min();
        direct.or_else(|| is_private(ip).then_some(Nearness::Elsewhere))
    }

    /// Where others reach a port of this machine, the nearest to all first. Not where a scope would
    /// be needed, which means something on this machine only, nor through what leads elsewhere.
    fn own(&self, port: u16) -> Vec<SocketAddr> {
        let is_told = |it: &&Interface| {
            let needs_scope = matches!(it.address, IpAddr::V6(ip) if ip.is_unicast_link_local());
            it.kind == Kind::Network && !needs_scope
        };
        let told = self.0.iter().filter(is_told);
        self.nearest(told.map(|it| SocketAddr::new(it.address, port)))
    }

    /// Whether the sender of a datagram is on a network that this machine is on, or on this machine.
    pub(crate) fn has_on_link(&self, source: SocketAddr) -> bool {
        self.0.iter().any(|it| it.has_on_link(source))
    }

    /// The nearest of the places that can be, at most [`Sighting::MAX_PLACES`].
    pub(crate) fn nearest(&self, places: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        let mut near = self.near(places);
        near.truncate(Sighting::MAX_PLACES);
        near
    }

    /// The places that can be, the nearest first, each once. Of more than [`Sighting::MAX_CLAIMED`]
    /// the rest is not looked at.
    pub(crate) fn near(&self, places: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        let known = places.into_iter().take(Sighting::MAX_CLAIMED);
        let mut near: Vec<_> = known
            .filter_map(|it| Some((self.nearness(it)?, it)))
            .collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter().map(|it| it.1).collect()
    }
}

/// Where others on the networks of this machine reach one of its ports now, the best first. At most
/// [`Sighting::MAX_PLACES`].
#[must_use]
pub fn own_places(port: u16) -> Vec<SocketAddr> {
    Interfaces::now().own(port)
}

/// What counts as near to this machine, for whoever serves neighbours only.
#[derive(Debug, Default)]
pub struct Vicinity(Mutex<Option<(Instant, Interfaces)>>);

impl Vicinity {
    /// Whether an address is of this machine, of a range that no router of the internet passes on, or
    /// on the subnet of an interface. The system is asked for the interfaces once in two seconds at
    /// most, and only about addresses of the internet, so that a flood of them costs little.
    pub fn has(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        if ip.is_loopback() || is_private(ip) || is_link_local(ip) {
            return true;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _stale = known.take_if(|(at, _)| at.elapsed() >= FRESH);
        let (_, interfaces) = known.get_or_insert_with(|| (Instant::now(), Interfaces::now()));
        interfaces.has_on_link(SocketAddr::new(ip, 0))
    }
}

impl Interface {
    /// Whether `place` is on the subnet of this address, or on the link that its scope names.
    pub(crate) fn has_on_link(&self, place: SocketAddr) -> bool {
        // Not told by the system: by its bits everybody would be on it.
        if self.prefix == 0 {
            return false;
        }
        match (self.address, place) {
            (IpAddr::V4(own), SocketAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.ip().to_bits();
                differing.leading_zeros() >= self.prefix.into()
            }
            (IpAddr::V6(own), SocketAddr::V6(other)) if other.ip().is_unicast_link_local() => {
                own.is_unicast_link_local() && other.scope_id() == self.index
            }
            (IpAddr::V6(own), SocketAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.ip().to_bits();
                differing.leading_zeros() >= self.prefix.into()
            }
            (IpAddr::V4(_), SocketAddr::V6(_)) | (IpAddr::V6(_), SocketAddr::V4(_)) => false,
        }
    }
}

impl From<if_addrs::Interface> for Interface {
    fn from(it: if_addrs::Interface) -> Self {
        let (prefix, broadcast) = match &it.addr {
            IfAddr::V4(it) => (it.prefixlen, it.broadcast),
            IfAddr::V6(it) => (it.prefixlen, None),
        };
        Self {
            index: it.index.unwrap_or_default(),
            address: it.ip(),
            prefix,
            broadcast,
            kind: if it.is_loopback() {
                Kind::Loopback
            } else {
                Kind::of(&it.name, it.is_p2p)
            },
        }
    }
}

impl Kind {
    /// By what the system calls it, and whether it says that one other end alone is behind it.
    fn of(name: &str, is_point_to_point: bool) -> Self {
        match interface_kind::Kind::of(name) {
            _ if is_point_to_point => Self::Tunnel,
            interface_kind::Kind::Network => Self::Network,
            interface_kind::Kind::Bridge => Self::Bridge,
            interface_kind::Kind::Tunnel => Self::Tunnel,
        }
    }
}

fn is_broadcast(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(it) if it.is_broadcast())
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(it) => it.is_link_local(),
        IpAddr::V6(it) => it.is_unicast_link_local(),
    }
}

/// Whether an address is of a range that no router of the internet passes on: RFC 1918, RFC 3927,
/// RFC 6598 and RFC 4193. Link-local ones of IPv6 are not: without an interface of that scope they
/// lead nowhere.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(it) => {
            let carrier_grade_nat = it.octets()[0] == 100 && it.octets()[1] & 0xc0 == 64;
            it.is_private() || it.is_link_local() || carrier_grade_nat
        }
        IpAddr::V6(it) => it.is_unique_local(),
    }
}

/// More than a machine has that people use; a host of containers may have more.
const MAX_INTERFACES: usize = 128;

/// How long the interfaces of a [`Vicinity`] count: whoever comes from a network that was joined just
/// now tries again.
const FRESH: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(index: u32, name: &str, address: &str, prefix: u8) -> Interface {
        Interface {
            index,
            address: address.parse().unwrap(),
            prefix,
            broadcast: None,
            kind: match name {
                "lo" => Kind::Loopback,
                name => Kind::of(name, false),
            },
        }
    }

    /// A laptop with a cable, a VPN and containers.
    fn laptop() -> Interfaces {
        Interfaces(vec![
            interface(1, "lo", "127.0.0.1", 8),
            interface(2, "tun0", "10.8.0.3", 16),
            interface(3, "docker0", "172.17.0.1", 16),
            interface(4, "eth0", "192.168.1.20", 24),
            interface(4, "eth0", "fe80::20", 64),
            interface(4, "eth0", "2001:db8:1::20", 64),
            interface(2, "tun0", "fe80::3", 64),
        ])
    }

    #[test]
    fn the_network_comes_before_the_bridge_and_both_before_the_vpn() {
        let claimed = [
            "127.0.0.1:1",
            "10.8.0.9:1",
            "172.17.0.2:1",
            "192.168.7.7:1",
            "[fe80::9%2]:1",
            "[fe80::9%4]:1",
            "192.168.1.9:1",
            "192.168.1.9:1",
            "[2001:db8:1::9]:1",
        ];
        let near = laptop().nearest(claimed.map(|it| it.parse().unwrap()));
        let expected = [
            "192.168.1.9:1",
            "[2001:db8:1::9]:1",
            "[fe80::9%4]:1",
            "192.168.7.7:1",
            "172.17.0.2:1",
            "10.8.0.9:1",
            "[fe80::9%2]:1",
            "127.0.0.1:1",
        ];
        assert_eq!(near, expected.map(|it| it.parse().unwrap()));
    }

    #[test]
    fn an_announcement_sends_nobody_to_the_internet_or_nowhere() {
        let nowhere = [
            "0.0.0.0:1",
            "255.255.255.255:1",
            "224.0.0.251:1",
            "93.184.216.34:1",
            "192.168.1.9:0",
            "[::]:1",
            "[ff02::1]:1",
            "[2606:2800::1]:1",
            "[fe80::9]:1",
            "[fe80::9%7]:1",
        ];
        for place in nowhere {
            assert_eq!(laptop().nearness(place.parse().unwrap()), None, "{place}");
        }
    }

    #[test]
    fn an_overlapping_vpn_does_not_take_the_place_of_the_network() {
        let mut interfaces = laptop();
        interfaces.0.push(interface(9, "wg0", "192.168.1.200", 24));
        let place = "192.168.1.9:1".parse().unwrap();
        assert_eq!(interfaces.nearness(place), Some(Nearness::OnLink));
        interfaces.0.retain(|it| it.index != 4);
        assert_eq!(interfaces.nearness(place), Some(Nearness::Tunnelled));
    }

    #[test]
    fn interfaces_are_told_apart_by_name_and_flag() {
        assert_eq!(Kind::of("wg0", false), Kind::Tunnel);
        assert_eq!(Kind::of("docker0", false), Kind::Bridge);
        assert_eq!(Kind::of("eth0", false), Kind::Network);
        assert_eq!(Kind::of("wwan0", true), Kind::Tunnel);
    }

    #[test]
    fn whoever_is_on_the_internet_is_near_by_an_interface_only() {
        let vicinity = Vicinity(Mutex::new(Some((Instant::now(), laptop()))));
        for near in [
            "127.0.0.1",
            "::1",
            "192.168.77.1",
            "::ffff:10.9.9.9",
            "169.254.3.4",
            "100.64.0.1",
            "fe80::9",
            "fd12::1",
            "2001:db8:1::9",
        ] {
            assert!(vicinity.has(near.parse().unwrap()), "{near}");
        }
        for far in [
            "93.184.216.34",
            "100.128.0.1",
            "2001:db8:2::9",
            "2606:2800::1",
        ] {
            assert!(!vicinity.has(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn an_interface_without_a_subnet_has_nobody_on_its_link() {
        let unknown = interface(5, "eth1", "192.0.2.1", 0);
        assert!(!unknown.has_on_link("93.184.216.34:1".parse().unwrap()));
    }

    #[test]
    fn the_interfaces_are_asked_for_again_in_time() {
        let joined = Interfaces(vec![interface(9, "eth9", "203.0.113.1", 24)]);
        let (there, now) = ("203.0.113.9".parse().unwrap(), Instant::now());
        let vicinity = Vicinity(Mutex::new(Some((now, joined.clone()))));
        assert!(vicinity.has(there));
        let Some(long_ago) = now.checked_sub(FRESH) else {
            return;
        };
        let vicinity = Vicinity(Mutex::new(Some((long_ago, joined))));
        assert!(!vicinity.has(there), "this machine has no such network");
    }
}
