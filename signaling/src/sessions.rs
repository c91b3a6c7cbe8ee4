//! Every session, and what goes where. No sockets, no clocks: time is an input, and connections
//! are woken through their [`ConnectionHandle`].
//!
//! A session begins when a client proves an address, outlives a broken connection for
//! [`Timing::resume`](crate::Timing::resume), and ends when the client closes its connection,
//! does not come back, lets its outbox fill, or another client proves the same address. At its end
//! the senders of the envelopes that were not acknowledged are told that nobody is here.

use std::collections::HashMap;
use std::sync::Arc;

use signal_wire::{Address, MessageId, Payload, RelayFrame, Resume, SessionToken};
use tokio::time::Instant;

use crate::config::{Config, Limits, Timing};
use crate::handle::{ConnectionHandle, Eviction};
use crate::outbox::{Full, Item, Outbox};

/// All sessions of a relay.
#[derive(Debug)]
pub(crate) struct Sessions {
    by_address: HashMap<Address, Session>,
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
    Attached(Arc<ConnectionHandle>),
    Detached { since: Instant, until: Instant },
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disconnect {
    /// Nothing was heard for too long: most likely the network failed, and the client comes back.
    Silent,
    /// It was closed without a close frame: the program was killed, or something on the way cut it.
    Reset,
}

/// An envelope as it comes from a client.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) seq: u64,
    pub(crate) id: MessageId,
    pub(crate) to: Address,
    pub(crate) payload: Payload,
}

/// What became of an item on its way into an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// It is in the outbox.
    Kept,
    /// There is no session, or one that waits for its client and has no room for more.
    NobodyThere,
    /// The client is connected, but its outbox is full, so its session must end.
    TooSlow,
}

impl Sessions {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            by_address: HashMap::new(),
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
        connection: Arc<ConnectionHandle>,
        token: SessionToken,
    ) -> RelayFrame {
        let known = self.by_address.get_mut(&address);
        if let (Some(session), Some(resume)) = (known, resume)
            && session.token == resume.session
        {
            session.evict(Eviction::Resumed);
            session.outbox.resumed(resume.received);
            connection.outgoing.notify_one();
            session.presence = Presence::Attached(connection);
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
            presence: Presence::Attached(connection),
        };
        self.by_address.insert(address, session);
        RelayFrame::Welcome {
            session: token,
            resumed: false,
            received: 0,
        }
    }

    /// The connection broke or fell silent; the session waits for its client.
    pub(crate) fn detach(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
        now: Instant,
        disconnect: Disconnect,
    ) {
        let wait = match disconnect {
            Disconnect::Silent => self.timing.resume,
            Disconnect::Reset => self.timing.resume.min(self.timing.resume_broken),
        };
        if let Some(session) = self.session(address, connection) {
            session.presence = Presence::Detached {
                since: now,
                until: now + wait,
            };
        }
    }

    /// Ends the session of a client that closed its connection or broke the protocol.
    pub(crate) fn leave(&mut self, address: Address, connection: &Arc<ConnectionHandle>) {
        if self.session(address, connection).is_some() {
            self.end(address, Eviction::Resumed);
        }
    }

    /// Passes an envelope on, or answers that nobody is there. One that has arrived before, or
    /// through a connection that lost its session, is ignored.
    pub(crate) fn route(
        &mut self,
        from: Address,
        connection: &Arc<ConnectionHandle>,
        envelope: Envelope,
    ) {
        let Envelope {
            seq,
            id,
            to,
            payload,
        } = envelope;
        let Some(sender) = self.session(from, connection) else {
            return;
        };
        connection.incoming.notify_one();
        if seq <= sender.received {
            return;
        }
        sender.received = seq;
        match self.deliver(to, Item::Envelope { id, from, payload }) {
            Delivery::Kept => return,
            Delivery::NobodyThere => {}
            Delivery::TooSlow => self.end(to, Eviction::TooSlow),
        }
        match self.deliver(from, Item::NotHere { id, to }) {
            Delivery::Kept | Delivery::NobodyThere => {}
            Delivery::TooSlow => self.end(from, Eviction::TooSlow),
        }
    }

    /// The client has everything up to this number.
    pub(crate) fn acknowledged(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
        seq: u64,
    ) {
        if let Some(session) = self.session(address, connection) {
            session.outbox.acknowledged(seq);
        }
    }

    /// The last number that arrived from the client.
    pub(crate) fn received(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
    ) -> Option<u64> {
        self.session(address, connection)
            .map(|session| session.received)
    }

    /// The next frame to write to the client.
    pub(crate) fn next_outgoing(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
    ) -> Option<RelayFrame> {
        self.session(address, connection)?.outbox.next_unwritten()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_address.len()
    }

    /// Ends the sessions whose clients have not come back.
    pub(crate) fn expire(&mut self, now: Instant) {
        let late = |session: &Session| match session.presence {
            Presence::Attached(_) => false,
            Presence::Detached { until, .. } => now >= until,
        };
        let late: Vec<_> = self
            .by_address
            .iter()
            .filter(|(_, s)| late(s))
            .map(|(address, _)| *address)
            .collect();
        for address in late {
            self.end(address, Eviction::Resumed);
        }
    }

    /// The session of an address, if this connection still has it.
    fn session(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
    ) -> Option<&mut Session> {
        let session = self.by_address.get_mut(&address)?;
        match &session.presence {
            Presence::Attached(attached) if Arc::ptr_eq(attached, connection) => Some(session),
            Presence::Attached(_) | Presence::Detached { .. } => None,
        }
    }

    /// Puts an item into an outbox, and tells what became of it.
    fn deliver(&mut self, to: Address, item: Item) -> Delivery {
        let Some(session) = self.by_address.get_mut(&to) else {
            return Delivery::NobodyThere;
        };
        match (session.outbox.push(item), &session.presence) {
            (Ok(()), Presence::Attached(connection)) => {
                connection.outgoing.notify_one();
                Delivery::Kept
            }
            (Ok(()), Presence::Detached { .. }) => Delivery::Kept,
            (Err(Full), Presence::Attached(_)) => Delivery::TooSlow,
            (Err(Full), Presence::Detached { .. }) => Delivery::NobodyThere,
        }
    }

    /// Ends a session and tells the senders of what it leaves behind. Telling can fill a sender's
    /// outbox and end that session too, and so on. A list instead of recursion bounds the stack:
    /// clients choose how long that chain is.
    fn end(&mut self, address: Address, eviction: Eviction) {
        let mut ending = vec![(address, eviction)];
        while let Some((address, eviction)) = ending.pop() {
            let Some(session) = self.by_address.remove(&address) else {
                continue;
            };
            session.evict(eviction);
            for item in session.outbox.into_items() {
                let Item::Envelope {
                    id,
                    from,
                    payload: _,
                } = item
                else {
                    continue;
                };
                match self.deliver(from, Item::NotHere { id, to: address }) {
                    Delivery::Kept | Delivery::NobodyThere => {}
                    Delivery::TooSlow => ending.push((from, Eviction::TooSlow)),
                }
            }
        }
    }

    /// Keeps the number of sessions bounded: when there are too many, the one that has waited for
    /// its client longest ends.
    fn make_room(&mut self) {
        if self.by_address.len() < 2 * self.limits.connections {
            return;
        }
        let waiting =
            self.by_address
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
            Presence::Attached(connection) => connection.evict(eviction),
            Presence::Detached { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
