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
        self.connect_from(who, IpAddr::from([192, 0, 2, 1]))
    }

    fn connect_from(&mut self, who: u16, ip: IpAddr) -> Client {
        let (address, connection) = (address(who), Arc::new(ConnectionHandle::default()));
        let proven = Proven {
            address,
            resume: None,
            ip,
        };
        let token = SessionToken([0; 16]);
        self.sessions
            .attach(&proven, Arc::clone(&connection), token, self.now);
        (address, connection)
    }

    fn send(&mut self, from: &Client, seq: u64, to: &Client) {
        self.send_bytes(from, seq, to, 0);
    }

    fn send_bytes(&mut self, from: &Client, seq: u64, to: &Client, bytes: usize) {
        let envelope = Envelope {
            seq,
            id: MessageId(seq.to_be_bytes()),
            to: to.0,
            payload: Payload::new(Bytes::from(vec![0; bytes])).unwrap(),
        };
        self.sessions.route(from.0, &from.1, envelope, self.now);
    }

    fn lose(&mut self, who: &Client, disconnect: Disconnect) {
        self.sessions.detach(who.0, &who.1, self.now, disconnect);
    }

    fn leave(&mut self, who: &Client) {
        self.sessions
            .leave(who.0, &who.1, Absence::Closed, self.now);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.sessions.expire(self.now);
    }

    /// Everything that waits for somebody, in short; they acknowledge nothing of it.
    fn outgoing(&mut self, who: &Client) -> Vec<&'static str> {
        let mut all = Vec::new();
        while let Some(frame) = self.sessions.next_outgoing(who.0, &who.1, self.now) {
            all.push(match frame {
                RelayFrame::Envelope { .. } => "envelope",
                RelayFrame::Refused { .. } => "refused",
                RelayFrame::NotHere { why, .. } => match why {
                    Absence::Closed => "closed",
                    Absence::Silent => "silent",
                    Absence::Unknown => "not here",
                },
                _ => unreachable!("sessions send nothing else"),
            });
        }
        all
    }

    fn acknowledge(&mut self, who: &Client, seq: u64) -> Result<(), AckOfFuture> {
        self.sessions.acknowledged(who.0, &who.1, seq, self.now)
    }
}

#[test]
fn a_broken_connection_is_waited_for_shortly_and_a_silent_one_longer() {
    for (disconnect, wait, why) in [
        (Disconnect::Reset, 2, "closed"),
        (Disconnect::Silent, 30, "silent"),
    ] {
        let mut relay = Relay::new(Limits::default());
        let (ann, bob) = (relay.connect(1), relay.connect(2));
        relay.lose(&bob, disconnect);
        relay.send(&ann, 1, &bob);
        relay.wait(Duration::from_secs(wait) - Duration::from_millis(1));
        assert!(relay.outgoing(&ann).is_empty());
        relay.wait(Duration::from_millis(1));
        assert_eq!(relay.outgoing(&ann), [why]);
        relay.send(&ann, 2, &bob);
        assert_eq!(relay.outgoing(&ann), [why], "also afterwards");
        relay.acknowledge(&ann, 2).unwrap();
        relay.wait(Duration::from_secs(60));
        relay.send(&ann, 3, &bob);
        assert_eq!(relay.outgoing(&ann), ["not here"], "it is forgotten");
    }
}

#[test]
fn one_who_said_goodbye_or_was_never_there_is_told_from_the_others() {
    let mut relay = Relay::new(Limits::default());
    let (ann, bob) = (relay.connect(1), relay.connect(2));
    let nobody = (address(3), Arc::default());
    relay.leave(&bob);
    relay.send(&ann, 1, &bob);
    relay.send(&ann, 2, &nobody);
    assert_eq!(relay.outgoing(&ann), ["closed", "not here"]);
    let bob = relay.connect(2);
    relay.send(&ann, 3, &bob);
    assert_eq!(relay.outgoing(&bob), ["envelope"]);
}

#[test]
fn a_connection_that_lost_its_session_has_no_say_any_more() {
    let mut relay = Relay::new(Limits::default());
    let (bob, before) = (relay.connect(2), relay.connect(1));
    let after = relay.connect(1);
    assert_eq!(before.1.evicted(), Some(Eviction::TakenOver));
    relay.send(&before, 1, &bob);
    relay.lose(&before, Disconnect::Reset);
    relay.leave(&before);
    assert!(relay.outgoing(&bob).is_empty());
    relay.send(&bob, 1, &after);
    assert!(relay.outgoing(&before).is_empty());
    assert_eq!(relay.outgoing(&after), ["envelope"]);
}

