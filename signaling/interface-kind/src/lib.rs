//! What is behind a network interface, by its name: tunnels of layer 2 and bridges look like a
//! network card to the system. Pure; whoever lists interfaces, for media or for discovery, asks the
//! same names.

#![warn(missing_docs)]

/// What the name of an interface says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A network with other machines, as far as the name tells.
    Network,
    /// Containers or virtual machines on this one. Usually no call partner is behind it, but a router
    /// or a server may have its only network on one.
    Bridge,
    /// Some other network, inside packets of this one: a VPN.
    Tunnel,
}

impl Kind {
    /// By what the system calls it: `eth0`, `Wi-Fi`.
    ///
    /// ```
    /// use interface_kind::Kind;
    ///
    /// assert_eq!(Kind::of("wlan0"), Kind::Network);
    /// assert_eq!(Kind::of("docker0"), Kind::Bridge);
    /// assert_eq!(Kind::of("OpenVPN TAP-Windows6"), Kind::Tunnel);
    /// ```
    #[must_use]
    pub fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        let begins = |them: &[&str]| them.iter().any(|it| name.starts_with(it));
        if begins(&TUNNELS) || PARTS_OF_TUNNELS.iter().any(|it| name.contains(it)) {
            Self::Tunnel
        } else if begins(&BRIDGES) {
            Self::Bridge
        } else {
            Self::Network
        }
    }
}

/// How bridges begin, in lower case: `veth` begins the name of Hyper-V's too, `vEthernet`.
const BRIDGES: [&str; 7] = [
    "docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "podman",
];

/// How tunnels begin, in lower case.
const TUNNELS: [&str; 8] = ["tun", "tap", "utun", "wg", "ppp", "ipsec", "zt", "nebula"];

/// What the names of tunnels have in them, in lower case.
const PARTS_OF_TUNNELS: [&str; 5] = ["vpn", "zerotier", "tailscale", "hamachi", "wireguard"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_bridges_and_tunnels_are_told_apart_by_their_names() {
        for (name, kind) in [
            ("eth0", Kind::Network),
            ("Wi-Fi", Kind::Network),
            ("enp3s0", Kind::Network),
            ("wlan0", Kind::Network),
            ("br0", Kind::Network),
            ("bridge0", Kind::Network),
            ("docker0", Kind::Bridge),
            ("virbr0", Kind::Bridge),
            ("br-lan", Kind::Bridge),
            ("veth1a2b", Kind::Bridge),
            ("vEthernet (WSL)", Kind::Bridge),
            ("podman0", Kind::Bridge),
            ("tun0", Kind::Tunnel),
            ("utun4", Kind::Tunnel),
            ("ztabcdef01", Kind::Tunnel),
            ("wg0", Kind::Tunnel),
            ("Tailscale", Kind::Tunnel),
            ("ProtonVPN TUN", Kind::Tunnel),
            ("", Kind::Network),
        ] {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
    }
}
