//! Every session, and what goes where. No sockets, no clocks: time is an input, and connections
//! are woken through their [`Seat`].
//!
//! A session begins when a client proves an address, outlives a broken connection for
//! [`Timing::resume`](crate::Timing::resume), and ends when the client says goodbye, does not
//! come back, does not take what is sent to it, or another client proves the same address. At its
//! end the sender of everything that was not acknowledged is told that nobody is here.

use std::collections::HashMap;
use std::sync::Arc;

use signal_wire::{Address, MessageId, Payload, RelayFrame, Resume, SessionToken};
use tokio::time::Instant;

use crate::config::{Config, Limits, Timing};
use crate::outbox::{Full, Item, Outbox};
use crate::seat::{Eviction, Seat};

/// All sessions of a relay.
#[derive(Debug)]
pub(crate) struct Hub {
    sessions: HashMap<Address, Session>,
    limits: Limits,
    timing: Timing,
}

#[derive(Debug)]
struct Session {
    token: SessionToken,
    /// The last number that arrived from the client.
    received: u64,
    outbox: Outbox,
    presence: Presence,
}

/// Whether the client is connected.
#[derive(Debug)]
enum Presence {
    Attached(Arc<Seat>),
    Detached { since: Instant, until: Instant },
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nothing was heard for too long: the network.
    Silent,
    /// The other machine closed it without a goodbye: the program, or somebody on the way.
    Broken,
}

/// An envelope as it comes from a client.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) seq: u64,
    pub(crate) id: MessageId,
    pub(crate) to: Address,
    pub(crate) payload: Payload,
}

