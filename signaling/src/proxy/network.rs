//! A range of addresses, as an option names it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that share their first bits: `10.0.0.0/8`, or a single one. An IPv4 address that
/// comes in an IPv6 socket (`::ffff:10.0.0.1`) is that IPv4 address.
///
/// ```
/// use signal_relay::Network;
///
/// let network: Network = "10.1.0.0/16".parse()?;
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
/// assert!(!network.contains("10.2.0.1".parse().unwrap()));
/// # Ok::<(), signal_relay::NetworkError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// Why a text names no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Before the slash is no address.
    #[error("not an address: write 10.0.0.0/8, 2001:db8::/32 or a single address")]
    Address,
    /// After the slash is no number of bits that such an address has.
    #[error("not a prefix length: at most 32 for IPv4 and 128 for IPv6")]
    Prefix,
    /// An IPv4 address written as an IPv6 one: connections from it count as what they are, so the
    /// range would hold nobody.
    #[error("an IPv4 address in IPv6 form: write 10.0.0.0/8")]
    Mapped,
    /// The address has bits beyond the prefix: `10.0.0.1/8` may mean one machine or all of them.
    #[error("the address has bits beyond its prefix")]
    Bits,
}

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.first, ip.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => {
                let mask = mask(self.prefix, 32);
                u128::from(first.to_bits()) & mask == u128::from(ip.to_bits()) & mask
            }
            (IpAddr::V6(first), IpAddr::V6(ip)) => {
                let mask = mask(self.prefix, 128);
                first.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = address.trim().parse().map_err(|_| NetworkError::Address)?;
        if first != first.to_canonical() {
            return Err(NetworkError::Mapped);
        }
        let (bits, widest) = match first {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), 32),
            IpAddr::V6(ip) => (ip.to_bits(), 128),
        };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| NetworkError::Prefix)?,
            None => widest,
        };
        if prefix > widest {
            return Err(NetworkError::Prefix);
        }
        if bits & !mask(prefix, widest) != 0 {
            return Err(NetworkError::Bits);
        }
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// The first `prefix` of `width` bits.
const fn mask(prefix: u8, width: u8) -> u128 {
    let all = u128::MAX >> (128 - width);
    match all.checked_shr(prefix as u32) {
        Some(rest) => all & !rest,
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_shares_its_first_bits() {
        let cases = [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.0.0.0/8", "::a00:1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("::1", "::1", true),
            ("::1/128", "::2", false),
        ];
        for (network, ip, expected) in cases {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(ip.parse().unwrap()),
                expected,
                "{network} {ip}"
            );
        }
    }

    #[test]
    fn what_names_no_range_is_refused() {
        let cases = [
            ("", NetworkError::Address),
            ("proxy.example", NetworkError::Address),
            ("10.0.0.0/33", NetworkError::Prefix),
            ("10.0.0.0/", NetworkError::Prefix),
            ("10.0.0.0/-1", NetworkError::Prefix),
            ("::/129", NetworkError::Prefix),
            ("::ffff:10.0.0.1", NetworkError::Mapped),
            ("::ffff:10.0.0.0/104", NetworkError::Mapped),
            ("10.0.0.1/8", NetworkError::Bits),
            ("2001:db8::1/64", NetworkError::Bits),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Network>(), Err(expected), "{text}");
        }
    }
}
