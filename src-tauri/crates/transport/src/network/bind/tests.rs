use std::process::{Command, Output};

use super::*;
use crate::network::interface;

fn ip(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

/// The addresses that are chosen, without the interfaces beside them.
fn chosen(interfaces: &[Interface], sources: &[IpAddr]) -> Vec<IpAddr> {
    let chosen = choose(interfaces, sources);
    chosen.into_iter().map(|it| it.ip()).collect()
}

/// The interface of this number with such an address.
fn numbered(index: u32, name: &str, subnet: &str) -> Interface {
    Interface {
        index: Some(index),
        ..interface(name, subnet)
    }
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn listed(only: Option<IpAddr>) -> Vec<SocketAddr> {
    let addresses = BindAddresses::new(only, Some(Arc::default()));
    addresses.to_socket_addrs().unwrap().collect()
}

#[test]
fn the_source_of_packets_comes_first_and_the_number_is_bounded() {
    let all: Vec<_> = (1..=9)
        .map(|it| interface("eth0", &format!("10.0.0.{it}/24")))
        .collect();
    assert_eq!(chosen(&all, &[ip(7)]), [ip(7), ip(1), ip(2), ip(3)]);
}

#[test]
fn a_machine_without_a_network_has_nothing_to_choose_from() {
    let loopback = [interface("lo", "127.0.0.1/8"), interface("lo", "::1/128")];
    let unnumbered = [interface("eth0", "fe80::1/64")];
    let tunnel = [numbered(7, "tun0", "fe80::1/64")];
    for interfaces in [&loopback[..], &unnumbered, &tunnel, &[]] {
        assert!(choose(interfaces, &[]).is_empty());
    }
}

#[test]
fn link_local_addresses_are_used_where_an_interface_or_a_neighbour_may_have_nothing_else() {
    let (cable, wlan) = (
        numbered(2, "eth0", "fe80::1/64"),
        numbered(3, "wlan0", "fe80::1/64"),
    );
    let both = [cable.clone(), wlan.clone()];
    let links = [at("[fe80::1%2]:0"), at("[fe80::1%3]:0")];
    assert_eq!(choose(&both, &[]), links);
    let addressed = [wlan, interface("wlan0", "10.0.0.5/24"), cable.clone()];
    let expected = [at("10.0.0.5:0"), links[0], links[1]];
    assert_eq!(choose(&addressed, &[ip(5)]), expected[..2]);
    assert_eq!(
        choose(&addressed, &[]),
        expected,
        "a neighbour may have nothing else"
    );
    let self_assigned = [cable.clone(), interface("eth0", "169.254.3.4/16")];
    assert_eq!(
        choose(&self_assigned, &[]),
        [at("169.254.3.4:0"), links[0]],
        "who is on the cable may have no IPv4"
    );
    let unplugged = Interface { up: false, ..cable };
    assert!(choose(&[unplugged], &[]).is_empty());
}

#[test]
fn the_cables_of_containers_are_used_only_where_there_is_nothing_else() {
    let host: Vec<_> = (2..12)
        .map(|it| numbered(it, &format!("veth{it}"), &format!("fe80::{it}/64")))
        .chain([interface("wlan0", "10.0.0.5/24")])
        .collect();
    assert_eq!(chosen(&host, &[ip(5)]), [ip(5)]);
    assert_eq!(chosen(&host, &[]), [ip(5)]);
    assert_eq!(chosen(&host[..10], &[]).len(), MAX_ADDRESSES);
}

#[test]
fn a_running_session_keeps_a_link_local_address_while_the_machine_has_it() {
    let cable = numbered(2, "eth0", "fe80::1/64");
    let link = at("[fe80::1%2]:4000");
    let usable = |interfaces: &[Interface], in_use| {
        let snapshot = Snapshot {
            interfaces: interfaces.to_vec(),
            sources: vec![ip(5)],
        };
        snapshot.usable(in_use)
    };
    let (v4, any) = (interface("eth0", "10.0.0.5/24"), at("[fe80::1%2]:0"));
    assert_eq!(usable(std::slice::from_ref(&cable), link), [any]);
    let both = [cable, v4.clone()];
    assert_eq!(usable(&both, link), [at("10.0.0.5:0"), any]);
    assert_eq!(usable(&both, at("10.0.0.5:1")), [at("10.0.0.5:0")]);
    assert_eq!(usable(&[v4], link), [at("10.0.0.5:0")]);
    assert!(usable(&[], link).is_empty());
}

#[test]
fn the_uplink_counts_whatever_it_is_called() {
    for name in [
        "br-lan", "docker0", "veth1a2b", "tun0", "virbr0", "vmnet8", "wlan0",
    ] {
        let uplink = [
            interface("lo", "127.0.0.1/8"),
            interface(name, "10.0.0.5/24"),
            interface(name, "fd00::5/64"),
        ];
        let v6 = "fd00::5".parse::<IpAddr>().unwrap();
        assert_eq!(chosen(&uplink, &[ip(5)]), [ip(5), v6], "{name}");
        assert_eq!(chosen(&[], &[ip(5)]), [ip(5)], "the system hides {name}");
    }
}

#[test]
fn bridges_are_left_out_where_a_route_tells_which_network_leads_to_people() {
    let both = [
        interface("br-lan", "192.168.7.1/24"),
        interface("wlan0", "10.0.0.5/24"),
    ];
    let bridge = IpAddr::from([192, 168, 7, 1]);
    assert_eq!(chosen(&both, &[ip(5)]), [ip(5)]);
    assert_eq!(chosen(&both, &[]), [ip(5), bridge]);
    assert_eq!(chosen(&both[..1], &[]), [bridge]);
}

#[test]
fn a_tunnel_that_carries_the_default_route_comes_before_the_network_below_it() {
    let both = [
        interface("eth0", "192.168.1.5/24"),
        interface("tun0", "10.0.0.2/24"),
    ];
    assert_eq!(chosen(&both, &[ip(2)]), [ip(2), [192, 168, 1, 5].into()]);
}

#[test]
fn addresses_that_machines_give_themselves_come_last() {
    let both = [
        interface("eth1", "169.254.3.4/16"),
        interface("eth0", "10.0.0.5/24"),
    ];
    assert_eq!(chosen(&both, &[]), [ip(5), [169, 254, 3, 4].into()]);
}

#[test]
fn a_bind_address_stands_alone() {
    let bound = listed(Some(ip(3)));
    assert_eq!(bound, [SocketAddr::new(ip(3), 0)]);
}

#[test]
fn this_machine_has_something_to_bind() {
    let found: Vec<_> = listed(None).into_iter().map(|it| it.ip()).collect();
    println!("bound: {found:?}");
    assert!(!found.is_empty());
}

/// Runs the test above on a machine whose only network is called `br-lan`, and so on.
#[test]
fn a_host_binds_its_only_uplink_whatever_it_is_called() {
    let name = format!("tincan-bind-{}", std::process::id());
    let Some(host) = Namespace::add(&name) else {
        return println!("skipped: no network namespaces here");
    };
    for uplink in ["br-lan", "docker0", "veth0", "virbr0", "tun0"] {
        host.ip(&[
            "link", "add", uplink, "type", "veth", "peer", "name", "other",
        ]);
        host.ip(&["link", "set", "other", "up"]);
        host.ip(&["addr", "add", "10.77.9.2/24", "dev", uplink]);
        host.ip(&["link", "set", uplink, "up"]);
        assert_eq!(
            host.bound(),
            "bound: [10.77.9.2]",
            "{uplink} without a route"
        );
        host.ip(&["addr", "add", "192.168.77.2/24", "dev", uplink]);
        host.ip(&["route", "add", "default", "via", "192.168.77.1"]);
        let both = "bound: [192.168.77.2, 10.77.9.2]";
        assert_eq!(host.bound(), both, "{uplink} with the default route");
        host.ip(&["link", "del", uplink]);
    }
}

struct Namespace<'a>(&'a str);

impl<'a> Namespace<'a> {
    /// `None` where the system does not let us.
    fn add(name: &'a str) -> Option<Self> {
        let out = Command::new("ip").args(["netns", "add", name]).output();
        out.is_ok_and(|it| it.status.success())
            .then_some(Self(name))
    }

    fn ip(&self, args: &[&str]) {
        let out = Command::new("ip").args(["-n", self.0]).args(args).output();
        checked(&out.unwrap());
    }

    /// The line in which the test of this program that looks says what it would bind.
    fn bound(&self) -> String {
        let exe = std::env::current_exe().unwrap();
        let out = Command::new("ip")
            .args(["netns", "exec", self.0])
            .arg(exe)
            .args(["--nocapture", "this_machine_has_something_to_bind"])
            .output();
        let said = checked(&out.unwrap());
        let line = said.lines().find(|it| it.starts_with("bound:"));
        line.unwrap_or_default().to_owned()
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", self.0]).output();
    }
}

fn checked(out: &Output) -> String {
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{errors}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}
