//! Calls and their rooms: who has asked for which, and what the server is to be asked next. No
//! sockets, no clocks, no randomness.
//!
//! ```text
//! (nothing) → Waiting   one party has asked
//!           → Making    the other one has too; the server is asked for a room
//!           → Open      both have been told
//!           → (over)    released by one, or lost by both; the room is deleted
//! Waiting, Making → Done     released by one party, while the other one waits
//!                 → (over)   released by the other one too, or it has been told
//! ```
//!
//! What must never happen: a third token for a room, or a room that nobody deletes while the relay
//! runs. That a call runs without its relay for a while must not cost it its room: where both parties
//! are lost the server is asked whether anybody is in it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use signal_wire::{Address, CallNumber, NoAccess, SessionToken};
use tokio::time::Instant;

use super::askers::{Answer, Askers, Claim};
use super::closing::Closing;
use super::error::ApiError;
use super::open::Open;
use super::over::Over;
use super::room::Names;

mod output;

pub(super) use output::{Told, Wish};

/// Every call that somebody asked access for.
#[derive(Debug)]
pub(super) struct Calls {
    by_number: HashMap<CallNumber, Call>,
    most: usize,
    pub(super) askers: Askers,
    over: Over,
    pub(super) closing: Closing,
    to_make: VecDeque<CallNumber>,
    /// Wishes for a room of which it is not known yet what became of them: more than calls that are
    /// [`Stage::Making`], because a call may be over before the server answers.
    being_made: usize,
    to_look: VecDeque<CallNumber>,
    /// The relay ends.
    is_ending: bool,
}

/// A call and its two parties: who asked first, and whom they named.
#[derive(Debug)]
struct Call {
    parties: [Address; 2],
    claims: [Option<Claim>; 2],
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Waiting {
        until: Instant,
    },
    Making {
        until: Instant,
    },
    /// One party was done before there was a room, and the other one waits. It hears of it from the
    /// first one, with the reason; from the relay only if it still waits at `until`.
    Done {
        by: usize,
        until: Instant,
    },
    Open(Box<Open>),
}

impl Calls {
    /// At most so many calls in all, and so many parts in them from one source.
    pub(super) fn new(most: usize, most_of_source: usize) -> Self {
        Self {
            by_number: HashMap::new(),
            most,
            askers: Askers::new(most, most_of_source),
            over: Over::default(),
            closing: Closing::new(most),
            to_make: VecDeque::new(),
            being_made: 0,
            to_look: VecDeque::new(),
            is_ending: false,
        }
    }

    /// A party asks for its access to a call with somebody.
    pub(super) fn ask(&mut self, claim: Claim, call: CallNumber, with: Address, now: Instant) {
        let taken = if !self.askers.admit(&claim, now) || self.over.contains(call) {
            Err(NoAccess::Refused)
        } else if self.by_number.contains_key(&call) {
            self.ask_again(claim, call, with, now)
        } else {
            self.begin(claim, call, with, now)
        };
        if let Err(why) = taken {
            self.askers.tell(&claim, call, Answer::No(why));
        }
    }

    /// The first one asks.
    fn begin(
        &mut self,
        claim: Claim,
        call: CallNumber,
        with: Address,
        now: Instant,
    ) -> Result<(), NoAccess> {
        let is_with_oneself = claim.address == with;
        let is_full = self.by_number.len() >= self.most;
        if is_with_oneself || is_full || !self.askers.join(&claim, call) {
            return Err(NoAccess::Refused);
        }
        let begun = Call {
            parties: [claim.address, with],
            claims: [Some(claim), None],
            stage: Stage::Waiting { until: now + WAIT },
        };
        self.by_number.insert(call, begun);
        Ok(())
    }

    /// Somebody asks for a call that is known: its other party, or one that has asked before. Nobody
    /// else gets anywhere, whomever they name.
    fn ask_again(
        &mut self,
        claim: Claim,
        number: CallNumber,
        with: Address,
        now: Instant,
    ) -> Result<(), NoAccess> {
        let known = self.by_number.get_mut(&number);
        let call = known.ok_or(NoAccess::Refused)?;
        let party = call.party(&claim.address).ok_or(NoAccess::Refused)?;
        if call.parties[1 - party] != with {
            return Err(NoAccess::Refused);
        }
        if matches!(call.stage, Stage::Done { .. }) {
            return Err(NoAccess::Refused);
        }
        match &mut call.claims[party] {
            // Where they asked from before is what they are counted by.
            Some(before) => before.session = claim.session,
            none => {
                if !self.askers.join(&claim, number) {
                    return Err(NoAccess::Refused);
                }
                *none = Some(claim);
            }
        }
        match &call.stage {
            Stage::Waiting { .. } if call.claims.iter().all(Option::is_some) => {
                let until = now + MAKE;
                call.stage = Stage::Making { until };
                self.to_make.push_back(number);
            }
            Stage::Waiting { .. } | Stage::Making { .. } | Stage::Done { .. } => {}
            Stage::Open(open) if open.is_released() => return Err(NoAccess::Refused),
            Stage::Open(_) => self.askers.tell(&claim, number, Answer::Granted),
        }
        Ok(())
    }

