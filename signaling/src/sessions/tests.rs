//! What becomes of messages when connections and sessions end.

use std::time::Duration;

use bytes::Bytes;

use super::*;

/// The sessions of some people, and the time.
struct Relay {
    sessions: Sessions,
    now: Instant,
}

type Client = (Address, Arc<ConnectionHandle>);

fn address(who: u16) -> Address {
    let mut bytes = [0; Address::LENGTH];
    bytes[..2].copy_from_slice(&who.to_be_bytes());
    Address::from_bytes(bytes)
}

impl Relay {
    fn new(limits: Limits) -> Self {
        let config = Config {
            limits,
            ..Config::default()
        };
        Self {
            sessions: Sessions::new(&config),
            now: Instant::now(),
        }
    }

    fn connect(&mut self, who: u16) -> Client {
        let (address, connection) = (address(who), Arc::new(ConnectionHandle::default()));
        self.sessions.attach(
            address,
            None,
            Arc::clone(&connection),
            SessionToken([0; 16]),
        );
        (address, connection)
    }

    fn send(&mut self, from: &Client, seq: u64, to: &Client) {
        let payload = Payload::new(Bytes::new()).unwrap();
        let envelope = Envelope {
            seq,
            id: MessageId(seq.to_be_bytes()),
            to: to.0,
            payload,
        };
        self.sessions.route(from.0, &from.1, envelope);
    }

    fn lose(&mut self, who: &Client, disconnect: Disconnect) {
        self.sessions.detach(who.0, &who.1, self.now, disconnect);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.sessions.expire(self.now);
    }

    /// Everything that waits for somebody, in short.
    fn outgoing(&mut self, who: &Client) -> Vec<&'static str> {
        let mut all = Vec::new();
        while let Some(frame) = self.sessions.next_outgoing(who.0, &who.1) {
            all.push(match frame {
                RelayFrame::Envelope { .. } => "envelope",
                RelayFrame::NotHere { .. } => "not here",
                _ => unreachable!("sessions send nothing else"),
            });
        }
        all
    }
}

#[test]
fn a_broken_connection_is_waited_for_shortly_and_a_silent_one_longer() {
    for (disconnect, wait) in [(Disconnect::Reset, 2), (Disconnect::Silent, 30)] {
        let mut relay = Relay::new(Limits::default());
        let (ann, bob) = (relay.connect(1), relay.connect(2));
        relay.lose(&bob, disconnect);
        relay.send(&ann, 1, &bob);
        relay.wait(Duration::from_secs(wait) - Duration::from_millis(1));
        assert!(relay.outgoing(&ann).is_empty());
        relay.wait(Duration::from_millis(1));
        assert_eq!(relay.outgoing(&ann), ["not here"]);
    }
}

#[test]
fn a_connection_that_lost_its_session_has_no_say_any_more() {
    let mut relay = Relay::new(Limits::default());
    let (bob, before) = (relay.connect(2), relay.connect(1));
    let after = relay.connect(1);
    assert_eq!(before.1.eviction.get(), Some(&Eviction::TakenOver));
    relay.send(&before, 1, &bob);
    relay.lose(&before, Disconnect::Reset);
    relay.sessions.leave(before.0, &before.1);
    assert!(relay.outgoing(&bob).is_empty());
    relay.send(&bob, 1, &after);
    assert!(relay.outgoing(&before).is_empty());
    assert_eq!(relay.outgoing(&after), ["envelope"]);
}

#[test]
fn a_full_outbox_ends_a_session_that_is_connected_and_spares_one_that_is_not() {
    let mut relay = Relay::new(Limits {
        outbox_frames: 2,
        ..Limits::default()
    });
    let (ann, bob, eve) = (relay.connect(1), relay.connect(2), relay.connect(3));
    relay.lose(&eve, Disconnect::Silent);
    (1..=3).for_each(|seq| relay.send(&ann, seq, &eve));
    assert_eq!(relay.outgoing(&ann), ["not here"], "what does not fit");
    relay.sessions.acknowledged(ann.0, &ann.1, 1);
    (4..=5).for_each(|seq| relay.send(&ann, seq, &bob));
    assert_eq!(bob.1.eviction.get(), None);
    let (carol, dave) = (relay.connect(4), relay.connect(5));
    relay.send(&carol, 1, &bob);
    assert_eq!(bob.1.eviction.get(), Some(&Eviction::TooSlow));
    assert_eq!(relay.outgoing(&ann), ["not here", "not here"]);
    assert_eq!(relay.outgoing(&carol), ["not here"]);
    assert!(relay.outgoing(&dave).is_empty());
}

#[test]
fn ends_that_cause_ends_come_to_an_end() {
    let mut relay = Relay::new(Limits {
        outbox_frames: 1,
        ..Limits::default()
    });
    let people: Vec<_> = (1..=10_000).map(|who| relay.connect(who)).collect();
    for pair in people.windows(2) {
        relay.send(&pair[1], 1, &pair[0]);
    }
    // Everybody but the last has an envelope of the next one, and no room for more.
    relay.send(&people[2], 2, &people[0]);
    let gone = people
        .iter()
        .filter(|(_, connection)| connection.eviction.get().is_some())
        .count();
    assert_eq!(
        gone, 9_999,
        "each end told the next sender, whose outbox was full"
    );
}

#[test]
fn the_number_of_sessions_is_bounded() {
    let mut relay = Relay::new(Limits {
        connections: 2,
        ..Limits::default()
    });
    for who in 1..=100 {
        let somebody = relay.connect(who);
        relay.lose(&somebody, Disconnect::Silent);
        relay.now += Duration::from_millis(1);
        assert!(relay.sessions.by_address.len() <= 4);
    }
    assert!(relay.sessions.by_address.contains_key(&address(100)));
}
