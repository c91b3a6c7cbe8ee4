//! What may happen to a call: one table, from which the bench and the scenario are made.

use std::time::Duration;

use call::carrier::Carrier;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// How options and tables call it: the letter of its kind first.
    pub name: &'static str,
    /// What happens.
    pub what: &'static str,
    /// What happens, to be done.
    pub act: Act,
    /// Which servers both sides know beside the relay.
    pub servers: Servers,
    /// Over what it happens to calls.
    pub over: Over,
    /// What both sides shall come to.
    pub due: Due,
    /// What is to be reached.
    pub goal: Option<Goal>,
    /// The latest that the scenario lets pass, on a busy machine.
    pub bar: Duration,
    /// Takes too long for every run of the checks.
    pub long: bool,
}

/// What is done. Where it happens to one side, that is the caller, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The interface in use goes and another one comes, with another address.
    Replace(Relay),
    /// The same on both sides at once.
    ReplaceBoth,
    /// The interface in use goes, and another one comes so many seconds later.
    Gap {
        /// Seconds.
        seconds: u64,
        /// Whether it happens to both sides. Else the callee is behind a router, which lets nothing
        /// in that was not asked for.
        both: bool,
    },
    /// Nothing passes for so many seconds.
    Outage {
        /// Seconds.
        seconds: u64,
        /// Whether the relay is there meanwhile and after.
        relay: Relay,
    },
    /// The callee's program is killed (SIGKILL).
    Kill,
    /// The caller's router forgets its mappings and gets another address.
    Rebind,
    /// The call is made at a fifth of loss.
    SetUp,
    /// The callee's program stands still for so many seconds (SIGSTOP).
    Freeze {
        /// Seconds.
        seconds: u64,
    },
    /// The direct path goes, and one through TURN is left.
    OnlyTurn,
    /// The server that carries the call is killed (SIGKILL), and comes back at once without anything
    /// that it knew, or does not.
    Server {
        /// Whether it comes back.
        back: bool,
    },
}

/// Over which carriers an event is to be lived through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// From machine to machine.
    Direct,
    /// Over a LiveKit server.
    Server,
    /// Over both.
    Both,
    /// Over both, but over a server only where time does not matter.
    DirectAtLeast,
}

/// Whether the relay is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relay {
    /// It is.
    Alive,
    /// It is killed a second before the event.
    Dead,
    /// The same, and it is started again a second into the event.
    Restarts,
}

/// Servers beside the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    /// None.
    None,
    /// A STUN server.
    Stun,
    /// A TURN server.
    Turn,
}

/// What both sides shall come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Sound and a fresh picture at both.
    Media,
    /// The end of the call for this reason, told by every side that still runs.
    End(&'static str),
}

/// The most that half and nearly all of the runs may take, milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Half of them.
    pub p50_ms: u64,
    /// 95 of 100.
    pub p95_ms: u64,
}

impl Event {
    /// Whether it is a matter of calls over this carrier, where there is time for all or not.
    #[must_use]
    pub const fn is_for(&self, carrier: Carrier, long: bool) -> bool {
        let is_here = match (carrier, self.over) {
            (Carrier::Direct, Over::Direct | Over::Both | Over::DirectAtLeast)
            | (Carrier::LiveKit, Over::Server | Over::Both) => true,
            (Carrier::LiveKit, Over::DirectAtLeast) => long,
            (Carrier::Direct, Over::Server) | (Carrier::LiveKit, Over::Direct) => false,
        };
        is_here && (long || !self.long)
    }

    /// Whether `--only` with this text means it.
    #[must_use]
    pub fn is_meant(&self, only: &str) -> bool {
        self.name.starts_with(only)
    }

    const fn media(name: &'static str, what: &'static str, act: Act) -> Self {
        Self {
            name,
            what,
            act,
            servers: Servers::None,
            over: Over::DirectAtLeast,
            due: Due::Media,
            goal: None,
            bar: Duration::from_secs(10),
            long: false,
        }
    }

    const fn end(name: &'static str, what: &'static str, act: Act, reason: &'static str) -> Self {
        Self {
            due: Due::End(reason),
            bar: Duration::from_secs(12),
            ..Self::media(name, what, act)
        }
    }

