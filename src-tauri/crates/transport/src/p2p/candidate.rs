//! Candidates as the other side tells them (RFC 8839, 5.1). Pure.

use std::net::{IpAddr, SocketAddr};

/// An address at which the other side can be reached by UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) address: SocketAddr,
    /// Whether a TURN server lends it.
    pub(crate) is_relayed: bool,
}

impl Candidate {
    /// The one of a line that begins with `candidate:`; `None` when it has none of UDP that
    /// somebody could have.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let mut words = line
            .trim()
            .strip_prefix("candidate:")?
            .split_ascii_whitespace();
        let _foundation = words.next()?;
        let _component = words.next()?;
        let transport = words.next()?;
        let _priority = words.next()?;
        let ip: IpAddr = words.next()?.parse().ok()?;
        let port: u16 = words.next()?.parse().ok()?;
        let (typ, kind) = (words.next()?, words.next()?);
        let usable = transport.eq_ignore_ascii_case("udp") && typ == "typ";
        (usable && is_unicast(ip) && port != 0).then(|| Self {
            address: SocketAddr::new(ip, port),
            is_relayed: kind == "relay",
        })
    }

    /// Those of a description (SDP).
    pub(crate) fn of_description(sdp: &str) -> impl Iterator<Item = Self> {
        let attributes = sdp.lines().filter_map(|it| it.strip_prefix("a="));
        attributes.filter_map(Self::read)
    }
}

const fn is_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(it) => !it.is_unspecified() && !it.is_multicast() && !it.is_broadcast(),
        IpAddr::V6(it) => !it.is_unspecified() && !it.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_udp_reaches_is_read_with_where_it_comes_from() {
        let sdp = "v=0\r\na=candidate:1 1 udp 2130706431 192.0.2.1 4000 typ host\r\n\
            a=candidate:2 1 tcp 2130706431 192.0.2.1 9 typ host tcptype active\r\n\
            a=candidate:4 1 UDP 16777215 203.0.113.7 6000 typ relay raddr 0.0.0.0 rport 0\r\n";
        let read: Vec<_> = Candidate::of_description(sdp)
            .map(|it| (it.address.to_string(), it.is_relayed))
            .collect();
        let expected = [("192.0.2.1:4000", false), ("203.0.113.7:6000", true)];
        assert_eq!(read, expected.map(|(it, relayed)| (it.to_owned(), relayed)));
    }

    #[test]
    fn addresses_of_nobody_are_no_candidates() {
        for address in [
            "0.0.0.0 1",
            "224.0.0.1 1",
            "255.255.255.255 1",
            "::",
            "192.0.2.1 0",
            "x 1",
        ] {
            let line = format!("candidate:1 1 udp 1 {address} typ host");
            assert_eq!(Candidate::read(&line), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), words in prop::collection::vec("[a-z0-9:.]{0,6}", 0..10)) {
            let _ = Candidate::of_description(&text).count();
            let _ = Candidate::read(&format!("candidate:{}", words.join(" ")));
        }
    }
}
