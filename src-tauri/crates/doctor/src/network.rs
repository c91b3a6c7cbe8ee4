//! The network interfaces of this machine, and whether a VPN is in the way. Pure but for the routing
//! table.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use transport::network::{Interface, default_sources, source_towards};

use crate::finding::{AddressKind, Finding, InterfaceInfo, InterfaceKind};

/// Whether people may be behind an interface, on its own cable or radio at least.
pub(crate) fn leads_to_others(interface: &Interface) -> bool {
    let address = interface.address;
    interface.up && !address.is_loopback() && !address.is_unspecified()
}

/// What there is.
pub(crate) fn interfaces(all: &[Interface]) -> Finding {
    judge_interfaces(all, &default_sources())
}

/// Whether a VPN carries what it should not.
pub(crate) fn vpn(all: &[Interface]) -> Finding {
    judge_vpn(all, &default_sources(), source_towards)
}

fn judge_interfaces(all: &[Interface], uplinks: &[IpAddr]) -> Finding {
    let mut by_name: BTreeMap<&str, InterfaceInfo> = BTreeMap::new();
    for interface in all.iter().filter(|it| leads_to_others(it)) {
        let info = by_name
            .entry(&interface.name)
            .or_insert_with(|| InterfaceInfo {
                name: interface.name.clone(),
                kind: kind_of(interface, all, uplinks),
                addresses: Vec::new(),
            });
        let kind = address_kind(interface.address);
        if !info.addresses.contains(&kind) {
            info.addresses.push(kind);
        }
    }
    let mut interfaces: Vec<_> = by_name.into_values().collect();
    interfaces.iter_mut().for_each(|it| it.addresses.sort());
    interfaces.sort_by_key(|it| it.kind);
    interfaces.truncate(MOST_INTERFACES);

    let has = |wanted: InterfaceKind| interfaces.iter().any(|it| it.kind == wanted);
    let self_assigned =
        |it: &AddressKind| matches!(it, AddressKind::SelfAssignedV4 | AddressKind::LinkLocalV6);
    let mut of_cards = interfaces
        .iter()
        .filter(|it| it.kind == InterfaceKind::Card)
        .flat_map(|it| &it.addresses);
    if interfaces.is_empty() {
        Finding::NoNetwork
    } else if !has(InterfaceKind::Card) {
        Finding::OnlyVirtual { interfaces }
    } else if of_cards.all(self_assigned) {
        Finding::OnlySelfAssigned { interfaces }
    } else {
        Finding::NetworkUp { interfaces }
    }
}

/// `source` says which address packets to another one leave from.
fn judge_vpn(
    all: &[Interface],
    uplinks: &[IpAddr],
    source: impl Fn(IpAddr) -> Option<IpAddr>,
) -> Finding {
    let up: Vec<_> = all.iter().filter(|it| leads_to_others(it)).collect();
    let tunnel_of = |address: IpAddr| {
        let mut tunnels = up.iter().filter(|it| it.is_tunnel());
        tunnels.find(|it| it.address == address)
    };
    let cards = || {
        up.iter()
            .filter(|it| kind_of(it, all, uplinks) == InterfaceKind::Card)
    };
    for card in cards() {
        let neighbour = neighbour_of(card.address, card.prefix);
        if let Some(tunnel) = neighbour.and_then(&source).and_then(tunnel_of) {
            let interface = tunnel.name.clone();
            return Finding::VpnCarriesLan { interface };
        }
    }
    let carrying = uplinks.iter().find_map(|it| tunnel_of(*it));
    match carrying {
        Some(tunnel) if cards().next().is_some() => Finding::VpnCarriesInternet {
            interface: tunnel.name.clone(),
        },
        Some(_) => Finding::VpnUnused,
        None if up.iter().any(|it| it.is_tunnel()) => Finding::VpnUnused,
        None => Finding::NoVpn,
    }
}

