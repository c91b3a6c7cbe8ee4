//! What stands between the phone and the links to relays: messages are sealed on their way out and
//! opened on their way in.
//!
//! Owns the sealed sessions and the words that they yield; a conversation is a call. Runs in the
//! control task and does no input or output of its own. What must never happen here: that bytes reach
//! the phone that were not sealed by the key they are said to be from, or that speak of another call
//! than their session.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use call::id::CallId;
use identity::{Address, Identity};
use seal::{Output, Sealer, SendError, Sender};

use crate::log_rate::LogRate;
use crate::subject::SubjectCheck;

/// Sealed sessions with everybody whom we speak with.
#[derive(Debug)]
pub(crate) struct Sealing {
    sealer: Sealer,
    /// What follows from the last thing that happened. The control task takes it at once.
    events: VecDeque<Event>,
    /// The newest last.
    words: VecDeque<Words>,
    /// The phone's call, and with whom.
    active: Option<(Address, CallId)>,
    /// The call whose words stay what they are, since media flowed in it.
    kept: Option<(Address, CallId)>,
    dropped: SubjectCheck,
    unsent: LogRate,
}

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Send this frame through a relay.
    Transmit {
        /// For whom.
        to: Address,
        /// Sealed bytes.
        frame: Vec<u8>,
    },
    /// A message arrived.
    Message {
        /// Whose key proved it.
        from: Address,
        /// The call that it is about.
        call: CallId,
        /// What: a message about that call, of whatever version.
        message: Vec<u8>,
    },
    /// The other side of a call seals messages in no version that we know.
    Incompatible {
        /// The other side.
        peer: Address,
        /// The call.
        call: CallId,
    },
    /// Nothing can be sealed for this address: nobody can hold its key.
    Unusable {
        /// The address.
        to: Address,
    },
}

/// Which frames may use the last places of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Those for the other side of the phone's call.
    OurCall,
    /// Those for all others: anybody can cause them.
    Others,
}

/// The words of a call with somebody.
#[derive(Debug)]
struct Words {
    call: (Address, CallId),
    words: [&'static str; 4],
}

impl Sealing {
    /// No session yet.
    pub(crate) fn new(identity: Arc<Identity>) -> Self {
        Self {
            sealer: Sealer::new(identity),
            events: VecDeque::new(),
            words: VecDeque::new(),
            active: None,
            kept: None,
            dropped: SubjectCheck::default(),
            unsent: LogRate::default(),
        }
    }

    /// Seals a message about a call.
    pub(crate) fn send(&mut self, now: Instant, to: Address, call: CallId, message: &[u8]) {
        let sealed = self.sealer.send(now, to, call.0, message);
        self.collect(now);
        let Err(error) = sealed else { return };
        if let Some(skipped) = self.unsent.admit(now) {
            tracing::warn!(%call, %error, skipped, "a call message is not sent");
        }
        match error {
            SendError::WeakKey => self.events.push_back(Event::Unusable { to }),
            SendError::TooLarge(_) | SendError::Full | SendError::NoRandomness => {}
        }
    }

    /// Gives up what waits until this person is there: a call that is over must not ring.
    pub(crate) fn give_up(&mut self, to: Address, call: CallId) {
        self.sealer.give_up(to, call.0);
    }

    /// Takes a frame that came through a relay, of what kind of sender, and at whose cost. Whether it
    /// proves that its sender is there now.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        from: Address,
        cost: (Sender, Address),
        frame: &[u8],
    ) -> bool {
        let is_proof = self.sealer.receive_at_cost(now, from, cost, frame);
        self.collect(now);
        is_proof
    }

    /// Names the phone's call, which strangers can neither push out nor starve.
    pub(crate) fn set_active(&mut self, active: Option<(Address, CallId)>) {
        if self.active != active {
            self.active = active;
            let conversation = active.map(|(peer, call)| (peer, call.0));
            self.sealer.set_active(conversation);
        }
    }

    /// Lets the words of the phone's call stay what they are: by now both sides have heard each other,
    /// so that nobody but a dishonest caller would change them.
    pub(crate) fn keep_words(&mut self) {
        self.kept = self.active;
    }

    /// The next thing to do.
    pub(crate) fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Sealing::handle_timeout`].
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.sealer.poll_timeout()
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.sealer.handle_timeout(now);
        self.collect(now);
    }

    /// The words of the phone's call, once the two phones have met.
    pub(crate) fn words(&self) -> Option<[&'static str; 4]> {
        let of_call = self.words.iter().find(|it| Some(it.call) == self.active);
        of_call.map(|it| it.words)
    }

    /// How much a frame for this address matters.
    pub(crate) fn priority_of(&self, to: &Address) -> Priority {
        match &self.active {
            Some((peer, _)) if peer == to => Priority::OurCall,
            Some(_) | None => Priority::Others,
        }
    }

    fn collect(&mut self, now: Instant) {
        while let Some(output) = self.sealer.poll_output() {
            match output {
                Output::Transmit { to, frame } => {
                    self.events.push_back(Event::Transmit { to, frame });
                }
                Output::Received {
                    from,
                    conversation,
                    message,
                } => self.opened(now, from, CallId(conversation), message),
                Output::Words {
                    peer,
                    conversation,
                    words,
                } => self.learn((peer, CallId(conversation)), words),
                Output::Incompatible { peer, conversation } => {
                    let call = CallId(conversation);
                    self.events.push_back(Event::Incompatible { peer, call });
                }
            }
        }
    }

    /// A session speaks of the one call that it is for.
    fn opened(&mut self, now: Instant, from: Address, call: CallId, message: Vec<u8>) {
        if self.dropped.admits(now, call, &message) {
            self.events.push_back(Event::Message {
                from,
                call,
                message,
            });
        }
    }

    fn learn(&mut self, call: (Address, CallId), words: [&'static str; 4]) {
        let known = self.words.iter().position(|it| it.call == call);
        if let Some(at) = known {
            if self.kept == Some(call) {
                tracing::warn!(call = %call.1, "the other side would change the words of a call");
                return;
            }
            self.words.remove(at);
        }
        if self.words.len() == WORDS {
            let mut calls = self.words.iter().map(|it| Some(it.call));
            let oldest = calls.position(|it| it != self.active);
            self.words.remove(oldest.unwrap_or(0));
        }
        self.words.push_back(Words { call, words });
    }
}

/// Calls whose words are kept: ours, and those that may become ours with their first message, which
/// comes in the same moment. When it is full the oldest is forgotten, never ours.
const WORDS: usize = 8;

#[cfg(test)]
mod tests;
