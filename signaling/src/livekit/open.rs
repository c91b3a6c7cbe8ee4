//! A call that has a room: which tokens its parties have, and when it is over.

use std::mem;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::error::ApiError;
use super::room::{Identity, Names, RoomName};
use super::token::TTL;

/// The room of a call, from when it is made to when it is to be deleted.
#[derive(Debug)]
pub(super) struct Open {
    names: Names,
    /// Until when the token of each party is good.
    tokens_until: [Option<SystemTime>; 2],
    released: [bool; 2],
    /// When it is over, once somebody has released it.
    ends: Option<Instant>,
    /// Since when the relay has not known of either party.
    unattended: Option<Instant>,
    look: Look,
    /// When the look is due while a party is here.
    review_at: Instant,
    /// The last look found nobody.
    was_empty: bool,
}

/// When to look whether anybody is in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Due(Instant),
    /// The server is being asked.
    Asked,
}

/// The token of a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) room: RoomName,
    pub(super) identity: Identity,
    /// Until when the token is good.
    pub(super) until: SystemTime,
    /// Whether it is another token than the last one.
    pub(super) is_new: bool,
}

impl Open {
    pub(super) fn new(names: Names, now: Instant) -> Self {
        Self {
            names,
            tokens_until: [None; 2],
            released: [false; 2],
            ends: None,
            unattended: None,
            look: Look::Due(now + FIRST_LOOK),
            review_at: now + FIRST_LOOK,
            was_empty: false,
        }
    }

    pub(super) const fn room(&self) -> RoomName {
        self.names.room
    }

    /// The token of a party: the same one again, unless that ends soon.
    pub(super) fn seat(&mut self, party: usize, clock: SystemTime) -> Seat {
        let last = self.tokens_until[party].filter(|until| *until >= clock + LEAST);
        let until = last.unwrap_or(clock + TTL);
        self.tokens_until[party] = Some(until);
        Seat {
            room: self.names.room,
            identity: self.names.parties[party],
            until,
            is_new: last.is_none(),
        }
    }

    /// A party is done with the call. The other one may still say goodbye in the room, for a moment.
    pub(super) fn release(&mut self, party: usize, now: Instant) {
        self.released[party] = true;
        let ends = *self.ends.get_or_insert(now + GOODBYE);
        if self.released == [true; 2] {
            self.ends = Some(ends.min(now));
        }
    }

    /// Whether somebody has released it: nobody gets into it any more.
    pub(super) const fn is_released(&self) -> bool {
        self.ends.is_some()
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|at| at <= now)
    }

    /// The relay knows of a party.
    pub(super) fn attended(&mut self) {
        let was_left = self.unattended.take().is_some();
        if let (true, Look::Due(at)) = (was_left, &mut self.look) {
            *at = self.review_at;
        }
    }

    /// The relay knows of neither party any more.
    pub(super) fn left(&mut self, now: Instant) {
        if self.unattended.is_some() {
            return;
        }
        self.unattended = Some(now);
        if let Look::Due(at) = &mut self.look {
            *at = (*at).min(now + UNATTENDED);
        }
    }

    /// The relay ends: nobody is known from now on, and there is no time to wait.
    pub(super) fn hurry(&mut self, now: Instant) {
        self.unattended = Some(now);
        if let Look::Due(at) = &mut self.look {
            *at = now;
        }
        self.ends = self.ends.map(|at| at.min(now));
    }

    /// Whether to ask the server now who is in the room; it counts as asked.
    pub(super) fn take_look(&mut self, now: Instant) -> bool {
        let is_due = matches!(self.look, Look::Due(at) if at <= now);
        if is_due {
            self.look = Look::Asked;
        }
        is_due
    }

    /// How many the server found there. Returns whether the call is over.
    pub(super) fn looked(&mut self, found: Result<usize, ApiError>, now: Instant) -> bool {
        let is_empty = found == Ok(0);
        let was_empty = mem::replace(&mut self.was_empty, is_empty);
        let unattended = self.unattended.map(|since| now.duration_since(since));
        self.review_at = now + if is_empty { SECOND_LOOK } else { REVIEW };
        self.look = Look::Due(match unattended {
            Some(_) => now + LOOK,
            None => self.review_at,
        });
        match unattended {
            Some(for_long) => is_empty || for_long >= LONGEST_UNATTENDED,
            // Both may have lost the server at this moment, and be on their way back.
            None => is_empty && was_empty,
        }
    }

    /// Whether the server is not being asked, nor due to be.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        matches!(self.look, Look::Due(at) if at > now) && !self.is_over(now)
    }
}

/// How long a room is there after one party has released it: the other one's last words.
const GOODBYE: Duration = Duration::from_millis(1_000);

/// A token that ends within this is not given to anybody: it is used when the call is accepted, and
/// a ring takes 90 s at most.
const LEAST: Duration = Duration::from_secs(120);

/// How long a room is left alone whose parties are not here: a relay that was away for a moment finds
/// them again, and a call that still rings has nobody in its room.
const UNATTENDED: Duration = Duration::from_secs(10);

/// How often the server is asked afterwards, while somebody is in it. A party that was killed is gone
/// there after 20 s.
const LOOK: Duration = Duration::from_secs(3);

/// When the server is asked first while parties are here: a call that was answered has somebody in
/// its room by then, and one that was not is over. Whoever only asks for rooms does not keep them.
const FIRST_LOOK: Duration = Duration::from_secs(120);

/// How often the server is asked while parties are here: one that forgets to release a call does not
/// keep it for ever.
const REVIEW: Duration = Duration::from_secs(60 * 60);

/// Then, where nobody was found: longer than a call waits for its path.
const SECOND_LOOK: Duration = Duration::from_secs(120);

/// A call whose parties have not been here for so long is over, whoever is in its room.
const LONGEST_UNATTENDED: Duration = Duration::from_secs(6 * 60 * 60);