#[test]
fn a_full_outbox_is_refused_to_its_senders_and_ends_no_session() {
    let mut relay = Relay::new(Limits::default());
    let (bob, eve) = (relay.connect(1), relay.connect(2));
    relay.lose(&eve, Disconnect::Silent);
    for (receiver, who) in [(&bob, 1_000), (&eve, 2_000)] {
        let flood: Vec<_> = (who..who + 100).map(|who| relay.connect(who)).collect();
        for (seq, sender) in (1..=50).flat_map(|seq| flood.iter().map(move |it| (seq, it))) {
            relay.send(sender, seq, receiver);
            assert!(relay.sessions.kept_bytes < 64 * 1024);
        }
        for sender in &flood {
            let told = relay.outgoing(sender);
            assert!(told.iter().all(|it| *it == "refused"), "{told:?}");
        }
        assert_eq!(receiver.1.evicted(), None);
    }
    let (ann, far) = (relay.connect(3), IpAddr::from([198, 51, 100, 1]));
    let carol = relay.connect_from(4, far);
    relay.send(&bob, 1, &ann);
    relay.send(&ann, 1, &bob);
    relay.send(&carol, 1, &bob);
    assert!(relay.outgoing(&carol).is_empty(), "from elsewhere");
    assert_eq!(relay.outgoing(&ann), ["envelope"], "whom Bob wrote to");
}

#[test]
fn a_session_without_progress_ends_in_time_and_not_before() {
    let mut relay = Relay::new(Limits::default());
    let (ann, bob) = (relay.connect(1), relay.connect(2));
    let progress = Timing::default().progress;
    relay.wait(2 * progress);
    relay.send(&ann, 1, &bob);
    relay.send(&ann, 2, &bob);
    relay.wait(2 * progress);
    assert_eq!(bob.1.evicted(), None, "nothing was written yet");
    assert_eq!(relay.outgoing(&bob).len(), 2);
    relay.wait(progress - Duration::from_millis(1));
    relay.acknowledge(&bob, 1).unwrap();
    relay.wait(progress - Duration::from_millis(1));
    assert_eq!(bob.1.evicted(), None);
    relay.wait(Duration::from_millis(1));
    assert_eq!(bob.1.evicted(), Some(Eviction::TooSlow));
    assert_eq!(relay.outgoing(&ann), ["silent"]);
    assert_eq!(relay.sessions.kept_bytes, 0);
}

#[test]
fn an_acknowledgement_of_the_future_changes_nothing() {
    let mut relay = Relay::new(Limits::default());
    let (ann, bob) = (relay.connect(1), relay.connect(2));
    relay.send(&ann, 1, &bob);
    assert_eq!(relay.outgoing(&bob), ["envelope"]);
    let kept = relay.sessions.kept_bytes;
    assert_eq!(relay.acknowledge(&bob, 2), Err(AckOfFuture));
    assert_eq!(relay.sessions.kept_bytes, kept);
    let resume = Resume {
        session: SessionToken([0; 16]),
        received: 2,
    };
    let proven = Proven {
        address: bob.0,
        resume: Some(resume),
        ip: [192, 0, 2, 1].into(),
    };
    let token = SessionToken([1; 16]);
    let welcome = relay
        .sessions
        .attach(&proven, Arc::default(), token, relay.now);
    assert!(matches!(
        welcome,
        RelayFrame::Welcome { resumed: false, .. }
    ));
}

#[test]
fn when_all_outboxes_hold_too_much_the_empty_ones_still_take_something() {
    let mut relay = Relay::new(Limits {
        total_outbox_bytes: 1024 * 1024,
        ..Limits::default()
    });
    let ann = relay.connect(0);
    for who in 1..=100 {
        let ip = |n| IpAddr::from([10, 0, n, u8::try_from(who).unwrap()]);
        let (sender, receiver) = (
            relay.connect_from(1_000 + who, ip(1)),
            relay.connect_from(who, ip(2)),
        );
        for seq in 1..=4 {
            relay.send_bytes(&sender, seq, &receiver, 40_000);
        }
    }
    let kept = relay.sessions.kept_bytes;
    assert!(
        (900_000..1024 * 1024 + 100 * ALWAYS).contains(&kept),
        "{kept}"
    );
    let bob = relay.connect_from(5_000, [10, 1, 1, 1].into());
    relay.send_bytes(&ann, 1, &bob, 16 * 1024);
    assert_eq!(relay.outgoing(&bob), ["envelope"]);
    relay.send_bytes(&ann, 2, &bob, 16 * 1024);
    assert_eq!(relay.outgoing(&ann), ["refused"]);
}

#[test]
fn an_end_is_told_to_every_sender_and_causes_no_other() {
    let mut relay = Relay::new(Limits::default());
    let people: Vec<_> = (1..=10_000).map(|who| relay.connect(who)).collect();
    for pair in people.windows(2) {
        relay.send(&pair[1], 1, &pair[0]);
    }
    relay.leave(&people[0]);
    assert_eq!(relay.outgoing(&people[1]), ["envelope", "closed"]);
    let evicted = |(_, it): &&Client| it.evicted().is_some();
    assert_eq!(people.iter().filter(evicted).count(), 1);
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