    /// A party is done with a call.
    pub(super) fn release(&mut self, by: &Address, number: CallNumber, now: Instant) {
        let Some(call) = self.by_number.get_mut(&number) else {
            return;
        };
        let Some(party) = call.party(by) else {
            return;
        };
        match &mut call.stage {
            Stage::Waiting { .. } | Stage::Making { .. } if call.claims[1 - party].is_some() => {
                let until = now + HEARD_FROM_THEM;
                call.stage = Stage::Done { by: party, until };
            }
            // A client tells its releases again on each new connection.
            Stage::Done { by, .. } if *by == party => {}
            Stage::Waiting { .. } | Stage::Making { .. } | Stage::Done { .. } => {
                self.end(number, now);
            }
            Stage::Open(open) => {
                open.release(party, now);
                if open.is_over(now) {
                    self.end(number, now);
                }
            }
        }
    }

    /// What a client is to be told now; it counts as told.
    pub(super) fn take_told(&mut self, address: &Address, clock: SystemTime) -> Vec<Told> {
        let answers = self.askers.take_answers(address);
        let tell = |(call, answer)| match answer {
            Answer::No(why) => Told::No { call, why },
            Answer::Granted => self.grant(address, call, clock).unwrap_or(Told::No {
                call,
                why: NoAccess::Refused,
            }),
        };
        answers.into_iter().map(tell).collect()
    }

    /// The access of a party; none for a call that is over by now.
    fn grant(&mut self, to: &Address, number: CallNumber, clock: SystemTime) -> Option<Told> {
        let call = self.by_number.get_mut(&number)?;
        let party = call.party(to)?;
        match &mut call.stage {
            Stage::Waiting { .. } | Stage::Making { .. } | Stage::Done { .. } => None,
            // The other party was done with it before this one was told.
            Stage::Open(open) if open.is_released() => None,
            Stage::Open(open) => Some(Told::Access {
                call: number,
                with: call.parties[1 - party],
                seat: open.seat(party, clock),
            }),
        }
    }

    /// Looks which parties are still here, as the relay knows them by their sessions.
    pub(super) fn attend(
        &mut self,
        is_here: &impl Fn(&Address, &SessionToken) -> bool,
        now: Instant,
    ) {
        let mut left = Vec::new();
        for (number, call) in &mut self.by_number {
            let mut claims = call.claims.iter().flatten();
            let attended = claims.any(|it| is_here(&it.address, &it.session));
            match &mut call.stage {
                // Whoever waits alone comes back and asks again, or does not.
                Stage::Waiting { .. } if !attended => left.push(*number),
                Stage::Waiting { .. } | Stage::Making { .. } | Stage::Done { .. } => {}
                Stage::Open(open) if attended && !self.is_ending => open.attended(),
                Stage::Open(open) => open.left(now),
            }
        }
        for number in left {
            self.forget(number);
        }
        self.askers.sweep(is_here);
    }

    /// Ends what is due.
    pub(super) fn tick(&mut self, now: Instant) {
        self.over.expire(now);
        let mut ended = Vec::new();
        for (number, call) in &mut self.by_number {
            match &mut call.stage {
                Stage::Waiting { until } | Stage::Done { until, .. } if *until <= now => {
                    ended.push((*number, Some(NoAccess::Refused)));
                }
                Stage::Making { until } if *until <= now => {
                    ended.push((*number, Some(NoAccess::Unavailable)));
                }
                Stage::Waiting { .. } | Stage::Making { .. } | Stage::Done { .. } => {}
                Stage::Open(open) if open.is_over(now) => ended.push((*number, None)),
                Stage::Open(open) => {
                    if open.take_look(now) {
                        self.to_look.push_back(*number);
                    }
                }
            }
        }
        for (number, why) in ended {
            if let Some(why) = why {
                self.tell_all(number, Answer::No(why));
            }
            match why {
                // They may ask again, and find the server there.
                Some(NoAccess::Unavailable) => drop(self.forget(number)),
                Some(NoAccess::Refused | NoAccess::Unknown) | None => self.end(number, now),
            }
        }
    }