    const fn to_reach(self, p50_ms: u64, p95_ms: u64) -> Self {
        Self {
            goal: Some(Goal { p50_ms, p95_ms }),
            ..self
        }
    }

    /// A server that carries calls takes the place of these.
    const fn with(self, servers: Servers) -> Self {
        Self {
            servers,
            over: Over::Direct,
            ..self
        }
    }

    const fn over(self, over: Over) -> Self {
        Self { over, ..self }
    }

    const fn within(self, seconds: u64) -> Self {
        Self {
            bar: Duration::from_secs(seconds),
            ..self
        }
    }

    const fn long(self) -> Self {
        Self { long: true, ..self }
    }
}

const fn outage(seconds: u64, relay: Relay) -> Act {
    Act::Outage { seconds, relay }
}

const fn gap(seconds: u64, both: bool) -> Act {
    Act::Gap { seconds, both }
}

use Relay::{Alive, Dead, Restarts};

/// Every event.
pub const EVENTS: &[Event] = &[
    Event::media("a", "another interface", Act::Replace(Alive))
        .to_reach(500, 1500)
        .within(5),
    // A server follows nobody to another address, and the next session needs the relay for its key.
    Event::media("b", "relay dead, another interface", Act::Replace(Dead))
        .to_reach(500, 1500)
        .within(5)
        .over(Over::Direct),
    Event::media("c2", "2 s without a path", outage(2, Alive)).to_reach(500, 500),
    Event::media("c2-dead", "the same, relay dead", outage(2, Dead)).to_reach(500, 500),
    Event::media("c4", "4 s without a path", outage(4, Alive)).to_reach(800, 800),
    Event::media("c4-dead", "the same, relay dead", outage(4, Dead)).to_reach(800, 800),
    Event::media("c8", "8 s without a path", outage(8, Alive)).to_reach(800, 800),
    Event::media("c8-dead", "the same, relay dead", outage(8, Dead)).to_reach(800, 800),
    Event::media("c8-back", "the same, relay restarts", outage(8, Restarts))
        .to_reach(800, 800)
        .over(Over::Both),
    Event::media("c30", "30 s without a path", outage(30, Alive))
        .to_reach(800, 800)
        .long(),
    // A server has given both up by then: see above.
    Event::media("c30-dead", "the same, relay dead", outage(30, Dead))
        .to_reach(800, 800)
        .over(Over::Direct)
        .long(),
    Event::media("d", "another interface on both sides", Act::ReplaceBoth)
        .to_reach(500, 1500)
        .within(5),
    Event::end("e", "one side killed", Act::Kill, "peerGone").to_reach(8000, 8000),
    Event::end(
        "e-stun",
        "the same, with a STUN server",
        Act::Kill,
        "peerGone",
    )
    .with(Servers::Stun)
    .to_reach(8000, 8000),
    Event::media("f", "NAT rebinding", Act::Rebind)
        .with(Servers::Stun)
        .to_reach(800, 1500)
        .within(2),
    Event::media("g", "set-up at 20 % loss", Act::SetUp)
        .within(15)
        .over(Over::Both),
    Event::media(
        "h10",
        "one side frozen for 10 s",
        Act::Freeze { seconds: 10 },
    ),
    Event::end(
        "h60",
        "one side frozen for 60 s",
        Act::Freeze { seconds: 60 },
        "connectionLost",
    )
    .long(),
    Event::media("i", "only TURN is left", Act::OnlyTurn).with(Servers::Turn),
    Event::media(
        "j8",
        "8 s without a network, then another one",
        gap(8, false),
    )
    .with(Servers::Stun)
    .to_reach(500, 1500),
    Event::media("k8", "the same on both sides", gap(8, true)).to_reach(500, 1500),
    Event::media(
        "s",
        "the server is killed and comes back",
        Act::Server { back: true },
    )
    .over(Over::Server),
    Event::end(
        "s-dead",
        "the server is killed",
        Act::Server { back: false },
        "connectionLost",
    )
    .over(Over::Server)
    .within(60)
    .long(),
];