/// Another address of the same subnet, to ask the routing table about; `None` where a subnet has no
/// two, and for what needs an interface beside it.
fn neighbour_of(address: IpAddr, prefix: u8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(it) if prefix < 31 => Some(Ipv4Addr::from_bits(it.to_bits() ^ 1).into()),
        IpAddr::V6(it) if prefix < 127 && !it.is_unicast_link_local() => {
            Some(Ipv6Addr::from_bits(it.to_bits() ^ 1).into())
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// A bridge that the way to the internet leads over is as good as a card: a router's `br-lan`.
fn kind_of(interface: &Interface, all: &[Interface], uplinks: &[IpAddr]) -> InterfaceKind {
    let mut same = all.iter().filter(|it| it.name == interface.name);
    if interface.is_tunnel() {
        InterfaceKind::Tunnel
    } else if interface.is_virtual_bridge() && !same.any(|it| uplinks.contains(&it.address)) {
        InterfaceKind::Bridge
    } else {
        InterfaceKind::Card
    }
}

fn address_kind(address: IpAddr) -> AddressKind {
    match address.to_canonical() {
        IpAddr::V4(it) if it.is_private() => AddressKind::PrivateV4,
        IpAddr::V4(it) if it.is_link_local() => AddressKind::SelfAssignedV4,
        IpAddr::V4(it) if it.octets()[0] == 100 && it.octets()[1] & 0xc0 == 64 => {
            AddressKind::SharedV4
        }
        IpAddr::V4(_) => AddressKind::PublicV4,
        IpAddr::V6(it) if it.is_unicast_link_local() => AddressKind::LinkLocalV6,
        IpAddr::V6(it) if it.is_unique_local() => AddressKind::PrivateV6,
        IpAddr::V6(_) => AddressKind::PublicV6,
    }
}

/// A host of many containers has hundreds.
const MOST_INTERFACES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, subnet: &str) -> Interface {
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

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn home() -> Vec<Interface> {
        vec![
            interface("lo", "127.0.0.1/8"),
            interface("wlan0", "192.168.1.5/24"),
            interface("wlan0", "fe80::5/64"),
        ]
    }

    #[test]
    fn interfaces_are_told_with_the_kinds_of_their_addresses() {
        let mut all = home();
        all.push(interface("docker0", "172.17.0.1/16"));
        all.push(interface("wg0", "100.64.1.2/32"));
        let Finding::NetworkUp { interfaces } = judge_interfaces(&all, &[ip("192.168.1.5")]) else {
            panic!("it is up")
        };
        let told: Vec<_> = interfaces
            .iter()
            .map(|it| (it.name.as_str(), it.kind, it.addresses.as_slice()))
            .collect();
        let wlan = [AddressKind::PrivateV4, AddressKind::LinkLocalV6];
        assert_eq!(
            told,
            [
                ("wlan0", InterfaceKind::Card, &wlan[..]),
                ("wg0", InterfaceKind::Tunnel, &[AddressKind::SharedV4]),
                ("docker0", InterfaceKind::Bridge, &[AddressKind::PrivateV4]),
            ]
        );
    }

    #[test]
    fn what_is_down_and_loopback_is_no_network() {
        let down = Interface {
            up: false,
            ..interface("eth0", "10.0.0.5/24")
        };
        let all = [interface("lo", "127.0.0.1/8"), down];
        assert_eq!(judge_interfaces(&all, &[]), Finding::NoNetwork);
    }

    #[test]
    fn a_cable_without_a_router_is_said_to_be_one() {
        let all = [
            interface("eth0", "169.254.3.4/16"),
            interface("eth0", "fe80::1/64"),
        ];
        for all in [&all[..], &all[1..]] {
            let found = judge_interfaces(all, &[]);
            assert!(
                matches!(found, Finding::OnlySelfAssigned { .. }),
                "{found:?}"
            );
        }
        let found = judge_interfaces(&[interface("tun0", "10.8.0.2/24")], &[]);
        assert!(matches!(found, Finding::OnlyVirtual { .. }), "{found:?}");
    }

    #[test]
    fn a_vpn_is_judged_by_what_it_carries() {
        let (wlan, tunnel) = (ip("192.168.1.5"), ip("10.8.0.2"));
        let mut all = home();
        let direct = |_| Some(wlan);
        assert_eq!(judge_vpn(&all, &[wlan], direct), Finding::NoVpn);
        all.push(interface("wg0", "10.8.0.2/24"));
        assert_eq!(judge_vpn(&all, &[wlan], direct), Finding::VpnUnused);
        let interface = "wg0".to_owned();
        assert_eq!(
            judge_vpn(&all, &[tunnel], direct),
            Finding::VpnCarriesInternet {
                interface: interface.clone()
            }
        );
        let all_of_it = |to: IpAddr| {
            assert_eq!(to, ip("192.168.1.4"), "another address of the subnet");
            Some(tunnel)
        };
        assert_eq!(
            judge_vpn(&all, &[tunnel], all_of_it),
            Finding::VpnCarriesLan { interface }
        );
    }

    #[test]
    fn addresses_have_kinds() {
        for (address, kind) in [
            ("10.1.2.3", AddressKind::PrivateV4),
            ("100.127.255.255", AddressKind::SharedV4),
            ("100.128.0.1", AddressKind::PublicV4),
            ("169.254.1.1", AddressKind::SelfAssignedV4),
            ("::ffff:192.168.1.1", AddressKind::PrivateV4),
            ("fe80::1", AddressKind::LinkLocalV6),
            ("fd00::1", AddressKind::PrivateV6),
            ("2001:db8::1", AddressKind::PublicV6),
        ] {
            assert_eq!(address_kind(ip(address)), kind, "{address}");
        }
    }
}
