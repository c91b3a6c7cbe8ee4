//! Those who ask for access: how often they may, for how many calls, and what they are to be told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use signal_wire::{Address, CallNumber, MAX_ACCESS_CALLS, NoAccess, SessionToken};
use tokio::time::Instant;

use crate::asked::Asked;
use crate::source::Prefix;

/// Everybody who has a part in a call, or an answer to take.
#[derive(Debug)]
pub(super) struct Askers {
    by_address: HashMap<Address, Asker>,
    /// How many parts in calls each source has.
    parts: HashMap<Prefix, usize>,
    most_parts_of_source: usize,
    addresses: Asked<Address>,
    sources: Asked<Prefix>,
    /// Those who have an answer to take since this was asked for last.
    told: Vec<Address>,
}

#[derive(Debug)]
struct Asker {
    /// In which they asked last.
    session: SessionToken,
    calls: Vec<CallNumber>,
    answers: Vec<(CallNumber, Answer)>,
}

/// A party that has asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) address: Address,
    /// The session in which it asked. Another one of the same address knows nothing of the call.
    pub(super) session: SessionToken,
    pub(super) source: Prefix,
}

/// What somebody is to be told of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// There is a room.
    Granted,
    /// There is none.
    No(NoAccess),
}

impl Claim {
    pub(super) fn new(address: Address, session: SessionToken, ip: IpAddr) -> Self {
        Self {
            address,
            session,
            source: Prefix::customer(ip),
        }
    }
}

impl Askers {
    /// For so many calls, and so many parts in them from one source.
    pub(super) fn new(calls: usize, most_parts_of_source: usize) -> Self {
        let capacity = calls.saturating_mul(2);
        Self {
            by_address: HashMap::new(),
            parts: HashMap::new(),
            most_parts_of_source,
            addresses: Asked::new(capacity, PERIOD, BURST),
            sources: Asked::new(capacity, SOURCE_PERIOD, SOURCE_BURST),
            told: Vec::new(),
        }
    }

    /// Whether this one may ask now.
    pub(super) fn admit(&mut self, claim: &Claim, now: Instant) -> bool {
        // The address first: what it asks in vain is not its neighbours' loss.
        let admitted = self.addresses.take(claim.address, now);
        let admitted = admitted.and_then(|()| self.sources.take(claim.source, now));
        admitted.is_ok()
    }

    /// Takes part in a call, if that is not one too many.
    pub(super) fn join(&mut self, claim: &Claim, call: CallNumber) -> bool {
        let here = self.parts.get(&claim.source).copied().unwrap_or(0);
        let calls = self.by_address.get(&claim.address);
        let calls = calls.map_or(0, |asker| asker.calls.len());
        if here >= self.most_parts_of_source || calls >= MAX_ACCESS_CALLS {
            return false;
        }
        *self.parts.entry(claim.source).or_default() += 1;
        self.asker(claim).calls.push(call);
        true
    }

    /// Takes no part in it any more.
    pub(super) fn leave(&mut self, claim: &Claim, call: CallNumber) {
        if let Some(parts) = self.parts.get_mut(&claim.source) {
            *parts -= 1;
            if *parts == 0 {
                self.parts.remove(&claim.source);
            }
        }
        if let Some(asker) = self.by_address.get_mut(&claim.address) {
            asker.calls.retain(|it| *it != call);
        }
        self.forget_idle(&claim.address);
    }

    /// Has something to tell one of them. The last answer about a call counts; where too much waits
    /// already it is lost, and the client asks again.
    pub(super) fn tell(&mut self, claim: &Claim, call: CallNumber, answer: Answer) {
        let answers = &mut self.asker(claim).answers;
        answers.retain(|(about, _)| *about != call);
        if answers.len() < MOST_ANSWERS {
            answers.push((call, answer));
            self.told.push(claim.address);
        }
    }

    /// What this one is to be told now; it counts as told.
    pub(super) fn take_answers(&mut self, address: &Address) -> Vec<(CallNumber, Answer)> {
        let Some(asker) = self.by_address.get_mut(address) else {
            return Vec::new();
        };
        let answers = std::mem::take(&mut asker.answers);
        self.forget_idle(address);
        answers
    }

    /// Those who have something to take since this was asked for last.
    pub(super) fn take_told(&mut self) -> Vec<Address> {
        std::mem::take(&mut self.told)
    }

    /// Forgets what was to be told to clients that are gone.
    pub(super) fn sweep(&mut self, is_here: &impl Fn(&Address, &SessionToken) -> bool) {
        self.by_address
            .retain(|address, it| !it.calls.is_empty() || is_here(address, &it.session));
    }

    fn asker(&mut self, claim: &Claim) -> &mut Asker {
        let asker = self.by_address.entry(claim.address).or_insert(Asker {
            session: claim.session,
            calls: Vec::new(),
            answers: Vec::new(),
        });
        asker.session = claim.session;
        asker
    }

    fn forget_idle(&mut self, address: &Address) {
        let asker = self.by_address.get(address);
        if asker.is_some_and(|it| it.calls.is_empty() && it.answers.is_empty()) {
            self.by_address.remove(address);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_address.is_empty() && self.parts.is_empty()
    }
}

/// What waits to be told to one address.
const MOST_ANSWERS: usize = 2 * MAX_ACCESS_CALLS;

/// One address may ask once in this time …
const PERIOD: Duration = Duration::from_secs(2);

/// … and so often at once: a client whose connection breaks asks again for every call that waits,
/// and it may break three times in a row.
const BURST: u32 = 3 * MAX_ACCESS_CALLS as u32;

/// All addresses of one source …
const SOURCE_PERIOD: Duration = Duration::from_millis(250);

/// … and at once: an office behind one address that comes back after an outage.
const SOURCE_BURST: u32 = 128;
