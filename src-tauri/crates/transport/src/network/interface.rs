//! The network interfaces of this machine, and which addresses are local to them. Pure but for
//! [`Interface::all`].

use std::net::{IpAddr, SocketAddrV6};

use if_addrs::IfAddr;
use interface_kind::Kind;

/// One address of one network interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface {
    /// As the system calls the interface: `eth0`, `Wi-Fi`.
    pub name: String,
    /// One of its addresses.
    pub address: IpAddr,
    /// How many bits of `address` are those of its subnet.
    pub prefix: u8,
    /// Whether the system says that only one other end is behind it.
    pub point_to_point: bool,
    /// Whether it has a carrier: a cable that is plugged in, a network that it is part of.
    pub up: bool,
    /// The system's number of it, which link-local addresses of IPv6 need beside them.
    pub index: Option<u32>,
}

impl Interface {
    /// Every address that this machine has now; none when the system does not tell.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let interface = |it: if_addrs::Interface| Self {
            address: it.ip(),
            prefix: match &it.addr {
                IfAddr::V4(it) => it.prefixlen,
                IfAddr::V6(it) => it.prefixlen,
            },
            point_to_point: it.is_p2p,
            up: it.is_oper_up(),
            index: it.index,
            name: it.name,
        };
        interfaces.into_iter().map(interface).collect()
    }

    /// Whether a socket that is bound to the address alone can reach another machine. Link-local
    /// addresses of IPv6 cannot: they are bound with the interface beside them (`link_local`).
    #[must_use]
    pub fn reaches_others(&self) -> bool {
        let address = self.address;
        !(is_link_local(address) || address.is_loopback() || address.is_unspecified())
    }

    /// A link-local address of IPv6 with the interface beside it (RFC 4007, 11), to be bound to any
    /// port; `None` for other addresses, and where the system does not number its interfaces.
    pub(crate) fn link_local(&self) -> Option<SocketAddrV6> {
        match (self.address, self.index) {
            (IpAddr::V6(it), Some(index)) if it.is_unicast_link_local() && index != 0 => {
                Some(SocketAddrV6::new(it, 0, 0, index))
            }
            _ => None,
        }
    }

    /// Whether it is a bridge to containers or virtual machines by its name. Usually no call
    /// partner is behind one, but a router or a server may have its only network on one.
    #[must_use]
    pub fn is_virtual_bridge(&self) -> bool {
        Kind::of(&self.name) == Kind::Bridge
    }

    /// Whether packets that it sends travel inside others over some other network, so that its
    /// subnet says nothing of how far away an address is. Tunnels of layer 2 look like a network
    /// card to the system and are known only by their name.
    #[must_use]
    pub fn is_tunnel(&self) -> bool {
        self.point_to_point || Kind::of(&self.name) == Kind::Tunnel
    }

    /// Whether it is a network card, as far as its name tells: neither a tunnel nor a bridge.
    pub(crate) fn is_card(&self) -> bool {
        !self.is_tunnel() && !self.is_virtual_bridge()
    }

    /// Whether `address` is on the subnet of this one.
    pub(crate) fn has_on_link(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.prefix.into()
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.prefix.into()
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whether an address of IPv6 holds on one link only (RFC 4291, 2.5.6).
pub(crate) const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(it) => it.is_unicast_link_local(),
    }
}

/// Whether datagrams can travel between two addresses: of one family, and with link-local ones of
/// IPv6 on both sides or on none (RFC 8445, 6.1.2.2).
pub(crate) const fn can_pair(ours: IpAddr, theirs: IpAddr) -> bool {
    ours.is_ipv4() == theirs.is_ipv4() && is_link_local(ours) == is_link_local(theirs)
}

/// Whether `theirs`, reached from the address `ours`, is this machine or on a network that it is
/// directly on, and so carries far more than a call. A private address alone says nothing: a VPN
/// has them too, over any distance.
pub(crate) fn is_local(ours: IpAddr, theirs: IpAddr, interfaces: &[Interface]) -> bool {
    let this_machine = theirs.is_loopback() || interfaces.iter().any(|it| it.address == theirs);
    let through_tunnel = interfaces
        .iter()
        .any(|it| it.address == ours && it.is_tunnel());
    let on_link = interfaces
        .iter()
        .any(|it| !it.is_tunnel() && it.has_on_link(theirs));
    this_machine || (on_link && !through_tunnel)
}

