//! Where a connection comes from.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The beginning of a network address, and its length in bits: whoever owns one address of it owns
/// all of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Prefix {
    ip: IpAddr,
    bits: u8,
}

impl Prefix {
    /// The part of an address that is looked at: so many bits of an IPv4 address, or so many of an
    /// IPv6 one. An IPv4 address that is written as an IPv6 one counts as what it is.
    pub(crate) fn of(ip: IpAddr, v4_bits: u8, v6_bits: u8) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(v4_bits)).unwrap_or(0);
                Self {
                    ip: Ipv4Addr::from_bits(ip.to_bits() & mask).into(),
                    bits: v4_bits,
                }
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(v6_bits)).unwrap_or(0);
                Self {
                    ip: Ipv6Addr::from_bits(ip.to_bits() & mask).into(),
                    bits: v6_bits,
                }
            }
        }
    }

    /// The network that strangers are counted by in an outbox: what one machine, one office or one
    /// rented server can choose its addresses from.
    pub(crate) fn network(ip: IpAddr) -> Self {
        Self::of(ip, 24, 48)
    }

    /// What proofs of addresses are counted by: one IPv4 address, or what one customer may own.
    pub(crate) fn customer(ip: IpAddr) -> Self {
        Self::of(ip, 32, 48)
    }
}

/// By how many bits of its beginning an address is counted, and how many shares what begins like it
/// may have.
pub(crate) type Shares = &'static [(u8, u32)];

/// At a relay of the internet: a machine chooses addresses within an IPv6 /64 at will, a customer of a
/// provider owns a /64, a /56 or a /48.
pub(crate) fn of_internet(ip: IpAddr) -> Shares {
    if ip.to_canonical().is_ipv4() {
        &[(32, 1)]
    } else {
        &[(64, 1), (56, 2), (48, 4)]
    }
}

/// At a relay for neighbours: on a network of IPv6 all of them have addresses of one /64.
pub(crate) fn of_neighbours(ip: IpAddr) -> Shares {
    if ip.to_canonical().is_ipv4() {
        &[(32, 1)]
    } else {
        &[(128, 1), (64, 3)]
    }
}

/// What an address is counted by, and how many shares that may have.
pub(crate) fn sources(ip: IpAddr, shares: Shares) -> impl Iterator<Item = (Prefix, u32)> {
    shares
        .iter()
        .map(move |(bits, shares)| (Prefix::of(ip, *bits, *bits), *shares))
}

impl fmt::Debug for Prefix {
    /// Network addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix(/{})", self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_network_are_one() {
        let network = |ip: &str| Prefix::network(ip.parse().unwrap());
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.254"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
        assert_eq!(network("2001:db8:1::1"), network("2001:db8:1:ffff::2"));
        assert_ne!(network("2001:db8:1::1"), network("2001:db8:2::1"));
        assert_eq!(format!("{:?}", network("192.0.2.1")), "Prefix(/24)");
    }

    #[test]
    fn all_or_no_bits_can_be_looked_at() {
        let of = |ip: &str, bits| Prefix::of(ip.parse().unwrap(), bits, bits);
        assert_eq!(of("192.0.2.1", 0), of("10.0.0.1", 0));
        assert_ne!(of("192.0.2.1", 32), of("192.0.2.2", 32));
        assert_eq!(of("2001:db8::1", 0), of("::1", 0));
        assert_ne!(of("2001:db8::1", 128), of("2001:db8::2", 128));
    }
}