impl Hub {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            sessions: HashMap::new(),
            limits: config.limits.clone(),
            timing: config.timing,
        }
    }

    /// A client proved an address: it goes on with the session that it names, or begins a new one
    /// under `token` and takes over from whoever had the address. Returns the welcome.
    pub(crate) fn attach(
        &mut self,
        address: Address,
        resume: Option<Resume>,
        seat: Arc<Seat>,
        token: SessionToken,
    ) -> RelayFrame {
        let known = self.sessions.get_mut(&address);
        if let (Some(session), Some(resume)) = (known, resume)
            && session.token == resume.session
        {
            session.evict(Eviction::Resumed);
            session.outbox.resumed(resume.received);
            seat.outgoing.notify_one();
            session.presence = Presence::Attached(seat);
            let received = session.received;
            return RelayFrame::Welcome {
                session: session.token,
                resumed: true,
                received,
            };
        }
        self.end(address, Eviction::TakenOver);
        self.make_room();
        let session = Session {
            token,
            received: 0,
            outbox: Outbox::new(&self.limits),
            presence: Presence::Attached(seat),
        };
        self.sessions.insert(address, session);
        RelayFrame::Welcome {
            session: token,
            resumed: false,
            received: 0,
        }
    }

    /// The connection broke or fell silent; the session waits for its client.
    pub(crate) fn detach(&mut self, address: Address, seat: &Arc<Seat>, now: Instant, loss: Loss) {
        let wait = match loss {
            Loss::Silent => self.timing.resume,
            Loss::Broken => self.timing.resume.min(self.timing.resume_broken),
        };
        if let Some(session) = self.session(address, seat) {
            session.presence = Presence::Detached {
                since: now,
                until: now + wait,
            };
        }
    }

    /// The client said goodbye, or must not come back.
    pub(crate) fn leave(&mut self, address: Address, seat: &Arc<Seat>) {
        if self.session(address, seat).is_some() {
            self.end(address, Eviction::Resumed);
        }
    }

    /// Passes an envelope on, or answers that nobody is there. One that has arrived before, or
    /// through a connection that lost its session, is passed over.
    pub(crate) fn route(&mut self, from: Address, seat: &Arc<Seat>, envelope: Envelope) {
        let Envelope {
            seq,
            id,
            to,
            payload,
        } = envelope;
        let Some(sender) = self.session(from, seat) else {
            return;
        };
        seat.incoming.notify_one();
        if seq <= sender.received {
            return;
        }
        sender.received = seq;
        let item = Item::Envelope { id, from, payload };
        if !self.deliver(to, item) {
            self.tell_not_here(from, id, to);
        }
    }

    /// The client has everything up to this number.
    pub(crate) fn acknowledged(&mut self, address: Address, seat: &Arc<Seat>, seq: u64) {
        if let Some(session) = self.session(address, seat) {
            session.outbox.acknowledged(seq);
        }
    }

    /// The last number that arrived from the client.
    pub(crate) fn received(&mut self, address: Address, seat: &Arc<Seat>) -> Option<u64> {
        self.session(address, seat).map(|session| session.received)
    }

    /// The next frame to write to the client.
    pub(crate) fn next_outgoing(
        &mut self,
        address: Address,
        seat: &Arc<Seat>,
    ) -> Option<RelayFrame> {
        self.session(address, seat)?.outbox.next_unwritten()
    }

    /// Ends the sessions whose clients have not come back.
    pub(crate) fn expire(&mut self, now: Instant) {
        let late = |session: &Session| match session.presence {
            Presence::Attached(_) => false,
            Presence::Detached { until, .. } => now >= until,
        };
        let late: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, s)| late(s))
            .map(|(address, _)| *address)
            .collect();
        for address in late {
            self.end(address, Eviction::Resumed);
        }
    }

    /// The session of an address, if this connection still has it.
    fn session(&mut self, address: Address, seat: &Arc<Seat>) -> Option<&mut Session> {
        let session = self.sessions.get_mut(&address)?;
        match &session.presence {
            Presence::Attached(attached) if Arc::ptr_eq(attached, seat) => Some(session),
            Presence::Attached(_) | Presence::Detached { .. } => None,
        }
    }

    /// Puts an item into an outbox; false when there is none or it is full. A client that is
    /// connected and lets its outbox run full loses its session.
    fn deliver(&mut self, to: Address, item: Item) -> bool {
        let Some(session) = self.sessions.get_mut(&to) else {
            return false;
        };
        match (session.outbox.push(item), &session.presence) {
            (Ok(()), Presence::Attached(seat)) => {
                seat.outgoing.notify_one();
                true
            }
            (Ok(()), Presence::Detached { .. }) => true,
            (Err(Full), Presence::Attached(_)) => {
                self.end(to, Eviction::TooSlow);
                false
            }
            (Err(Full), Presence::Detached { .. }) => false,
        }
    }

    fn tell_not_here(&mut self, sender: Address, id: MessageId, to: Address) {
        self.deliver(sender, Item::NotHere { id, to });
    }

    /// Ends a session and tells the senders of what it leaves behind. Telling can make a sender's
    /// outbox run full and end that session too; each level of this removes one session.
    fn end(&mut self, address: Address, eviction: Eviction) {
        let Some(session) = self.sessions.remove(&address) else {
            return;
        };
        session.evict(eviction);
        for item in session.outbox.into_items() {
            match item {
                Item::Envelope {
                    id,
                    from,
                    payload: _,
                } => self.tell_not_here(from, id, address),
                Item::NotHere { .. } => {}
            }
        }
    }

    /// Keeps the number of sessions bounded: when there are too many, the one that has waited for
    /// its client longest ends.
    fn make_room(&mut self) {
        if self.sessions.len() < 2 * self.limits.connections {
            return;
        }
        let waiting =
            self.sessions
                .iter()
                .filter_map(|(address, session)| match session.presence {
                    Presence::Attached(_) => None,
                    Presence::Detached { since, .. } => Some((since, *address)),
                });
        if let Some((_, address)) = waiting.min() {
            self.end(address, Eviction::Resumed);
        }
    }
}

impl Session {
    fn evict(&self, eviction: Eviction) {
        match &self.presence {
            Presence::Attached(seat) => seat.evict(eviction),
            Presence::Detached { .. } => {}
        }
    }
}
