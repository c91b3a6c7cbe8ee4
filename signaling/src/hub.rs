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

/// What came of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// It is in the outbox.
    Kept,
    /// There is no session, or one that waits for its client and has no room for more.
    NobodyThere,
    /// The client is connected, but so much has piled up for it that its session must end.
    TooSlow,
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

    /// Puts an item into an outbox, and tells what came of it.
    fn deliver(&mut self, to: Address, item: Item) -> Delivery {
        let Some(session) = self.sessions.get_mut(&to) else {
            return Delivery::NobodyThere;
        };
        match (session.outbox.push(item), &session.presence) {
            (Ok(()), Presence::Attached(seat)) => {
                seat.outgoing.notify_one();
                Delivery::Kept
            }
            (Ok(()), Presence::Detached { .. }) => Delivery::Kept,
            (Err(Full), Presence::Attached(_)) => Delivery::TooSlow,
            (Err(Full), Presence::Detached { .. }) => Delivery::NobodyThere,
        }
    }

    /// Ends a session and tells the senders of what it leaves behind. Telling can make a sender's
    /// outbox run full and end that session too, and so on: a list and no recursion, because
    /// clients choose how long that goes on.
    fn end(&mut self, address: Address, eviction: Eviction) {
        let mut ending = vec![(address, eviction)];
        while let Some((address, eviction)) = ending.pop() {
            let Some(session) = self.sessions.remove(&address) else {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;

    /// A hub, and the seats of the people in it.
    struct Room {
        hub: Hub,
        now: Instant,
    }

    type Seated = (Address, Arc<Seat>);

    fn address(who: u16) -> Address {
        let mut bytes = [0; Address::LENGTH];
        bytes[..2].copy_from_slice(&who.to_be_bytes());
        Address::from_bytes(bytes)
    }

    impl Room {
        fn new(limits: Limits) -> Self {
            let config = Config {
                limits,
                ..Config::default()
            };
            Self {
                hub: Hub::new(&config),
                now: Instant::now(),
            }
        }

        fn seat(&mut self, who: u16) -> Seated {
            let (address, seat) = (address(who), Arc::new(Seat::default()));
            self.hub
                .attach(address, None, Arc::clone(&seat), SessionToken([0; 16]));
            (address, seat)
        }

        fn send(&mut self, from: &Seated, seq: u64, to: &Seated) {
            let payload = Payload::new(Bytes::new()).unwrap();
            let envelope = Envelope {
                seq,
                id: MessageId(seq.to_be_bytes()),
                to: to.0,
                payload,
            };
            self.hub.route(from.0, &from.1, envelope);
        }

        fn lose(&mut self, who: &Seated, loss: Loss) {
            self.hub.detach(who.0, &who.1, self.now, loss);
        }

        fn wait(&mut self, time: Duration) {
            self.now += time;
            self.hub.expire(self.now);
        }

        /// Everything that waits for somebody, in short.
        fn outgoing(&mut self, who: &Seated) -> Vec<&'static str> {
            let mut all = Vec::new();
            while let Some(frame) = self.hub.next_outgoing(who.0, &who.1) {
                all.push(match frame {
                    RelayFrame::Envelope { .. } => "envelope",
                    RelayFrame::NotHere { .. } => "not here",
                    _ => unreachable!("a hub sends nothing else"),
                });
            }
            all
        }
    }

    #[test]
    fn a_broken_connection_is_waited_for_shortly_and_a_silent_one_longer() {
        for (loss, wait) in [(Loss::Broken, 2), (Loss::Silent, 30)] {
            let mut room = Room::new(Limits::default());
            let (ann, bob) = (room.seat(1), room.seat(2));
            room.lose(&bob, loss);
            room.send(&ann, 1, &bob);
            room.wait(Duration::from_secs(wait) - Duration::from_millis(1));
            assert!(room.outgoing(&ann).is_empty());
            room.wait(Duration::from_millis(1));
            assert_eq!(room.outgoing(&ann), ["not here"]);
        }
    }

    #[test]
    fn a_connection_that_lost_its_session_has_no_say_any_more() {
        let mut room = Room::new(Limits::default());
        let (bob, before) = (room.seat(2), room.seat(1));
        let after = room.seat(1);
        assert_eq!(before.1.eviction.get(), Some(&Eviction::TakenOver));
        room.send(&before, 1, &bob);
        room.lose(&before, Loss::Broken);
        room.hub.leave(before.0, &before.1);
        assert!(room.outgoing(&bob).is_empty());
        room.send(&bob, 1, &after);
        assert!(room.outgoing(&before).is_empty());
        assert_eq!(room.outgoing(&after), ["envelope"]);
    }

    #[test]
    fn a_full_outbox_ends_a_session_that_is_connected_and_spares_one_that_is_not() {
        let mut room = Room::new(Limits {
            outbox_frames: 2,
            ..Limits::default()
        });
        let (ann, bob, eve) = (room.seat(1), room.seat(2), room.seat(3));
        room.lose(&eve, Loss::Silent);
        (1..=3).for_each(|seq| room.send(&ann, seq, &eve));
        assert_eq!(room.outgoing(&ann), ["not here"], "what does not fit");
        room.hub.acknowledged(ann.0, &ann.1, 1);
        (4..=5).for_each(|seq| room.send(&ann, seq, &bob));
        assert_eq!(bob.1.eviction.get(), None);
        let (carol, dave) = (room.seat(4), room.seat(5));
        room.send(&carol, 1, &bob);
        assert_eq!(bob.1.eviction.get(), Some(&Eviction::TooSlow));
        assert_eq!(room.outgoing(&ann), ["not here", "not here"]);
        assert_eq!(room.outgoing(&carol), ["not here"]);
        assert!(room.outgoing(&dave).is_empty());
    }

    #[test]
    fn ends_that_cause_ends_come_to_an_end() {
        let mut room = Room::new(Limits {
            outbox_frames: 1,
            ..Limits::default()
        });
        let people: Vec<_> = (1..=10_000).map(|who| room.seat(who)).collect();
        for pair in people.windows(2) {
            room.send(&pair[1], 1, &pair[0]);
        }
        // Everybody but the last has an envelope of the next one, and no room for more.
        room.send(&people[2], 2, &people[0]);
        let gone = people
            .iter()
            .filter(|(_, seat)| seat.eviction.get().is_some())
            .count();
        assert_eq!(
            gone, 9_999,
            "each end told the next sender, whose outbox was full"
        );
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let mut room = Room::new(Limits {
            connections: 2,
            ..Limits::default()
        });
        for who in 1..=100 {
            let somebody = room.seat(who);
            room.lose(&somebody, Loss::Silent);
            room.now += Duration::from_millis(1);
            assert!(room.hub.sessions.len() <= 4);
        }
        assert!(room.hub.sessions.contains_key(&address(100)));
    }
}
