//! A question of our own to all members, soon after we began to announce: who else is there?
//!
//! The daemon asks too, when it starts. But a record that was multicast is not multicast again
//! within a second (RFC 6762, section 6), so that of two who start together the second one would
//! hear of the first one after that second only: what was said before it heard is not repeated for
//! it. A query that carries records in its authority section is a probe (section 8.1), and what
//! answers one may be said again after a quarter of a second. Ours has the record that we want to be
//! known by, which is shared with all other members, so that it is in conflict with nobody's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use identity::Address;
use socket2::{Domain, SockRef};
use tokio::time::Instant;
use tracing::debug;

use super::MDNS_PORT;
use crate::announcement::label;
use crate::finders::shared_port;
use crate::interfaces::{Interfaces, Kind};

/// After the first announcement: sooner nobody may answer.
const AFTER: Duration = Duration::from_millis(270);

/// When to ask, once this is said instead of what was said before. Only whoever began to announce
/// does, and whoever is silent again does not: the question would say that they are here.
pub(super) fn due<T>(
    due: Option<Instant>,
    before: Option<&T>,
    said: Option<&T>,
    now: Instant,
) -> Option<Instant> {
    match (before, said) {
        (_, None) => None,
        (None, Some(_)) => Some(now + AFTER),
        (Some(_), Some(_)) => due,
    }
}

/// Asks on every network, once in each family. What is lost is made good by the repeated
/// announcements.
pub(super) fn ask(alias: &Address, interfaces: &Interfaces) {
    let question = question(alias);
    let mut asked = Vec::new();
    for interface in interfaces.0.iter().filter(|it| it.kind != Kind::Loopback) {
        let network = (interface.index, interface.address.is_ipv4());
        if asked.len() == MAX_ASKED || asked.contains(&network) {
            continue;
        }
        asked.push(network);
        if let Err(error) = send(&question, interface.address, interface.index) {
            debug!(%error, "no question of multicast DNS on an interface");
        }
    }
}

/// Sends from the port of multicast DNS: whoever asks from another one is answered alone, and not
/// heard by the daemon.
fn send(question: &[u8], from: IpAddr, interface: u32) -> io::Result<()> {
    let (socket, group): (_, SocketAddr) = match from {
        IpAddr::V4(address) => {
            let socket = shared_port::open(Domain::IPV4, MDNS_PORT)?;
            socket.set_multicast_if_v4(&address)?;
            socket.set_multicast_ttl_v4(HOPS)?;
            (socket, (GROUP_V4, MDNS_PORT).into())
        }
        IpAddr::V6(_) => {
            let socket = shared_port::open(Domain::IPV6, MDNS_PORT)?;
            socket.set_multicast_if_v6(interface)?;
            socket.set_multicast_hops_v6(HOPS)?;
            (
                socket,
                SocketAddrV6::new(GROUP_V6, MDNS_PORT, 0, interface).into(),
            )
        }
    };
    socket.set_nonblocking(true)?;
    SockRef::from(&socket).send_to(question, &group.into())?;
    Ok(())
}

/// One question for the instances of our service, and in the authority section the record that
/// names ours (RFC 1035, section 4.1; RFC 6763, section 4.1).
fn question(alias: &Address) -> Vec<u8> {
    let mut packet = Vec::new();
    // No id and no flags; one question, no answers, one record of authority, nothing else.
    let header: [u16; 6] = [0, 0, 1, 0, 1, 0];
    packet.extend(header.map(u16::to_be_bytes).as_flattened());
    for label in SERVICE_LABELS {
        push_label(&mut packet, label);
    }
    packet.push(0);
    packet.extend([PTR, IN].map(u16::to_be_bytes).as_flattened());
    packet.extend(SERVICE_POINTER);
    packet.extend([PTR, IN].map(u16::to_be_bytes).as_flattened());
    packet.extend(TTL_SECONDS.to_be_bytes());
    let mut instance = Vec::new();
    push_label(&mut instance, &label(alias));
    instance.extend(SERVICE_POINTER);
    // 35 bytes.
    packet.extend((instance.len() as u16).to_be_bytes());
    packet.extend(instance);
    packet
}

/// RFC 1035, section 3.1. None is longer than 32 bytes.
fn push_label(packet: &mut Vec<u8>, label: &str) {
    packet.push(label.len() as u8);
    packet.extend(label.as_bytes());
}

const SERVICE_LABELS: [&str; 3] = ["_tincan", "_tcp", "local"];

/// The name in the question, right behind the header of 12 bytes (RFC 1035, section 4.1.4).
const SERVICE_POINTER: [u8; 2] = [0xc0, 12];

const PTR: u16 = 12;
const IN: u16 = 1;

/// As long as others hold such a record (RFC 6762, section 10).
const TTL_SECONDS: u32 = 4500;

/// RFC 6762, section 11.
const HOPS: u32 = 255;

const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// More than a machine has networks that people are on.
const MAX_ASKED: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_begins_to_announce_asks_once_and_whoever_is_silent_again_does_not() {
        let now = Instant::now();
        let later = now + AFTER / 2;
        assert_eq!(due::<&str>(None, None, None, now), None);
        let first = due(None, None, Some(&"here"), now);
        assert_eq!(first, Some(now + AFTER));
        // Another announcement puts nothing off, and asks no second time.
        let changed = due(first, Some(&"here"), Some(&"at home"), later);
        assert_eq!(changed, first);
        assert_eq!(due(None, Some(&"here"), Some(&"at home"), later), None);
        assert_eq!(due(first, Some(&"here"), None, later), None);
        let again = due(None, None, Some(&"here"), later);
        assert_eq!(again, Some(later + AFTER));
    }

    #[test]
    fn the_question_names_the_service_and_our_instance() {
        let alias = Address::from_bytes([7; 32]);
        let packet = question(&alias);
        assert_eq!(packet.len(), 12 + 20 + 4 + 2 + 10 + 35);
        assert_eq!(packet[..12], [0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0]);
        assert_eq!(
            packet[12..36],
            *b"\x07_tincan\x04_tcp\x05local\0\0\x0c\0\x01"
        );
        assert_eq!(packet[36..48], *b"\xc0\x0c\0\x0c\0\x01\0\0\x11\x94\0\x23");
        let instance = [b"\x20", label(&alias).as_bytes(), b"\xc0\x0c"].concat();
        assert_eq!(packet[48..], instance);
    }
}
