//! The places of an invite: where on a local network they may be, without a relay.
//!
//! In a link each is `IP:PORT` with five digits of the port, so that a link that was cut is seen to
//! be, and `~` is between them, which needs no escape.

use std::net::{IpAddr, SocketAddr};

use super::Invite;

/// Reads the value of the field. What is no place, or none that a link may name, is passed over.
pub(super) fn parse(value: &str) -> Vec<SocketAddr> {
    let places = value.split(SEPARATOR).filter_map(|it| it.parse().ok());
    kept(places)
}

/// The first places that a link may name, each once, without the scope of an address of a link: it
/// is a number of the machine that wrote it.
pub(super) fn kept(places: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut kept = Vec::new();
    let local = places
        .into_iter()
        .map(|it| SocketAddr::new(it.ip().to_canonical(), it.port()))
        .filter(|it| is_local(it.ip()) && it.port() != 0);
    for place in local {
        if kept.len() == Invite::MAX_LAN {
            break;
        }
        if !kept.contains(&place) {
            kept.push(place);
        }
    }
    kept
}

/// The value of the field, not percent-encoded.
pub(super) fn text(places: &[SocketAddr]) -> String {
    let texts = places.iter().map(|place| match place.ip() {
        IpAddr::V4(ip) => format!("{ip}:{:05}", place.port()),
        IpAddr::V6(ip) => format!("[{ip}]:{:05}", place.port()),
    });
    texts.collect::<Vec<_>>().join(&SEPARATOR.to_string())
}

/// Whether the value is not visibly cut.
pub(super) fn is_whole(value: &str) -> bool {
    let port = value.rsplit(':').next().unwrap_or_default();
    value.contains(':') && port.len() == 5 && port.bytes().all(|it| it.is_ascii_digit())
}

/// Whether nobody beyond the networks of this machine has such an address: a stranger's link must
/// not make this machine talk to hosts of the internet.
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}

pub(super) const SEPARATOR: char = '~';

/// Bytes of the longest value, percent-encoded: addresses of eight groups in brackets.
pub(super) const MAX_ENCODED: usize =
    Invite::MAX_LAN * ("%5B%5D%3A65535".len() + 8 * 4 + 7 * "%3A".len()) + Invite::MAX_LAN - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_local_networks_are_places() {
        for (text, place) in [
            ("192.168.1.5:48267", "192.168.1.5:48267"),
            ("10.0.0.1:00080", "10.0.0.1:80"),
            ("169.254.7.7:1", "169.254.7.7:1"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("[fe80::1]:1", "[fe80::1]:1"),
            ("[fe80::1%7]:1", "[fe80::1]:1"),
            ("[fd00::1]:1", "[fd00::1]:1"),
            ("[::1]:1", "[::1]:1"),
            ("[::ffff:10.0.0.1]:1", "10.0.0.1:1"),
        ] {
            assert_eq!(parse(text), [place.parse().unwrap()], "{text}");
        }
        for text in [
            "",
            "192.168.1.5",
            "192.168.1.5:0",
            "192.168.1.5:65536",
            "fe80::1:1",
            "1.1.1.1:1",
            "172.32.0.1:1",
            "0.0.0.0:1",
            "255.255.255.255:1",
            "224.0.0.251:1",
            "[::]:1",
            "[::ffff:1.1.1.1]:1",
            "[2001:db8::1]:1",
            "[ff02::fb]:1",
            "router.local:1",
        ] {
            assert_eq!(parse(text), [], "{text}");
        }
    }

    #[test]
    fn of_many_places_the_first_are_taken_once_each_and_others_passed_over() {
        let text = "x~10.0.0.1:1~1.1.1.1:1~10.0.0.1:1~~10.0.0.2:1~10.0.0.3:1~10.0.0.4:1~10.0.0.5:1";
        let places = parse(text);
        assert_eq!(places.len(), Invite::MAX_LAN);
        let kept = "10.0.0.1:00001~10.0.0.2:00001~10.0.0.3:00001~10.0.0.4:00001";
        assert_eq!(super::text(&places), kept);
    }
}
