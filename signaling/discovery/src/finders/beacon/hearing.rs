//! Which beacons are heard from where, and which goodbyes are believed. Sans-IO.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use identity::Address;

use super::datagram::{Farewell, Secret};
use crate::announcement::Announcement;
use crate::interfaces::Interfaces;
use crate::lan::Sighting;

/// The members whose beacons are heard.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    members: HashMap<Address, Member>,
}

#[derive(Debug)]
struct Member {
    announcement: Announcement,
    told: Instant,
    places: Vec<Place>,
}

/// Where a beacon came from.
#[derive(Debug)]
struct Place {
    address: SocketAddr,
    farewell: Farewell,
    until: Instant,
}

impl Hearing {
    /// Takes a beacon that came from `source`. Returns where its member may be reached, the nearest
    /// first, unless that was told just now.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        announcement: &Announcement,
        farewell: Farewell,
        source: SocketAddr,
        interfaces: &Interfaces,
    ) -> Option<Vec<SocketAddr>> {
        let mut place = source;
        place.set_port(announcement.port);
        interfaces.nearness(place)?;
        self.forget_silent(now);
        let alias = announcement.alias;
        if !self.members.contains_key(&alias) {
            self.make_room();
        }
        let member = self.members.entry(alias).or_insert_with(|| Member {
            announcement: announcement.clone(),
            told: now.checked_sub(TOLD_AGAIN).unwrap_or(now),
            places: Vec::new(),
        });
        let is_new = member.heard_at(now, place, farewell);
        let changed = member.announcement != *announcement;
        if !is_new && !changed && now < member.told + TOLD_AGAIN {
            return None;
        }
        member.told = now;
        member.announcement = announcement.clone();
        Some(interfaces.nearest(member.places.iter().map(|it| it.address)))
    }

    /// Takes a goodbye. Returns whether its member is gone: what was heard from elsewhere under the
    /// same alias, with another secret, is not.
    pub(super) fn goodbye(&mut self, alias: &Address, secret: Secret) -> bool {
        let Some(member) = self.members.get_mut(alias) else {
            return false;
        };
        let farewell = secret.farewell();
        member.places.retain(|it| it.farewell != farewell);
        let gone = member.places.is_empty();
        if gone {
            self.members.remove(alias);
        }
        gone
    }

    /// Drops what was not heard for a while. Nobody needs to be told: a sighting says how long it
    /// lasts.
    fn forget_silent(&mut self, now: Instant) {
        self.members.retain(|_, member| {
            member.places.retain(|it| it.until > now);
            !member.places.is_empty()
        });
    }

    fn make_room(&mut self) {
        if self.members.len() < MAX_MEMBERS {
            return;
        }
        let oldest = self.members.iter().min_by_key(|(_, it)| it.told);
        if let Some(alias) = oldest.map(|(alias, _)| *alias) {
            self.members.remove(&alias);
        }
    }
}

impl Member {
    /// Returns whether the place is new. The farewell that was heard there first holds until the
    /// place is forgotten, or a forged beacon could bring its own.
    fn heard_at(&mut self, now: Instant, address: SocketAddr, farewell: Farewell) -> bool {
        let until = now + LASTS;
        if let Some(known) = self.places.iter_mut().find(|it| it.address == address) {
            known.until = until;
            return false;
        }
        let has_room = self.places.len() < Sighting::MAX_PLACES;
        if has_room {
            self.places.push(Place {
                address,
                farewell,
                until,
            });
        }
        has_room
    }
}

/// How long a beacon holds: three are sent in the time.
pub(super) const LASTS: Duration = Duration::from_secs(25);

/// A beacon comes several times, by multicast and by broadcast; once is enough to tell.
const TOLD_AGAIN: Duration = Duration::from_secs(2);

/// As many as the table of neighbours has.
const MAX_MEMBERS: usize = 256;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::interfaces::{Interface, Kind};

    const OURS: Secret = Secret([1; 16]);
    const FORGED: Secret = Secret([2; 16]);

    fn networks() -> Interfaces {
        let interface = |address: [u8; 4], kind| Interface {
            index: 1,
            address: Ipv4Addr::from(address).into(),
            prefix: 24,
            broadcast: None,
            kind,
        };
        Interfaces(vec![
            interface([10, 0, 0, 1], Kind::Network),
            interface([10, 8, 0, 1], Kind::Tunnel),
        ])
    }

    fn announcement(number: u8) -> Announcement {
        Announcement {
            alias: Address::from_bytes([number; 32]),
            port: 4080,
            version: 2,
            tokens: Vec::new(),
            named: None,
        }
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_beacon_is_told_once_and_again_when_it_has_lasted_a_while() {
        let (mut hearing, now, networks) = (Hearing::default(), Instant::now(), networks());
        let mut hear = |after: u64, source: &str| {
            let now = now + Duration::from_millis(after);
            hearing.heard(
                now,
                &announcement(1),
                OURS.farewell(),
                at(source),
                &networks,
            )
        };
        assert_eq!(hear(0, "10.0.0.9:777"), Some(vec![at("10.0.0.9:4080")]));
        assert_eq!(hear(1, "10.0.0.9:777"), None);
        assert_eq!(hear(1999, "10.0.0.9:778"), None);
        assert!(hear(2000, "10.0.0.9:777").is_some());
        // From a tunnel too: behind what is nearer. Nothing comes from the internet.
        let both = vec![at("10.0.0.9:4080"), at("10.8.0.9:4080")];
        assert_eq!(hear(2001, "10.8.0.9:777"), Some(both));
        assert_eq!(hear(9000, "93.184.216.34:777"), None);
        // A place that is not heard any more is forgotten.
        assert_eq!(
            hear(40_000, "10.8.0.9:777"),
            Some(vec![at("10.8.0.9:4080")])
        );
    }

    #[test]
    fn a_goodbye_is_believed_from_the_member_itself_only() {
        let (mut hearing, now, networks) = (Hearing::default(), Instant::now(), networks());
        let said = announcement(1);
        let hear = |hearing: &mut Hearing, secret: Secret, source: &str| {
            hearing.heard(now, &said, secret.farewell(), at(source), &networks)
        };
        hear(&mut hearing, OURS, "10.0.0.9:777");
        // Somebody else beacons for the alias, from elsewhere and as if from the same place.
        hear(&mut hearing, FORGED, "10.0.0.66:777");
        hear(&mut hearing, FORGED, "10.0.0.9:777");
        assert!(!hearing.goodbye(&said.alias, FORGED));
        assert!(hearing.goodbye(&said.alias, OURS));
        assert!(!hearing.goodbye(&said.alias, OURS));
    }

    #[test]
    fn a_flood_of_beacons_stays_bounded() {
        let (mut hearing, now, networks) = (Hearing::default(), Instant::now(), networks());
        for number in 0..2000_u32 {
            let mut said = announcement(0);
            let mut alias = [0; 32];
            alias[..4].copy_from_slice(&number.to_be_bytes());
            said.alias = Address::from_bytes(alias);
            for host in 2..20 {
                let source = SocketAddr::from(([10, 0, 0, host], 7));
                hearing.heard(now, &said, FORGED.farewell(), source, &networks);
            }
        }
        assert_eq!(hearing.members.len(), MAX_MEMBERS);
        let most = hearing.members.values().map(|it| it.places.len()).max();
        assert_eq!(most, Some(Sighting::MAX_PLACES));
    }
}
