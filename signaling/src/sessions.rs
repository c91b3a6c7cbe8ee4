//! Every session, and what goes where. No sockets, no clocks: time is an input, and connections
//! are woken through their [`ConnectionHandle`].
//!
//! A session begins when a client proves an address, outlives a broken connection for
//! [`Timing::resume`](crate::Timing::resume), and ends when the client closes its connection,
//! does not come back, acknowledges nothing for too long, or another client proves the same
//! address. At its end the senders of the envelopes that were not acknowledged are told that nobody
//! is here. What must never happen: that what others send costs a client its session, or is answered
//! with "not here" while the client is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use signal_wire::{
    Absence, Address, Capabilities, MessageId, Payload, RelayFrame, Resume, SessionToken,
};
use tokio::time::Instant;

use crate::config::{Config, Limits, Timing};
use crate::handle::{ConnectionHandle, Eviction};
use crate::outbox::{self, AckOfFuture, Answer};
use crate::source::Prefix;

mod correspondents;
mod departures;
mod session;

use departures::Departures;
use session::{Presence, Session};

/// All sessions of a relay.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// Boxed: the table is up to half empty, and moves what is in it as it grows.
    by_address: HashMap<Address, Box<Session>>,
    departures: Departures,
    /// Bytes in all outboxes.
    kept_bytes: usize,
    limits: Limits,
    timing: Timing,
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

/// A client that proved its address.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) address: Address,
    pub(crate) resume: Option<Resume>,
    pub(crate) ip: IpAddr,
}

/// What became of an envelope on its way into an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// It is in the outbox.
    Kept,
    /// There is no session.
    NobodyThere,
    /// There is a session, and no room for this sender's envelope.
    Refused,
}

