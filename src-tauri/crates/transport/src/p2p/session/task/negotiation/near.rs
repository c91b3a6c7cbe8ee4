//! Prefers the addresses of the other side that are nearest (RFC 8445, 5.1.2.1). Pure.
//!
//! Every address of a machine has one priority in the library, so which of several paths a call takes
//! would be chance. How near an address is only its receiver can tell: on a network that both are on,
//! on another one, or behind a tunnel or a bridge.

use std::net::IpAddr;

use crate::network::{Interface, is_link_local};

/// A description of the other side's with lower priorities for what is farther away.
pub(super) fn ranked(sdp: &str, ours: &[Interface]) -> String {
    let lines = sdp.split_inclusive("\r\n");
    lines
        .map(|line| match line.strip_prefix("a=") {
            Some(candidate) => format!("a={}", ranked_candidate(candidate, ours)),
            None => line.to_owned(),
        })
        .collect()
}

/// The same for one candidate; what is none stays as it is.
pub(super) fn ranked_candidate(line: &str, ours: &[Interface]) -> String {
    lowered(line, ours).unwrap_or_else(|| line.to_owned())
}

/// A candidate of the other side's own interfaces, with the priority that it shall have.
fn lowered(line: &str, ours: &[Interface]) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let [first, _, _, priority, address, _, "typ", kind, ..] = words[..] else {
        return None;
    };
    if !first.starts_with("candidate:") || kind.trim_end() != "host" {
        return None;
    }
    let most = preference(address.parse().ok()?, ours);
    let priority: u32 = priority.parse().ok()?;
    let local = (priority >> 8 & 0xffff).min(most);
    let priority = ((priority & 0xff00_00ff) | local << 8).to_string();
    let words = words.iter().enumerate();
    let words = words.map(|(at, word)| if at == 3 { priority.as_str() } else { word });
    Some(words.collect::<Vec<_>>().join(" "))
}

/// The most that the local preference of an address may be (RFC 8445, 5.1.2.1).
fn preference(theirs: IpAddr, ours: &[Interface]) -> u32 {
    let (mut cards, mut others) = (
        ours.iter().filter(|it| it.is_card()),
        ours.iter().filter(|it| !it.is_card()),
    );
    if cards.any(|it| it.has_on_link(theirs)) {
        if is_link_local(theirs) {
            ON_SOME_LINK
        } else {
            ON_LINK
        }
    } else if others.any(|it| it.has_on_link(theirs)) {
        AROUND
    } else {
        ELSEWHERE
    }
}

/// On a network that we are on.
const ON_LINK: u32 = 0xffff;

/// Link-local: on one of our networks, if on any.
const ON_SOME_LINK: u32 = 0xdfff;

/// Behind a router.
const ELSEWHERE: u32 = 0xbfff;

/// Through a tunnel, or on a bridge to containers: never where there is another way.
const AROUND: u32 = 0x7fff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::network::interface;

    #[test]
    fn what_is_near_comes_first_and_what_is_through_a_tunnel_last() {
        let ours = [
            interface("eth0", "192.168.1.5/24"),
            interface("tun0", "10.8.0.2/24"),
            interface("docker0", "172.17.0.1/16"),
        ];
        let sdp = "v=0\r\na=candidate:1 1 udp 2130706431 192.168.1.9 4000 typ host\r\n\
            a=candidate:2 1 udp 2130706431 192.0.2.1 4000 typ host\r\n\
            a=candidate:3 1 udp 2130706431 10.8.0.9 4000 typ host\r\n\
            a=candidate:4 1 udp 2130706431 172.17.0.1 4000 typ host\r\n\
            a=candidate:5 1 udp 1694498815 10.8.0.9 4000 typ srflx raddr 0.0.0.0 rport 0\r\n";
        let ranked = ranked(sdp, &ours);
        let priorities = ranked.lines().filter_map(|it| it.split(' ').nth(3));
        let priorities: Vec<u32> = priorities.map(|it| it.parse().unwrap()).collect();
        let [near, far, tunnel, bridge, reflexive] = priorities[..] else {
            panic!("all are there: {ranked}")
        };
        assert_eq!((near, reflexive), (2_130_706_431, 1_694_498_815));
        assert!(near > far && far > tunnel && tunnel == bridge && bridge > reflexive);
        assert_eq!(ranked.len(), sdp.len());
    }

    #[test]
    fn a_link_local_address_comes_after_others_of_the_network_and_before_what_is_behind_a_router() {
        let ours = [
            interface("eth0", "192.168.1.5/24"),
            interface("eth0", "fe80::5/64"),
        ];
        let [near, link, far] = ["192.168.1.9", "fe80::9", "192.0.2.1"]
            .map(|it| preference(it.parse().unwrap(), &ours));
        assert!(near > link && link > far, "{near} {link} {far}");
    }

    proptest! {
        #[test]
        fn whatever_is_said_stays_but_for_priorities(
            text in "(a=)?(candidate:[0-9 a-z.:]{0,60}|[^\\r\\n]{0,60})(\\r\\n)?"
        ) {
            let before: Vec<&str> = text.split(' ').collect();
            let after = ranked(&text, &[]);
            let after: Vec<&str> = after.split(' ').collect();
            prop_assert_eq!(before.len(), after.len());
            for (at, (before, after)) in before.iter().zip(&after).enumerate() {
                prop_assert!(at == 3 || before == after);
            }
        }
    }
}
