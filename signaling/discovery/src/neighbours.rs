//! Who is near: what all finders heard, merged by alias. Sans-IO: sightings and time in.
//!
//! Everything in it is a stranger's word, and so it is bounded: in all, per machine and per member.
//! Whoever was [confirmed](Neighbours::confirm) keeps its place, whatever else is announced.

mod neighbour;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use identity::Address;

pub use self::neighbour::Neighbour;
use crate::lan::{FinderKind, Sighting};

/// The members of the networks that are heard at present, by alias.
#[derive(Debug, Default)]
pub struct Neighbours {
    members: BTreeMap<Address, Neighbour>,
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

impl Neighbours {
    /// More members than a network has where one looks for a person in a list. Each takes at most
    /// about four KiB.
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
            member.confirm();
        }
    }

    /// Nobody proved to be the member at its places. Where a finder claims more of them than there
    /// is room for, others come in their stead, those first that were tried least. Returns whether
    /// there is one now that nobody tried: not too often, whatever is claimed.
    pub fn failed(&mut self, now: Instant, alias: &Address) -> bool {
        let member = self.members.get_mut(alias);
        member.is_some_and(|it| it.failed(now))
    }

    /// Places to ask again, of members that are known or proven and that only answers tell of: who
    /// goes on to answer stays. Each is asked every `ASK_AGAIN`, and `MAX_ASKED_AGAIN` members
    /// in that time.
    pub fn ask_again(&mut self, now: Instant) -> Vec<SocketAddr> {
        let members = self.members.values_mut();
        let kept =
            members.filter(|it| (it.confirmed || it.known) && it.finders().eq([FinderKind::Asked]));
        let mut places = Vec::new();
        for member in kept.take(MAX_ASKED_AGAIN) {
            if now >= member.asked + ASK_AGAIN {
                member.asked = now;
                places.extend(member.places());
            }
        }
        places
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
        let mut new = Neighbour::new(now, &sighting, is_known);
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

/// Between two questions of whether somebody is still there: each is a connection. Three are asked
/// in the time for which an answer holds.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// More people than somebody reaches where their network tells of nobody.
const MAX_ASKED_AGAIN: usize = 16;

#[cfg(test)]
mod tests;
