//! One member: what it said, and where it may be reached.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Change;
use crate::announcement::Announcement;
use crate::lan::{FinderKind, Sighting};

/// A member that is heard.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// What it said last.
    pub announcement: Announcement,
    /// Whether somebody was proven to be at it.
    pub(super) confirmed: bool,
    /// Whether it was recognised as somebody whom the user knows.
    pub(super) known: bool,
    pub(super) heard: Instant,
    /// At most [`Sighting::MAX_PLACES`], the best first.
    pub(super) places: Vec<Place>,
    /// Places that are claimed too, for when nobody is at those: at most [`Sighting::MAX_CLAIMED`].
    pub(super) spare: Vec<Spare>,
    /// Since when it was sent to how many other places.
    moves: (Instant, u32),
    /// When it was asked last whether it is still there.
    pub(super) asked: Instant,
}

/// Where a member may be reached, and until when which finder says so.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) address: SocketAddr,
    heard: Instant,
    pub(super) until: BTreeMap<FinderKind, Instant>,
    doubts: Doubts,
}

/// The same, of a place for which there is no room.
#[derive(Clone, Debug)]
pub(super) struct Spare {
    pub(super) address: SocketAddr,
    pub(super) finder: FinderKind,
    until: Instant,
    doubts: Doubts,
}

/// How little it is believed that a member is at a place: addresses of multicast DNS are signed by
/// nobody, so that only trying them tells which are true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Doubts(u32);

impl Doubts {
    /// The member was among these places.
    const PROVEN: Self = Self(0);
    /// Nobody tried. What was proven may fail once before others are as good: a machine that is busy
    /// for a moment has not moved.
    const UNTRIED: Self = Self(2);

    /// Nobody was there in time. The first of several had most of it: others shall be first before it
    /// is again, for whoever takes a connection and lies hides those behind it.
    fn fail(&mut self, was_first: bool) {
        self.0 = self
            .0
            .saturating_add(if was_first { FIRST_FAILED } else { 1 });
    }

    fn is_proven(self) -> bool {
        self < Self::UNTRIED
    }

    /// What was proven does not come before what is nearer.
    fn rank(self) -> Self {
        self.max(Self::UNTRIED)
    }
}

