//! Which beacons are heard from where, and which goodbyes are believed. Sans-IO.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use identity::Address;

use super::datagram::{Goodbye, SourceProof};
use crate::announcement::Announcement;
use crate::encoding::Claimed;
use crate::finders::checks::Checks;
use crate::interfaces::Interfaces;
use crate::lan::Sighting;
use crate::neighbours::Neighbours;

/// The members whose beacons are heard: each says what it says itself, from where it is.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    members: HashMap<Address, Member>,
    checks: Checks,
}

#[derive(Debug)]
struct Member {
    announcement: Announcement,
    told: Instant,
    /// At most [`Sighting::MAX_PLACES_OF_ONE`].
    places: Vec<Place>,
}

/// Where a beacon came from.
#[derive(Debug)]
struct Place {
    address: SocketAddr,
    until: Instant,
}

impl Hearing {
    /// A beacon, if it is its alias's own, was sent by it from `source`, and was not taken back. What
    /// was heard before is not checked again, and of what is new only so much at a time.
    pub(super) fn verify(
        &mut self,
        now: Instant,
        claimed: Claimed,
        proof: &SourceProof,
        source: SocketAddr,
    ) -> Option<Announcement> {
        let said = claimed.unverified();
        let (alias, place) = (said.alias, place(said, source));
        let known = self.members.get(&alias);
        let is_known = known.is_some_and(|it| it.announcement == *said);
        if known.is_some_and(|it| it.announcement.is_newer_than(said)) {
            return None;
        }
        let is_known_there = known.is_some_and(|it| it.is_at(place));
        let mut check = || self.checks.take(now);
        if !(is_known_there || check() && proof.is_of(&alias, source.ip())) {
            return None;
        }
        if is_known {
            return known.map(|it| it.announcement.clone());
        }
        if !check() {
            return None;
        }
        claimed.verify().ok()
    }

    /// Takes a genuine beacon that came from `source`. Returns where its member may be reached, the
    /// nearest first, unless that was told just now.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        announcement: &Announcement,
        source: SocketAddr,
        interfaces: &Interfaces,
    ) -> Option<Vec<SocketAddr>> {
        let place = place(announcement, source);
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
        let is_new = member.heard_at(now, place);
        let changed = member.announcement != *announcement;
        if !is_new && !changed && now < member.told + TOLD_AGAIN {
            return None;
        }
        member.told = now;
        member.announcement = announcement.clone();
        Some(interfaces.nearest(member.places.iter().map(|it| it.address)))
    }

    /// Takes a goodbye. Returns whether its member is gone.
    pub(super) fn goodbye(&mut self, now: Instant, goodbye: &Goodbye) -> bool {
        let is_genuine = self.members.contains_key(&goodbye.alias)
            && self.checks.take(now)
            && goodbye.is_genuine();
        is_genuine && self.members.remove(&goodbye.alias).is_some()
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
        if self.members.len() < Neighbours::MAX {
            return;
        }
        let oldest = self.members.iter().min_by_key(|(_, it)| it.told);
        if let Some(alias) = oldest.map(|(alias, _)| *alias) {
            self.members.remove(&alias);
        }
    }
}

impl Member {
    fn is_at(&self, address: SocketAddr) -> bool {
        self.places.iter().any(|it| it.address == address)
    }

    /// Returns whether the place is new. One that was not heard for the longest time makes room.
    fn heard_at(&mut self, now: Instant, address: SocketAddr) -> bool {
        let until = now + LASTS;
        if let Some(known) = self.places.iter_mut().find(|it| it.address == address) {
            known.until = until;
            return false;
        }
        if self.places.len() >= Sighting::MAX_PLACES_OF_ONE {
            let places = self.places.iter().enumerate();
            if let Some((oldest, _)) = places.min_by_key(|(_, it)| it.until) {
                self.places.remove(oldest);
            }
        }
        self.places.push(Place { address, until });
        true
    }
}

/// Where the relay of a member is whose beacon came from `source`.
fn place(announcement: &Announcement, source: SocketAddr) -> SocketAddr {
    let mut place = source;
    place.set_port(announcement.port);
    place
}

/// How long a beacon holds: three are sent in the time.
pub(super) const LASTS: Duration = Duration::from_secs(25);

/// A beacon comes several times, by multicast and by broadcast; once is enough to tell.
const TOLD_AGAIN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
