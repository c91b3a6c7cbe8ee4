//! Which local addresses a session binds: one socket and one host candidate each.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use super::interface::Interface;

/// The addresses to bind, looked up anew for every bind so that a restart follows a change of
/// network. Never empty: a bind of nothing would end the library's driver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BindAddresses {
    only: Option<IpAddr>,
}

impl BindAddresses {
    /// `only` this address, or those that this machine is reached by.
    pub(crate) const fn new(only: Option<IpAddr>) -> Self {
        Self { only }
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

    /// Whether an interface that is up has this address.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        let mut interfaces = self.interfaces.iter();
        interfaces.any(|it| it.up && it.address == address)
    }

    /// The addresses to move a running session to, best first; none when nothing is up.
    pub(crate) fn usable(mut self) -> Vec<IpAddr> {
        self.interfaces.retain(|it| it.up && it.reaches_others());
        let sources = std::mem::take(&mut self.sources);
        let sources: Vec<_> = sources.into_iter().filter(|it| self.has(*it)).collect();
        if self.interfaces.is_empty() {
            return Vec::new();
        }
        choose(&self.interfaces, &sources)
    }
}

impl ToSocketAddrs for BindAddresses {
    type Iter = std::vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        let addresses = match self.only {
            Some(address) => vec![address],
            None => choose(&Interface::all(), &default_sources()),
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

/// Chooses among `interfaces`, when packets to the internet leave from `sources`.
///
/// The sources come first, and count whatever their interface is called: on a router the uplink
/// may well be `br-lan`. Of the others, bridges to containers and virtual machines are left out.
/// Without a source nobody can tell which interface leads to people, so bridges come last. A machine
/// without any network uses loopback.
fn choose(interfaces: &[Interface], sources: &[IpAddr]) -> Vec<IpAddr> {
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

    let mut chosen: Vec<IpAddr> = Vec::new();
    for address in sources.iter().copied().chain(rest) {
        if chosen.len() < MAX_ADDRESSES && !chosen.contains(&address) {
            chosen.push(address);
        }
    }
    if chosen.is_empty() {
        chosen.push(Ipv4Addr::LOCALHOST.into());
    }
    chosen
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
    let link_local = matches!(address, IpAddr::V6(it) if it.is_unicast_link_local());
    !(link_local || address.is_loopback() || address.is_unspecified())
}

/// The port of name servers.
const DNS: u16 = 53;

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use super::super::interface::tests::interface;
    use super::*;

    fn ip(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn the_source_of_packets_comes_first_and_the_number_is_bounded() {
        let all: Vec<_> = (1..=9)
            .map(|it| interface("eth0", &format!("10.0.0.{it}/24")))
            .collect();
        assert_eq!(choose(&all, &[ip(7)]), [ip(7), ip(1), ip(2), ip(3)]);
    }

    #[test]
    fn a_machine_without_a_network_uses_loopback() {
        let loopback = [interface("lo", "127.0.0.1/8"), interface("lo", "::1/128")];
        let link_local = [interface("eth0", "fe80::1/64")];
        for interfaces in [&loopback[..], &link_local, &[]] {
            assert_eq!(choose(interfaces, &[]), [IpAddr::from([127, 0, 0, 1])]);
        }
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
            assert_eq!(choose(&uplink, &[ip(5)]), [ip(5), v6], "{name}");
            assert_eq!(choose(&[], &[ip(5)]), [ip(5)], "the system hides {name}");
        }
    }

    #[test]
    fn bridges_are_left_out_where_a_route_tells_which_network_leads_to_people() {
        let both = [
            interface("br-lan", "192.168.7.1/24"),
            interface("wlan0", "10.0.0.5/24"),
        ];
        let bridge = IpAddr::from([192, 168, 7, 1]);
        assert_eq!(choose(&both, &[ip(5)]), [ip(5)]);
        assert_eq!(choose(&both, &[]), [ip(5), bridge]);
        assert_eq!(choose(&both[..1], &[]), [bridge]);
    }

    #[test]
    fn a_tunnel_that_carries_the_default_route_comes_before_the_network_below_it() {
        let both = [
            interface("eth0", "192.168.1.5/24"),
            interface("tun0", "10.0.0.2/24"),
        ];
        assert_eq!(choose(&both, &[ip(2)]), [ip(2), [192, 168, 1, 5].into()]);
    }

    #[test]
    fn addresses_that_machines_give_themselves_come_last() {
        let both = [
            interface("eth1", "169.254.3.4/16"),
            interface("eth0", "10.0.0.5/24"),
        ];
        assert_eq!(choose(&both, &[]), [ip(5), [169, 254, 3, 4].into()]);
    }

    #[test]
    fn a_bind_address_stands_alone() {
        let only = BindAddresses::new(Some(ip(3)));
        let bound: Vec<_> = only.to_socket_addrs().unwrap().collect();
        assert_eq!(bound, [SocketAddr::new(ip(3), 0)]);
    }

    #[test]
    fn this_machine_has_something_to_bind() {
        let found = BindAddresses::new(None).to_socket_addrs().unwrap();
        println!("bound: {:?}", found.map(|it| it.ip()).collect::<Vec<_>>());
        let mut found = BindAddresses::new(None).to_socket_addrs().unwrap();
        assert!(found.next().is_some());
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
}
