//! Who is near: what all finders heard, merged by alias. Sans-IO: sightings and time in.
//!
//! Everything in it is a stranger's word, and so it is bounded: in all, per machine and per member.
//! Whoever was [confirmed](Neighbours::confirm) keeps its place, whatever else is announced.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use identity::Address;

use crate::announcement::Announcement;
use crate::lan::{FinderKind, Sighting};

/// The members of the networks that are heard at present, by alias.
#[derive(Debug, Default)]
pub struct Neighbours {
    members: BTreeMap<Address, Neighbour>,
}

/// A member that is heard.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// What it said last.
    pub announcement: Announcement,
    /// Whether somebody was proven to be at it.
    confirmed: bool,
    /// Whether it was recognised as somebody whom the user knows.
    known: bool,
    heard: Instant,
    /// At most [`Sighting::MAX_PLACES`], the best first.
    places: Vec<Place>,
}

/// What a sighting changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was heard before, and says the same from the same places.
    Nothing,
    /// It is new.
    Appeared,
    /// It says something else, or can be reached elsewhere.
    Changed,
    /// There is no place for it: everybody who is there is known or proven.
    Refused,
}

/// Where a member may be reached, and until when which finder says so.
#[derive(Clone, Debug)]
struct Place {
    address: SocketAddr,
    heard: Instant,
    until: BTreeMap<FinderKind, Instant>,
}

impl Neighbours {
    /// More members than a network has where one looks for a person in a list. Each takes at most
    /// about two KiB.
    pub const MAX: usize = 256;

    /// Aliases at one IP address: each profile on a machine is one, and so is each that was started
    /// again after a crash and is not forgotten yet.
    pub const MAX_PER_MACHINE: usize = 8;

    /// Takes what a finder heard of a member whom nobody knows. Where it is one too many of a machine
    /// or in all, it takes the place of one that was not [confirmed](Self::confirm): whoever is new
    /// is asked at once who they are, so a flood takes the places of what did not answer.
    pub fn heard(&mut self, now: Instant, sighting: Sighting) -> Change {
        self.take(now, sighting, false)
    }

    /// Takes what a finder heard of somebody who was recognised: nobody else can make announcements
    /// that are, so those are never too many of a machine, and no flood takes their places.
    pub fn heard_of_known(&mut self, now: Instant, sighting: Sighting) -> Change {
        self.take(now, sighting, true)
    }

    /// A finder does not hear a member any more. Returns whether it is gone: nobody else does. That
    /// it answered a question once does not keep a member that announced itself and has stopped.
    pub fn gone(&mut self, alias: &Address, finder: FinderKind) -> bool {
        let Some(member) = self.members.get_mut(alias) else {
            return false;
        };
        let gone = !member.stays_with(|by, _| by != finder);
        if gone {
            self.members.remove(alias);
        }
        gone
    }

    /// Forgets a member until it is heard again. Returns whether it was known.
    pub fn forget(&mut self, alias: &Address) -> bool {
        self.members.remove(alias).is_some()
    }

    /// Somebody was proven to be there: no flood of announcements takes its place.
    pub fn confirm(&mut self, alias: &Address) {
        if let Some(member) = self.members.get_mut(alias) {
            member.confirmed = true;
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let places = self.members.values().flat_map(|it| &it.places);
        places.flat_map(|it| it.until.values()).min().copied()
    }

    /// Drops what was not heard again in time. Returns the members that are gone by it.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Address> {
        let mut gone = Vec::new();
        self.members.retain(|alias, member| {
            let stays = member.stays_with(|_, until| until > now);
            if !stays {
                gone.push(*alias);
            }
            stays
        });
        gone
    }

    /// The member at an alias.
    #[must_use]
    pub fn get(&self, alias: &Address) -> Option<&Neighbour> {
        self.members.get(alias)
    }

    /// All members, in the order of their aliases, which is as good as none.
    pub fn iter(&self) -> impl Iterator<Item = &Neighbour> {
        self.members.values()
    }

    fn take(&mut self, now: Instant, sighting: Sighting, is_known: bool) -> Change {
        let Some(first) = sighting.places.first() else {
            return Change::Nothing;
        };
        let alias = sighting.announcement.alias;
        if let Some(known) = self.members.get_mut(&alias) {
            known.known |= is_known;
            return known.heard(now, sighting);
        }
        let machine = first.ip();
        if !is_known && self.at(machine).count() >= Self::MAX_PER_MACHINE {
            self.forget_oldest(Some(machine));
        }
        let has_room = self.members.len() < Self::MAX
            || self.forget_oldest(None)
            || is_known && self.forget_oldest_stranger();
        if !has_room {
            return Change::Refused;
        }
        let mut new = Neighbour {
            announcement: sighting.announcement.clone(),
            confirmed: false,
            known: is_known,
            heard: now,
            places: Vec::new(),
        };
        new.heard(now, sighting);
        self.members.insert(alias, new);
        Change::Appeared
    }