    /// What the server is to be asked next.
    pub(super) fn next_wish(&mut self, now: Instant) -> Option<Wish> {
        while let Some(number) = self.to_make.pop_front() {
            let call = self.by_number.get(&number);
            if call.is_some_and(|it| matches!(it.stage, Stage::Making { .. })) {
                self.being_made += 1;
                return Some(Wish::Make(number));
            }
        }
        if let Some(room) = self.closing.next(now) {
            return Some(Wish::Close(room));
        }
        while let Some(number) = self.to_look.pop_front() {
            if let Some(Stage::Open(open)) = self.by_number.get(&number).map(|it| &it.stage) {
                return Some(Wish::Look(number, open.room()));
            }
        }
        None
    }

    /// What became of the room that was wished for a call. One that nobody waits for any more is
    /// deleted again, and so is one of which nobody knows whether it was made.
    pub(super) fn made(
        &mut self,
        number: CallNumber,
        names: Names,
        made: Result<(), ApiError>,
        now: Instant,
    ) {
        self.not_made();
        let call = self.by_number.get_mut(&number);
        let waits = call.filter(|it| matches!(it.stage, Stage::Making { .. }));
        match (waits, made) {
            (Some(call), Ok(())) => {
                let mut open = Open::new(names, now);
                if self.is_ending {
                    open.hurry(now);
                }
                call.stage = Stage::Open(Box::new(open));
                self.tell_all(number, Answer::Granted);
            }
            (None, Ok(())) => self.closing.push(names.room, now),
            (waits, Err(error)) => {
                if waits.is_some() {
                    self.tell_all(number, Answer::No(NoAccess::Unavailable));
                    drop(self.forget(number));
                }
                match error {
                    ApiError::Unanswered | ApiError::Garbled => self.closing.push(names.room, now),
                    ApiError::Unreachable | ApiError::Untrusted | ApiError::Refused(_) => {}
                }
            }
        }
    }

    /// A wish for a room is not carried out any more.
    pub(super) const fn not_made(&mut self) {
        self.being_made = self.being_made.saturating_sub(1);
    }

    /// How many the server found in the room of a call.
    pub(super) fn looked(
        &mut self,
        number: CallNumber,
        found: Result<usize, ApiError>,
        now: Instant,
    ) {
        let call = self.by_number.get_mut(&number);
        if let Some(Stage::Open(open)) = call.map(|it| &mut it.stage)
            && open.looked(found, now)
        {
            self.end(number, now);
        }
    }

    /// Every room that nobody is in is to be deleted now; those that calls are in are left to the
    /// server, because a call goes on without its relay.
    pub(super) fn end_all(&mut self, now: Instant) {
        self.is_ending = true;
        for call in self.by_number.values_mut() {
            if let Stage::Open(open) = &mut call.stage {
                open.hurry(now);
            }
        }
    }

    /// Whether the server is asked nothing at this moment, and nothing is due.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let is_busy = |call: &Call| match &call.stage {
            Stage::Waiting { .. } | Stage::Done { .. } => false,
            Stage::Making { .. } => true,
            Stage::Open(open) => !open.is_idle(now),
        };
        let is_asked = self.being_made > 0 || !self.closing.is_idle(now);
        !is_asked && !self.by_number.values().any(is_busy)
    }

    /// Rooms that there are, as far as the relay knows.
    pub(super) fn rooms(&self) -> usize {
        let is_open = |call: &&Call| matches!(call.stage, Stage::Open(_));
        self.by_number.values().filter(is_open).count() + self.closing.len()
    }

    fn tell_all(&mut self, number: CallNumber, answer: Answer) {
        if let Some(call) = self.by_number.get(&number) {
            for claim in call.claims.iter().flatten() {
                self.askers.tell(claim, number, answer);
            }
        }
    }

    /// A call is over: nobody is let into it again, and its room is deleted.
    fn end(&mut self, number: CallNumber, now: Instant) {
        if let Some(call) = self.forget(number) {
            self.over.note(number, now);
            if let Stage::Open(open) = call.stage {
                self.closing.push(open.room(), now);
            }
        }
    }

    fn forget(&mut self, number: CallNumber) -> Option<Call> {
        let call = self.by_number.remove(&number)?;
        for claim in call.claims.iter().flatten() {
            self.askers.leave(claim, number);
        }
        Some(call)
    }
}

impl Call {
    /// Which of its parties this is.
    fn party(&self, address: &Address) -> Option<usize> {
        self.parties.iter().position(|it| it == address)
    }
}

/// How long one party waits for the other: a ring takes 90 s at most.
const WAIT: Duration = Duration::from_secs(120);

/// How long a party waits for the goodbye of the other one before the relay tells it: the goodbye
/// says why the call ended, which the relay does not know, and crosses any path within a second.
const HEARD_FROM_THEM: Duration = Duration::from_secs(1);

/// How long a wish for a room may wait for its turn and its answer.
const MAKE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