impl Sessions {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            by_address: HashMap::new(),
            departures: Departures::default(),
            kept_bytes: 0,
            limits: config.limits.clone(),
            timing: config.timing,
        }
    }

    /// A client proved an address: it goes on with the session that it names, or begins a new one
    /// under `token` and takes over from whoever had the address. Returns the welcome.
    pub(crate) fn attach(
        &mut self,
        client: &Proven,
        connection: Arc<ConnectionHandle>,
        token: SessionToken,
        now: Instant,
    ) -> RelayFrame {
        let Proven {
            address,
            resume,
            ip,
        } = *client;
        let network = Prefix::network(ip);
        if connection.is_visitors() && self.speak_with(&address, now) {
            connection.keep();
        }
        let resumed = resume.and_then(|resume| {
            self.change(address, |session| {
                session.resume(resume, Arc::clone(&connection), network, now)
            })?
        });
        if let Some((session, received)) = resumed {
            return welcome(session, true, received);
        }
        self.end(address, Eviction::TakenOver, Absence::Unknown, now);
        self.make_room(now);
        self.departures.came_back(&address);
        let session = Session::new(token, network, connection, &self.limits);
        self.by_address.insert(address, Box::new(session));
        welcome(token, false, 0)
    }

    /// Whether a client on this machine wrote to somebody lately.
    fn speak_with(&self, address: &Address, now: Instant) -> bool {
        let mut own = self.by_address.values().filter(|it| it.is_own());
        own.any(|it| it.speaks_with(address, now))
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
                disconnect,
            };
        }
    }

    /// Ends the session of a client that closed its connection or broke the protocol.
    pub(crate) fn leave(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
        why: Absence,
        now: Instant,
    ) {
        if self.session(address, connection).is_some() {
            self.end(address, Eviction::Resumed, why, now);
        }
    }

    /// Passes an envelope on, or answers why not. One that has arrived before, or through a
    /// connection that lost its session, is ignored.
    pub(crate) fn route(
        &mut self,
        from: Address,
        connection: &Arc<ConnectionHandle>,
        envelope: Envelope,
        now: Instant,
    ) {
        let Envelope {
            seq,
            id,
            to,
            payload,
        } = envelope;
        let there = self.by_address.get(&to).map(|session| session.network);
        let Some(sender) = self.session(from, connection) else {
            return;
        };
        if seq <= sender.received {
            return;
        }
        sender.received = seq;
        sender.wrote_to(to, there, now);
        let network = sender.network;
        if connection.is_own()
            && let Some(receiver) = self.by_address.get(&to)
        {
            receiver.keep();
        }
        let envelope = outbox::Envelope { id, from, payload };
        match self.deliver(to, network, envelope, now) {
            Delivery::Kept => {}
            Delivery::Refused => self.answer(from, Answer::Refused { id, to }),
            Delivery::NobodyThere => {
                let why = self.departures.why(&to, now);
                self.answer(from, Answer::NotHere { id, to, why });
            }
        }
    }

    /// The client has everything up to this number, which must have been sent.
    pub(crate) fn acknowledged(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
        seq: u64,
        now: Instant,
    ) -> Result<(), AckOfFuture> {
        if self.session(address, connection).is_none() {
            return Ok(());
        }
        let acknowledged = self.change(address, |session| {
            session.outbox.acknowledged(seq, now)?;
            if session.outbox.has_waiting() {
                connection.wake();
            }
            Ok(())
        });
        acknowledged.unwrap_or(Ok(()))
    }

    /// The session of an address, if this connection has it.
    pub(crate) fn token(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
    ) -> Option<SessionToken> {
        self.session(address, connection).map(|it| it.token())
    }

    /// Whether this is the session of that address now.
    pub(crate) fn is_here(&self, address: &Address, token: &SessionToken) -> bool {
        let session = self.by_address.get(address);
        session.is_some_and(|it| it.token() == *token)
    }

    /// There is something to write to a client that is not in its outbox.
    pub(crate) fn wake(&self, address: &Address) {
        if let Some(session) = self.by_address.get(address) {
            session.wake();
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
        now: Instant,
    ) -> Option<RelayFrame> {
        self.session(address, connection)?
            .outbox
            .next_unwritten(now)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_address.len()
    }

    /// Ends the sessions whose clients have not come back, or make no progress.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.departures.expire(now);
        let progress = self.timing.progress;
        let over: Vec<_> = self
            .by_address
            .iter()
            .filter_map(|(address, session)| Some((*address, session.end_due(now, progress)?)))
            .collect();
        for (address, (eviction, why)) in over {
            self.end(address, eviction, why, now);
        }
    }

    /// The session of an address, if this connection still has it.
    fn session(
        &mut self,
        address: Address,
        connection: &Arc<ConnectionHandle>,
    ) -> Option<&mut Session> {
        let session = self.by_address.get_mut(&address)?;
        session.is_served_by(connection).then_some(session)
    }

    /// Changes a session, and counts what that does to its outbox.
    fn change<T>(&mut self, address: Address, change: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let session = self.by_address.get_mut(&address)?;
        let before = session.outbox.bytes();
        let done = change(session);
        self.kept_bytes = self.kept_bytes - before + session.outbox.bytes();
        Some(done)
    }

    /// Puts an envelope into an outbox, and tells the senders of what made way for it.
    fn deliver(
        &mut self,
        to: Address,
        network: Prefix,
        envelope: outbox::Envelope,
        now: Instant,
    ) -> Delivery {
        let Some(session) = self.by_address.get(&to) else {
            return Delivery::NobodyThere;
        };
        let size = envelope.size();
        let is_short = self.kept_bytes + size > self.limits.total_outbox_bytes;
        if is_short && session.outbox.bytes() + size > ALWAYS {
            return Delivery::Refused;
        }
        let lane = session.lane(envelope.from, network, now);
        let Some(admission) = self.change(to, |session| session.take(lane, envelope)) else {
            return Delivery::NobodyThere;
        };
        for outbox::Envelope { id, from, .. } in admission.displaced {
            self.answer(from, Answer::Refused { id, to });
        }
        if admission.taken {
            Delivery::Kept
        } else {
            Delivery::Refused
        }
    }

    /// Tells a client what became of its envelope, if it is still there.
    fn answer(&mut self, to: Address, answer: Answer) {
        if let Some(session) = self.by_address.get_mut(&to) {
            session.outbox.answer(answer);
            session.wake();
        }
    }

    /// Ends a session and tells the senders of what it leaves behind.
    fn end(&mut self, address: Address, eviction: Eviction, why: Absence, now: Instant) {
        let Some(session) = self.by_address.remove(&address) else {
            return;
        };
        session.evict(eviction);
        self.kept_bytes -= session.outbox.bytes();
        self.departures.note(address, why, now);
        for outbox::Envelope { id, from, .. } in session.outbox.into_envelopes() {
            let to = address;
            self.answer(from, Answer::NotHere { id, to, why });
        }
    }

    /// Keeps the number of sessions bounded: when there are too many, the one that has waited for
    /// its client longest ends.
    fn make_room(&mut self, now: Instant) {
        if self.by_address.len() < 2 * self.limits.connections {
            return;
        }
        let waiting = self
            .by_address
            .iter()
            .filter_map(|(address, session)| Some((session.waits_since()?, *address)));
        if let Some((_, address)) = waiting.min() {
            let why = self.by_address[&address].absence();
            self.end(address, Eviction::Resumed, why, now);
        }
    }
}

fn welcome(session: SessionToken, resumed: bool, received: u64) -> RelayFrame {
    RelayFrame::Welcome {
        capabilities: Capabilities::default(),
        session,
        resumed,
        received,
        ice: None,
    }
}

/// What a client's outbox may hold even when all outboxes together hold too much: the messages of
/// a call that is being set up.
const ALWAYS: usize = 20 * 1024;

#[cfg(test)]
mod tests;