impl Neighbour {
    /// One that was heard nowhere yet.
    pub(super) fn new(now: Instant, sighting: &Sighting, is_known: bool) -> Self {
        Self {
            announcement: sighting.announcement.clone(),
            confirmed: false,
            known: is_known,
            heard: now,
            places: Vec::new(),
            spare: Vec::new(),
            moves: (now, 0),
            asked: now,
        }
    }

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
    /// holds, before those that were known before and after what was tried in vain. Of those that a
    /// finder knows, and of all, the ones that were not heard for the longest time make room: what
    /// is forged for one finder takes no places of another.
    pub(super) fn heard(&mut self, now: Instant, sighting: Sighting) -> Change {
        let before: Vec<_> = self.places().collect();
        let until = now + sighting.lasts;
        let claimed = self.chosen(&sighting, until);
        let mut places = Vec::new();
        for Spare {
            address, doubts, ..
        } in claimed
        {
            let known = self.places.iter().position(|it| it.address == address);
            let mut place = match known {
                Some(at) => self.places.remove(at),
                None => Place {
                    address,
                    heard: now,
                    until: BTreeMap::new(),
                    doubts,
                },
            };
            place.heard = now;
            place.until.insert(sighting.finder, until);
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

    /// The places of a sighting for which there is room: those that were proven or not tried in vain.
    /// The others are kept as spare.
    fn chosen(&mut self, sighting: &Sighting, until: Instant) -> Vec<Spare> {
        let mut claimed: Vec<Spare> = Vec::new();
        for address in sighting.places.iter().take(Sighting::MAX_CLAIMED) {
            if claimed.iter().all(|it| it.address != *address) {
                claimed.push(Spare {
                    address: *address,
                    finder: sighting.finder,
                    until,
                    doubts: self.doubts(*address),
                });
            }
        }
        let mut by_doubts: Vec<usize> = (0..claimed.len()).collect();
        by_doubts.sort_by_key(|at| claimed[*at].doubts);
        by_doubts.truncate(self.room(&claimed, sighting.finder));
        let (mut chosen, mut rest) = (Vec::new(), Vec::new());
        for (at, place) in claimed.into_iter().enumerate() {
            let kept = if by_doubts.contains(&at) {
                &mut chosen
            } else {
                &mut rest
            };
            kept.push(place);
        }
        let is_said = |it: &Spare| sighting.places.contains(&it.address);
        self.spare
            .retain(|it| it.finder != sighting.finder || !is_said(it));
        self.spare.extend(rest);
        self.bound_spare();
        chosen.sort_by_key(|it| it.doubts.rank());
        chosen
    }

    /// For how many of these there is room beside what was proven and is not among them: whoever
    /// claims others, and has the daemon forget the true one, does not push it out.
    fn room(&self, claimed: &[Spare], finder: FinderKind) -> usize {
        let kept = self.places.iter().filter(|it| {
            let is_claimed = claimed.iter().any(|other| other.address == it.address);
            it.doubts.is_proven() && it.until.contains_key(&finder) && !is_claimed
        });
        Sighting::MAX_PLACES_OF_ONE
            .saturating_sub(kept.count())
            .max(1)
    }

    /// Those that were tried most go first.
    fn bound_spare(&mut self) {
        self.spare.sort_by_key(|it| it.doubts);
        self.spare.truncate(Sighting::MAX_CLAIMED);
    }

    fn doubts(&self, address: SocketAddr) -> Doubts {
        let places = self.places.iter().map(|it| (it.address, it.doubts));
        let spare = self.spare.iter().map(|it| (it.address, it.doubts));
        let mut all = places.chain(spare);
        let known = all.find(|(it, _)| *it == address);
        known.map_or(Doubts::UNTRIED, |(_, doubts)| doubts)
    }

    /// Somebody was proven to be at one of its places.
    pub(super) fn confirm(&mut self) {
        self.confirmed = true;
        for place in &mut self.places {
            place.doubts = Doubts::PROVEN;
        }
    }

    /// Takes that nobody proved to be it at its places.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        let was_proven = self.places.iter().any(|it| it.doubts == Doubts::PROVEN);
        for (at, place) in self.places.iter_mut().enumerate() {
            place.doubts.fail(at == 0 && !was_proven);
        }
        if was_proven {
            return false;
        }
        self.spare.sort_by_key(|it| it.doubts);
        let mut held: Vec<SocketAddr> = self.places().collect();
        for place in &mut self.places {
            let Place { until, doubts, .. } = &*place;
            let other = self.spare.iter_mut().find(|it| {
                let is_of_one = until.len() == 1 && until.contains_key(&it.finder);
                it.doubts < *doubts && is_of_one && !held.contains(&it.address)
            });
            if let Some(other) = other {
                held.push(other.address);
                std::mem::swap(&mut place.address, &mut other.address);
                std::mem::swap(&mut place.doubts, &mut other.doubts);
            }
        }
        self.places.sort_by_key(|it| it.doubts);
        if now >= self.moves.0 + MOVES_WINDOW {
            self.moves = (now, 0);
        }
        let first = self.places.first();
        let is_untried = first.is_some_and(|it| it.doubts <= Doubts::UNTRIED);
        let may_move = is_untried && self.moves.1 < MAX_MOVES;
        self.moves.1 += u32::from(may_move);
        may_move
    }

    /// Drops what finders say of places, as far as it is not to be kept. Returns whether the member
    /// is there by what is left.
    pub(super) fn stays_with(&mut self, keep: impl Fn(FinderKind, Instant) -> bool) -> bool {
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
                .min_by_key(|it| (it.doubts.is_proven(), it.until[&finder]))
        {
            let spare = oldest.until.remove(&finder).map(|until| Spare {
                address: oldest.address,
                finder,
                until,
                doubts: oldest.doubts,
            });
            self.spare.extend(spare);
        }
        self.bound_spare();
        self.places.retain(|it| !it.until.is_empty());
        while self.places.len() + new > Sighting::MAX_PLACES
            && let Some((oldest, _)) = self
                .places
                .iter()
                .enumerate()
                .min_by_key(|(_, it)| (it.doubts.is_proven(), it.heard))
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
        self.spare.retain(|it| keep(it.finder, it.until));
    }
}

/// More than the others fail until all have been first.
const FIRST_FAILED: u32 = 16;

/// How often somebody is looked for elsewhere in [`MOVES_WINDOW`]: as often as all places take that
/// may be claimed. Whoever claims new ones all the time makes us try no more than that.
pub(super) const MAX_MOVES: u32 = (Sighting::MAX_CLAIMED / Sighting::MAX_PLACES_OF_ONE) as u32;

const MOVES_WINDOW: Duration = Duration::from_secs(30);
