//! What the answers of servers say of the servers and of the router before us. Pure.

use std::net::IpAddr;

use transport::servers::{Answer, Asked, Mapping, Purpose};

use crate::finding::Finding;
use crate::tcp::number;

/// Whether the servers for this do it.
pub(crate) fn servers(asked: &Asked, purpose: Purpose) -> Finding {
    let of_it = || asked.answers.iter().filter(|it| it.0 == purpose);
    let count = |wanted: Answer| number(of_it().filter(|it| it.1 == wanted).count());
    let all = number(of_it().count());
    let servers = all - count(Answer::NotAsked);
    let works = count(Answer::Works);
    if all == 0 {
        Finding::NoServers
    } else if servers == 0 {
        Finding::ServersNotChecked { servers: all }
    } else if works == servers {
        Finding::ServersAnswer { servers }
    } else if works > 0 {
        Finding::ServersPartly {
            servers,
            answering: works,
        }
    } else if count(Answer::CredentialsRefused) > 0 {
        Finding::CredentialsRefused {
            servers: count(Answer::CredentialsRefused),
        }
    } else if count(Answer::RelayingRefused) > 0 {
        Finding::RelayingRefused {
            servers: count(Answer::RelayingRefused),
        }
    } else {
        Finding::ServersSilent { servers }
    }
}

/// How the router translates our addresses (RFC 4787, 4.1). `own` are the addresses of this machine.
pub(crate) fn judge(asked: &Asked, own: &[IpAddr], relay_is_online: bool) -> Finding {
    let answer = |wanted: Answer| {
        asked
            .answers
            .iter()
            .filter(move |it| it.1 == wanted)
            .count()
    };
    let silent = answer(Answer::Silent);
    if asked.mappings.is_empty() {
        let only_silence = silent > 0 && silent + answer(Answer::NotAsked) == asked.answers.len();
        return if only_silence && relay_is_online {
            Finding::UdpBlocked
        } else {
            Finding::TooFewServers
        };
    }
    // IPv4 is what most people have in common, and what is translated.
    let (v4, v6): (Vec<_>, Vec<_>) = asked.mappings.iter().partition(|it| it.mapped.is_ipv4());
    let of_family = |it: &[&Mapping]| of_family(it, own);
    of_family(&v4)
        .or_else(|| of_family(&v6))
        .unwrap_or(Finding::TooFewServers)
}

fn of_family(mappings: &[&Mapping], own: &[IpAddr]) -> Option<Finding> {
    let [first, others @ ..] = mappings else {
        return None;
    };
    let is_own = |it: &&Mapping| own.contains(&it.mapped.ip()) && it.mapped.port() == it.local_port;
    if mappings.iter().all(is_own) {
        return Some(Finding::NoNat);
    }
    let mut elsewhere = others
        .iter()
        .filter(|it| it.server != first.server)
        .peekable();
    elsewhere.peek()?;
    Some(if elsewhere.all(|it| it.mapped == first.mapped) {
        Finding::NatFriendly
    } else {
        Finding::NatSymmetric
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One server of 192.0.2.0/24, and where it saw our port 5000.
    fn mapping(server: u8, mapped: &str) -> Mapping {
        Mapping {
            server: ([192, 0, 2, server], 3478).into(),
            local_port: 5000,
            mapped: mapped.parse().unwrap(),
        }
    }

    fn judged(mappings: &[Mapping]) -> Finding {
        let asked = Asked {
            answers: vec![(Purpose::Stun, Answer::Works); mappings.len()],
            mappings: mappings.to_vec(),
        };
        judge(&asked, &["10.0.0.5".parse().unwrap()], true)
    }

    #[test]
    fn a_router_is_judged_by_whether_all_see_the_same() {
        let (one, other) = ("198.51.100.1:7001", "198.51.100.1:7002");
        let friendly = [mapping(1, one), mapping(2, one)];
        assert_eq!(judged(&friendly), Finding::NatFriendly);
        let symmetric = [mapping(1, one), mapping(2, one), mapping(3, other)];
        assert_eq!(judged(&symmetric), Finding::NatSymmetric);
        assert_eq!(judged(&[mapping(1, one)]), Finding::TooFewServers);
        let twice = [mapping(1, one), mapping(1, one)];
        assert_eq!(
            judged(&twice),
            Finding::TooFewServers,
            "one server with two names"
        );
    }

    #[test]
    fn one_server_that_sees_our_own_address_is_enough() {
        assert_eq!(judged(&[mapping(1, "10.0.0.5:5000")]), Finding::NoNat);
        assert_eq!(
            judged(&[mapping(1, "10.0.0.5:5001")]),
            Finding::TooFewServers
        );
        let v6 = mapping(1, "[2001:db8::1]:5000");
        let v4 = [mapping(2, "198.51.100.1:1"), mapping(3, "198.51.100.1:1")];
        assert_eq!(judged(&[v6, v4[0], v4[1]]), Finding::NatFriendly);
    }

    #[test]
    fn udp_is_blocked_when_all_are_silent_and_the_relay_is_not() {
        let asked = |answers: &[Answer]| Asked {
            answers: answers.iter().map(|it| (Purpose::Turn, *it)).collect(),
            mappings: Vec::new(),
        };
        let silent = asked(&[Answer::Silent, Answer::Silent, Answer::NotAsked]);
        assert_eq!(judge(&silent, &[], true), Finding::UdpBlocked);
        assert_eq!(judge(&silent, &[], false), Finding::TooFewServers);
        let refusing = asked(&[Answer::Silent, Answer::CredentialsRefused]);
        assert_eq!(judge(&refusing, &[], true), Finding::TooFewServers);
        assert_eq!(judge(&asked(&[]), &[], true), Finding::TooFewServers);
    }

    #[test]
    fn servers_are_judged_by_the_best_of_them() {
        use Answer::{CredentialsRefused, NotAsked, RelayingRefused, Silent, Works};

        let judged = |answers: &[Answer]| {
            let asked = Asked {
                answers: answers.iter().map(|it| (Purpose::Turn, *it)).collect(),
                mappings: Vec::new(),
            };
            assert_eq!(servers(&asked, Purpose::Stun), Finding::NoServers);
            servers(&asked, Purpose::Turn)
        };
        let servers = 1;
        assert_eq!(
            judged(&[Works, NotAsked]),
            Finding::ServersAnswer { servers }
        );
        assert_eq!(judged(&[NotAsked]), Finding::ServersNotChecked { servers });
        assert_eq!(judged(&[Silent]), Finding::ServersSilent { servers });
        assert_eq!(
            judged(&[CredentialsRefused, Silent]),
            Finding::CredentialsRefused { servers }
        );
        assert_eq!(
            judged(&[RelayingRefused]),
            Finding::RelayingRefused { servers }
        );
        let (servers, answering) = (2, 1);
        assert_eq!(
            judged(&[Works, Silent]),
            Finding::ServersPartly { servers, answering }
        );
    }
}
