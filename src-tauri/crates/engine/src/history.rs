//! Calls that are over, on their way to whoever remembers them.
//!
//! A finished call of the user is never lost here, however slowly it is written down and however
//! often strangers ring meanwhile: what only needs a stranger is told once per caller, and counted
//! against a bound of its own.

use std::collections::{BTreeSet, VecDeque};

use call::id::Peer;
use call::reason::EndReason;
use tokio::sync::broadcast;

/// A call that is over, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// With whom.
    pub peer: Peer,
    /// The relay that the link named by which we called them.
    pub relay: Option<String>,
    /// Who had called.
    pub outgoing: bool,
    /// Why it ended.
    pub reason: EndReason,
    /// How long media flowed, milliseconds; `None` when it never did.
    pub lasted_ms: Option<u64>,
}

impl Ended {
    /// Whether somebody called and nobody answered: all that a stranger can do alone.
    fn is_unanswered(&self) -> bool {
        !self.outgoing && self.lasted_ms.is_none()
    }
}

/// What is told of ended calls, and what still waits to be told. The channel holds as many as all
/// its receivers have room for; nothing is sent into a full one, because that would push out the
/// oldest.
#[derive(Debug)]
pub(crate) struct History {
    told: broadcast::Sender<Ended>,
    waiting: VecDeque<Ended>,
    /// Who called in vain during the running call, and was told of.
    missed: BTreeSet<String>,
}

impl History {
    /// Tells this channel of ended calls.
    pub(crate) fn new(told: broadcast::Sender<Ended>) -> Self {
        Self {
            told,
            waiting: VecDeque::new(),
            missed: BTreeSet::new(),
        }
    }

    /// The phone's call is over.
    pub(crate) fn ended(&mut self, ended: Ended) {
        self.missed.clear();
        self.add(ended);
    }

    /// Somebody called during a call. Whoever does so again in the same call is not told of again.
    pub(crate) fn missed(&mut self, peer: Peer, relay: Option<String>) {
        let known = self.missed.contains(&peer.address);
        if known || self.missed.len() == UNANSWERED {
            return;
        }
        self.missed.insert(peer.address.clone());
        self.add(Ended {
            peer,
            relay,
            outgoing: false,
            reason: EndReason::Missed,
            lasted_ms: None,
        });
    }

    /// Tells what waits, as far as there is room. To be called after every event.
    pub(crate) fn flush(&mut self) {
        while self.told.len() < CAPACITY
            && let Some(ended) = self.waiting.pop_front()
        {
            // Fails when nobody listens for the history.
            let _ = self.told.send(ended);
        }
    }

    /// Tells all that waits, for the engine stops. Where there is not enough room, unanswered calls
    /// give way.
    pub(crate) fn finish(&mut self) {
        let room = CAPACITY.saturating_sub(self.told.len());
        if self.waiting.len() > room {
            self.waiting.retain(|it| !it.is_unanswered());
        }
        for ended in self.waiting.drain(..) {
            // Fails when nobody listens for the history.
            let _ = self.told.send(ended);
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

/// Finished calls wait in the channel for a store that writes a small file.
pub(crate) const CAPACITY: usize = 16;

/// Unanswered calls of different people that are remembered of one call, and that may wait: more
/// than a person wants to read, little enough for a disk.
const UNANSWERED: usize = 32;

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::Receiver;

    use super::*;

    fn history() -> (History, Receiver<Ended>) {
        let (told, heard) = broadcast::channel(CAPACITY);
        (History::new(told), heard)
    }

    fn peer(number: usize) -> Peer {
        Peer {
            address: format!("tincan:{number}"),
            name: String::new(),
        }
    }

    fn call_with(number: usize) -> Ended {
        Ended {
            peer: peer(number),
            relay: None,
            outgoing: true,
            reason: EndReason::LocalHangup,
            lasted_ms: Some(60_000),
        }
    }

    fn ring_of(number: usize) -> Ended {
        Ended {
            outgoing: false,
            reason: EndReason::Missed,
            lasted_ms: None,
            ..call_with(number)
        }
    }

    /// All that a slow reader hears in the end.
    fn read(history: &mut History, heard: &mut Receiver<Ended>) -> Vec<Ended> {
        let mut all = Vec::new();
        loop {
            history.flush();
            match heard.try_recv() {
                Ok(ended) => all.push(ended),
                Err(broadcast::error::TryRecvError::Empty) => return all,
                Err(error) => panic!("{error} after {} calls", all.len()),
            }
        }
    }

    #[test]
    fn no_crowd_of_strangers_pushes_a_call_of_the_user_out() {
        let (mut history, mut heard) = history();
        for number in 0..50 {
            history.ended(call_with(number));
            history.flush();
            for stranger in 0..10_000 {
                history.missed(peer(1000 + stranger), None);
                history.ended(ring_of(20_000 + stranger));
                history.flush();
            }
        }
        let all = read(&mut history, &mut heard);
        let (rings, calls): (Vec<_>, Vec<_>) = all.into_iter().partition(Ended::is_unanswered);
        assert_eq!(calls, (0..50).map(call_with).collect::<Vec<_>>());
        assert!(rings.len() <= CAPACITY + UNANSWERED, "{}", rings.len());
    }

    #[test]
    fn who_calls_again_and_again_during_a_call_is_told_of_once() {
        let (mut history, mut heard) = history();
        for _ in 0..5 {
            history.missed(peer(1), None);
            history.missed(peer(2), None);
            history.flush();
        }
        history.ended(call_with(3));
        history.missed(peer(1), None);
        let all = read(&mut history, &mut heard);
        assert_eq!(
            all,
            [ring_of(1), ring_of(2), call_with(3), ring_of(1)],
            "and once more in the next call"
        );
    }

    #[test]
    fn the_calls_of_one_crowd_are_bounded() {
        let (mut history, mut heard) = history();
        for stranger in 0..1000 {
            history.missed(peer(stranger), None);
            history.flush();
        }
        assert_eq!(read(&mut history, &mut heard).len(), UNANSWERED);
    }

    #[test]
    fn what_waits_is_told_before_the_end() {
        let (mut history, mut heard) = history();
        for number in 0..CAPACITY {
            history.ended(ring_of(100 + number));
        }
        history.flush();
        for number in 0..3 {
            assert!(heard.try_recv().is_ok());
            history.ended(call_with(number));
            history.missed(peer(200 + number), None);
        }
        history.finish();
        let all = read(&mut history, &mut heard);
        assert_eq!(all[CAPACITY - 3..], [0, 1, 2].map(call_with));
    }
}
