//! Calls that are over, on their way to whoever remembers them.
//!
//! A finished call of the user is never lost here, however slowly it is written down and however
//! often strangers ring meanwhile. What a stranger can cause alone, an unanswered call, is told once
//! per caller for a while and has a bound of its own.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use call::id::Peer;
use call::reason::EndReason;
use media::transport::Path;
use tokio::sync::broadcast;

use crate::quality::CallRecord;

/// A call that is over, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// With whom.
    pub peer: Peer,
    /// The relay that the link named by which we called them.
    pub relay: Option<String>,
    /// Who had called.
    pub outgoing: bool,
    /// Whether it was an incoming call that the user accepted, whether media flowed or not.
    pub accepted: bool,
    /// Why it ended.
    pub reason: EndReason,
    /// How long media flowed, milliseconds; `None` when it never did.
    pub lasted_ms: Option<u64>,
    /// How the machines reached each other last; `None` when they did not.
    pub path: Option<Path>,
    /// How good it was; `None` when it was too short to be judged.
    pub quality: Option<CallRecord>,
}

impl Ended {
    /// Whether somebody called and nobody answered: all that a stranger can do alone.
    fn is_unanswered(&self) -> bool {
        !self.outgoing && !self.accepted
    }
}

/// Tells of ended calls, at the pace of the slowest receiver: a record is sent only when the channel
/// has room, because a full one would push out its oldest.
#[derive(Debug)]
pub(crate) struct History {
    channel: broadcast::Sender<Ended>,
    waiting: VecDeque<Ended>,
    /// Who called without a ring since the last call of the user ended, and when that was told.
    missed: BTreeMap<String, Instant>,
}

impl History {
    /// Tells this channel of ended calls.
    pub(crate) fn new(channel: broadcast::Sender<Ended>) -> Self {
        Self {
            channel,
            waiting: VecDeque::new(),
            missed: BTreeMap::new(),
        }
    }

    /// The phone's call is over.
    pub(crate) fn ended(&mut self, ended: Ended) {
        self.missed.clear();
        self.add(ended);
    }

    /// Somebody called and it did not ring. Whoever does so again within [`ONCE`] is not told of
    /// again, unless a call of the user ended in between.
    pub(crate) fn missed(&mut self, now: Instant, peer: Peer, relay: Option<String>) {
        self.missed.retain(|_, at| now < *at + ONCE);
        let known = self.missed.contains_key(&peer.address);
        if known || self.missed.len() == UNANSWERED {
            return;
        }
        self.missed.insert(peer.address.clone(), now);
        self.add(Ended {
            peer,
            relay,
            outgoing: false,
            accepted: false,
            reason: EndReason::Missed,
            lasted_ms: None,
            path: None,
            quality: None,
        });
    }

    /// Tells what waits, as far as there is room. To be called after every event.
    pub(crate) fn flush(&mut self) {
        while self.channel.len() < CAPACITY
            && let Some(ended) = self.waiting.pop_front()
        {
            // Fails when nobody listens for the history.
            let _ = self.channel.send(ended);
        }
    }

    /// Tells all that waits, for the engine stops. Where there is not enough room, unanswered calls
    /// give way.
    pub(crate) fn finish(&mut self) {
        let room = CAPACITY.saturating_sub(self.channel.len());
        if self.waiting.len() > room {
            self.waiting.retain(|it| !it.is_unanswered());
        }
        for ended in self.waiting.drain(..) {
            // Fails when nobody listens for the history.
            let _ = self.channel.send(ended);
        }
    }

    fn add(&mut self, ended: Ended) {
        if ended.is_unanswered() {
            let mut unanswered = self.waiting.iter().filter(|it| it.is_unanswered());
            if unanswered
                .clone()
                .any(|it| it.peer.address == ended.peer.address)
            {
                return;
            }
            if unanswered.nth(UNANSWERED - 1).is_some() {
                tracing::warn!("too many people call in vain to remember all of them");
                return;
            }
        }
        self.waiting.push_back(ended);
    }
}

/// Finished calls wait in the channel for a store that writes each to the disk.
pub(crate) const CAPACITY: usize = 16;

/// Attempts of one caller within this time are one missed call.
const ONCE: Duration = Duration::from_secs(600);

/// Callers who are told of within [`ONCE`], and unanswered calls that may wait: more than a person
/// wants to read, little enough for a disk.
const UNANSWERED: usize = 32;

#[cfg(test)]
mod tests;
