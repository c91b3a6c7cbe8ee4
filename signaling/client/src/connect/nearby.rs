//! Which addresses are on this machine or on a network that it is directly on.

use std::net::IpAddr;

use if_addrs::{IfAddr, IfOperStatus, Interface, get_if_addrs};

/// The networks of the interfaces that are up: an address in each, and the length of its prefix.
#[derive(Debug)]
pub(super) struct Networks(Vec<(IpAddr, u8)>);

impl Networks {
    /// Asks the system; none when it does not say.
    pub(super) async fn of_this_machine() -> Self {
        let interfaces = tokio::task::spawn_blocking(get_if_addrs).await;
        let interfaces = interfaces.ok().and_then(Result::ok).unwrap_or_default();
        Self(
            interfaces
                .iter()
                .filter(|it| is_up(it))
                .map(network)
                .collect(),
        )
    }

    /// Whether nothing but a cable or a radio is between this machine and an address.
    pub(super) fn contain(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        let in_network = |(own, prefix): &(IpAddr, u8)| match (ip, own) {
            (IpAddr::V4(ip), IpAddr::V4(own)) => {
                is_same(ip.to_bits().into(), own.to_bits().into(), *prefix, 32)
            }
            (IpAddr::V6(ip), IpAddr::V6(own)) => is_same(ip.to_bits(), own.to_bits(), *prefix, 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        };
        ip.is_loopback() || self.0.iter().any(in_network)
    }
}

/// Whether two addresses of so many bits begin with the same prefix. One of no bits would make
/// the whole internet a network nearby.
const fn is_same(a: u128, b: u128, prefix: u8, bits: u8) -> bool {
    0 < prefix && prefix <= bits && (a ^ b) >> (bits - prefix) == 0
}

const fn network(interface: &Interface) -> (IpAddr, u8) {
    let prefix = match &interface.addr {
        IfAddr::V4(addr) => addr.prefixlen,
        IfAddr::V6(addr) => addr.prefixlen,
    };
    (interface.ip(), prefix)
}

/// Some drivers never tell their state, and an interface that is down has no neighbours anyway.
fn is_up(interface: &Interface) -> bool {
    match interface.oper_status {
        IfOperStatus::Up | IfOperStatus::Unknown | IfOperStatus::Dormant => true,
        IfOperStatus::Down
        | IfOperStatus::Testing
        | IfOperStatus::NotPresent
        | IfOperStatus::LowerLayerDown => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_the_prefixes_of_own_addresses_are_nearby() {
        let own = [
            "192.168.7.9/24",
            "10.1.2.3/30",
            "fd00:1::9/64",
            "fe80::1/64",
            "10.9.9.9/32",
            "8.8.8.8/0",
        ];
        let networks = own.map(|it| {
            let (ip, prefix) = it.split_once('/').unwrap();
            (ip.parse().unwrap(), prefix.parse().unwrap())
        });
        let networks = Networks(networks.to_vec());
        for near in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "192.168.7.1",
            "10.1.2.1",
            "::ffff:192.168.7.200",
            "fd00:1::1",
            "fe80::abcd",
            "10.9.9.9",
        ] {
            assert!(networks.contain(near.parse().unwrap()), "{near}");
        }
        for far in [
            "192.168.8.1",
            "10.1.2.4",
            "10.9.9.8",
            "1.1.1.1",
            "0.0.0.0",
            "::",
            "fd00:2::1",
            "fe80:0:0:1::1",
            "2001:db8::1",
            "::ffff:1.1.1.1",
            "::7f00:1",
        ] {
            assert!(!networks.contain(far.parse().unwrap()), "{far}");
        }
    }

    #[tokio::test]
    async fn this_machine_is_nearby_itself() {
        let networks = Networks::of_this_machine().await;
        assert!(networks.contain("127.0.0.1".parse().unwrap()));
        for (own, _) in &networks.0 {
            assert!(networks.contain(*own));
        }
    }
}