/// How near an address is, the nearest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Nearness {
    /// Through a tunnel, or on a bridge to containers: never where there is another way.
    Around,
    /// Behind a router.
    Elsewhere,
    /// On a network that we are on.
    OnLink,
}

/// How near `theirs` is to a socket that is bound to `ours`. The far end of a VPN that carries
/// everything is [`Elsewhere`](Nearness::Elsewhere): it is no farther than by the router below.
pub(crate) fn nearness(ours: IpAddr, theirs: IpAddr, interfaces: &[Interface]) -> Nearness {
    let names = |card: &Interface| has_address(&card.name, ours, interfaces);
    let mut on_link = interfaces.iter().filter(|it| it.has_on_link(theirs));
    let mut others = on_link.clone().filter(|it| !it.is_card());
    if on_link.any(|it| it.is_card() && names(it)) {
        Nearness::OnLink
    } else if others.next().is_some() {
        Nearness::Around
    } else {
        Nearness::Elsewhere
    }
}

/// Whether the interface of this name has that address, among others.
fn has_address(name: &str, address: IpAddr, interfaces: &[Interface]) -> bool {
    let mut same = interfaces.iter().filter(|it| it.name == name);
    same.any(|it| it.address == address)
}

/// Whether packets from the address `ours` to `theirs` leave by an interface that has another
/// address: where `theirs` is on a network that we are on, and `ours` is not. The answers to those
/// would take another way, if they came at all.
pub(crate) fn leaves_elsewhere(ours: IpAddr, theirs: IpAddr, interfaces: &[Interface]) -> bool {
    let has = |address: IpAddr| interfaces.iter().any(|it| it.address == address);
    let is_own = has(theirs) || theirs.is_loopback();
    let mut on_link = interfaces
        .iter()
        .filter(|it| !it.is_tunnel() && it.has_on_link(theirs))
        .peekable();
    let names = |it: &&Interface| has_address(&it.name, ours, interfaces);
    has(ours) && !is_own && on_link.peek().is_some() && !on_link.any(|it| names(&it))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The interface `name` with an address like `192.168.1.5/24`.
    pub(crate) fn interface(name: &str, subnet: &str) -> Interface {
        let (address, prefix) = subnet.split_once('/').unwrap();
        Interface {
            name: name.to_owned(),
            address: address.parse().unwrap(),
            prefix: prefix.parse().unwrap(),
            point_to_point: false,
            up: true,
            index: None,
        }
    }

    fn local(ours: &str, theirs: &str, interfaces: &[Interface]) -> bool {
        is_local(ours.parse().unwrap(), theirs.parse().unwrap(), interfaces)
    }

    #[test]
    fn an_address_is_local_on_the_subnet_of_an_interface_whatever_its_size() {
        let home = [
            interface("wlan0", "192.168.4.5/22"),
            interface("wlan0", "2001:db8:1:2::5/64"),
        ];
        for (theirs, expected) in [
            ("192.168.7.9", true),
            ("192.168.8.9", false),
            ("10.0.0.9", false),
            ("203.0.113.9", false),
        ] {
            assert_eq!(local("192.168.4.5", theirs, &home), expected, "{theirs}");
        }
        assert!(local("2001:db8:1:2::5", "2001:db8:1:2::9", &home));
        assert!(!local("2001:db8:1:2::5", "2001:db8:1:3::9", &home));
        assert!(!local("2001:db8:1:2::5", "fd00::1", &home));
    }

    #[test]
    fn a_neighbour_is_spoken_to_from_the_address_of_its_network() {
        let ours = [
            interface("eth0", "192.168.1.5/24"),
            interface("eth0", "192.168.1.6/24"),
            interface("wlan0", "192.0.2.5/24"),
            interface("tun0", "10.8.0.2/24"),
        ];
        for (from, to, elsewhere) in [
            ("192.168.1.5", "192.168.1.9", false),
            ("192.168.1.6", "192.168.1.9", false),
            ("192.0.2.5", "192.168.1.9", true),
            ("10.8.0.2", "192.168.1.9", true),
            ("192.168.1.5", "192.0.2.9", true),
            ("192.168.1.5", "203.0.113.9", false),
            ("192.168.1.5", "10.8.0.9", false),
            ("192.0.2.5", "192.168.1.5", false),
            ("192.0.2.77", "192.168.1.9", false),
        ] {
            let (from_ip, to_ip) = (from.parse().unwrap(), to.parse().unwrap());
            let found = leaves_elsewhere(from_ip, to_ip, &ours);
            assert_eq!(found, elsewhere, "{from} {to}");
        }
    }

    #[test]
    fn what_is_on_the_network_of_an_address_is_nearer_to_it_than_what_is_behind_a_router() {
        use Nearness::{Around, Elsewhere, OnLink};
        let ours = [
            interface("eth0", "192.168.1.5/24"),
            interface("eth0", "192.168.1.6/24"),
            interface("wlan0", "192.0.2.5/24"),
            interface("tun0", "10.8.0.2/24"),
            interface("docker0", "172.17.0.1/16"),
        ];
        for (from, to, expected) in [
            ("192.168.1.5", "192.168.1.9", OnLink),
            ("192.168.1.6", "192.168.1.9", OnLink),
            ("192.0.2.5", "192.168.1.9", Elsewhere),
            ("192.0.2.5", "203.0.113.9", Elsewhere),
            ("10.8.0.2", "203.0.113.9", Elsewhere),
            ("10.8.0.2", "192.168.1.9", Elsewhere),
            ("10.8.0.2", "10.8.0.9", Around),
            ("192.168.1.5", "10.8.0.9", Around),
            ("172.17.0.1", "172.17.0.2", Around),
            ("192.168.1.77", "192.168.1.9", Elsewhere),
        ] {
            let (from_ip, to_ip) = (from.parse().unwrap(), to.parse().unwrap());
            assert_eq!(nearness(from_ip, to_ip, &ours), expected, "{from} {to}");
        }
        assert!(Around < Elsewhere && Elsewhere < OnLink);
    }

    #[test]
    fn link_local_addresses_of_ipv6_pair_with_their_like_only() {
        let (link, global, v4) = ("fe80::1", "2001:db8::1", "169.254.1.1");
        for (ours, theirs, can) in [
            (link, "fe80::2", true),
            (link, global, false),
            (global, link, false),
            (global, "::1", true),
            (link, v4, false),
            (v4, link, false),
            (v4, "10.0.0.1", true),
        ] {
            let found = can_pair(ours.parse().unwrap(), theirs.parse().unwrap());
            assert_eq!(found, can, "{ours} {theirs}");
        }
    }

    #[test]
    fn this_machine_is_local_to_itself_over_any_of_its_addresses() {
        let tunnel = Interface {
            point_to_point: true,
            ..interface("tun0", "10.8.0.2/32")
        };
        let own = [interface("lo", "127.0.0.1/8"), tunnel];
        assert!(local("127.0.0.1", "127.0.0.1", &own));
        assert!(local("10.8.0.2", "10.8.0.2", &own));
        assert!(local("::1", "::1", &[]));
    }

    #[test]
    fn the_other_end_of_a_tunnel_is_not_local() {
        let wlan = interface("wlan0", "192.168.1.5/24");
        let point_to_point = Interface {
            point_to_point: true,
            ..interface("office", "10.8.0.2/24")
        };
        assert!(!local(
            "10.8.0.2",
            "10.8.0.9",
            &[wlan.clone(), point_to_point]
        ));
        for name in [
            "tap0",
            "wg0",
            "ztabcdef01",
            "utun4",
            "OpenVPN TAP-Windows6",
            "Tailscale",
        ] {
            let tunnel = interface(name, "10.8.0.2/24");
            let both = [wlan.clone(), tunnel];
            assert!(!local("10.8.0.2", "10.8.0.9", &both), "{name}");
            assert!(local("192.168.1.5", "192.168.1.9", &both), "{name}");
        }
    }

    #[test]
    fn a_tunnel_over_the_subnet_that_one_is_on_is_not_local() {
        let both = [
            interface("eth0", "192.168.1.5/24"),
            interface("tun0", "192.168.1.200/24"),
        ];
        assert!(local("192.168.1.5", "192.168.1.9", &both));
        assert!(!local("192.168.1.200", "192.168.1.9", &both));
    }

    #[test]
    fn containers_and_machines_without_a_router_are_local() {
        assert!(local(
            "172.17.0.1",
            "172.17.0.2",
            &[interface("docker0", "172.17.0.1/16")]
        ));
        assert!(local(
            "169.254.1.2",
            "169.254.200.3",
            &[interface("eth0", "169.254.1.2/16")]
        ));
        assert!(!local(
            "10.0.0.1",
            "10.0.0.2",
            &[interface("eth0", "10.0.0.1/32")]
        ));
    }
}