    /// The unconfirmed members that are at an IP address first of all.
    fn at(&self, ip: IpAddr) -> impl Iterator<Item = &Neighbour> {
        self.members.values().filter(move |it| {
            let first = it.places().next();
            !it.confirmed && !it.known && first.is_some_and(|place| place.ip() == ip)
        })
    }

    /// Forgets the unconfirmed member that was not heard for the longest time, of those at an IP
    /// address or of all. Whether there was one.
    fn forget_oldest(&mut self, of: Option<IpAddr>) -> bool {
        let oldest = match of {
            Some(ip) => self.at(ip).min_by_key(|it| it.heard),
            None => {
                let all = self.members.values();
                let unconfirmed = all.filter(|it| !it.confirmed && !it.known);
                unconfirmed.min_by_key(|it| it.heard)
            }
        };
        let oldest = oldest.map(|it| it.announcement.alias);
        oldest.is_some_and(|alias| self.forget(&alias))
    }

    /// The same, of those who proved to be somebody whom the user does not know: keys cost nothing,
    /// so a crowd of strangers may be one machine.
    fn forget_oldest_stranger(&mut self) -> bool {
        let strangers = self.members.values().filter(|it| !it.known);
        let oldest = strangers.min_by_key(|it| it.heard);
        let oldest = oldest.map(|it| it.announcement.alias);
        oldest.is_some_and(|alias| self.forget(&alias))
    }
}

impl Neighbour {
    /// Where it may be reached, the best first. At most [`Sighting::MAX_PLACES`].
    pub fn places(&self) -> impl Iterator<Item = SocketAddr> {
        self.places.iter().map(|it| it.address)
    }

    /// Who hears it.
    pub fn finders(&self) -> impl Iterator<Item = FinderKind> {
        let holds = self.places.iter().flat_map(|it| it.until.keys());
        holds.copied().collect::<BTreeSet<_>>().into_iter()
    }

    /// Takes a sighting of this member; what it took back is not believed. The order of its places
    /// holds, before those that were known before. Of those that a finder knows, and of all, the ones that were not heard for the longest
    /// time make room: what is forged for one finder takes no places of another.
    fn heard(&mut self, now: Instant, sighting: Sighting) -> Change {
        let before: Vec<_> = self.places().collect();
        let mut places = Vec::new();
        for address in sighting.places {
            if places.iter().any(|it: &Place| it.address == address) {
                continue;
            }
            if places.len() >= Sighting::MAX_PLACES_OF_ONE {
                break;
            }
            let known = self.places.iter().position(|it| it.address == address);
            let mut place = match known {
                Some(at) => self.places.remove(at),
                None => Place {
                    address,
                    heard: now,
                    until: BTreeMap::new(),
                },
            };
            place.heard = now;
            place.until.insert(sighting.finder, now + sighting.lasts);
            places.push(place);
        }
        self.make_room(places.len(), sighting.finder);
        places.append(&mut self.places);
        self.places = places;
        self.heard = now;
        let is_old = self.announcement.is_newer_than(&sighting.announcement);
        let says_same = is_old || self.announcement == sighting.announcement;
        if !says_same {
            self.announcement = sighting.announcement;
        }
        if says_same && self.places().eq(before) {
            Change::Nothing
        } else {
            Change::Changed
        }
    }

    /// Drops what finders say of places, as far as it is not to be kept. Returns whether the member
    /// is there by what is left.
    fn stays_with(&mut self, keep: impl Fn(FinderKind, Instant) -> bool) -> bool {
        let was_announced = self.is_announced();
        self.retain_holds(keep);
        !self.places.is_empty() && (self.is_announced() || !was_announced)
    }

    fn is_announced(&self) -> bool {
        let mut holds = self.places.iter().flat_map(|it| it.until.keys());
        holds.any(|it| match it {
            FinderKind::DnsSd | FinderKind::Beacon => true,
            FinderKind::Asked => false,
        })
    }

    /// Makes room for so many places that a finder hears now.
    fn make_room(&mut self, new: usize, finder: FinderKind) {
        let known = |it: &&mut Place| it.until.contains_key(&finder);
        while self.places.iter_mut().filter(known).count() + new > Sighting::MAX_PLACES_OF_ONE
            && let Some(oldest) = self
                .places
                .iter_mut()
                .filter(known)
                .min_by_key(|it| it.until[&finder])
        {
            oldest.until.remove(&finder);
        }
        self.places.retain(|it| !it.until.is_empty());
        while self.places.len() + new > Sighting::MAX_PLACES
            && let Some((oldest, _)) = self
                .places
                .iter()
                .enumerate()
                .min_by_key(|(_, it)| it.heard)
        {
            self.places.remove(oldest);
        }
    }

    /// Drops what finders say of places, and places of which none says anything any more.
    fn retain_holds(&mut self, keep: impl Fn(FinderKind, Instant) -> bool) {
        self.places.retain_mut(|place| {
            place.until.retain(|finder, until| keep(*finder, *until));
            !place.until.is_empty()
        });
    }
}

#[cfg(test)]
mod tests;
