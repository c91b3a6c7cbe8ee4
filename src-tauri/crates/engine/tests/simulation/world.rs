//! All that a run consists of, and its time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use call::reason::EndReason;
use call::view::CallView;
use engine::{Clock, Executor, Machine, Relation, Rng};
use media::testing::{Loopback, Network};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::chance::Draws;
use crate::person::{Person, connected, is_over};
use crate::relay::Relay;

/// Two people, and what is between them.
pub(crate) struct World {
    pub(crate) draws: Draws,
    pub(crate) people: [Person; 2],
    pub(crate) network: Network,
    pub(crate) relay: Relay,
    /// What happened, a line each.
    pub(crate) trace: Vec<String>,
    pub(crate) executor: Executor,
    clock: Clock,
    steps: u32,
    /// What the trace said of each last.
    told: [String; 2],
    /// Since when each has no call.
    over_since: [Duration; 2],
    /// Since when each waits for a path.
    lost_since: [Duration; 2],
    /// Since when it rings for each.
    rings_since: [Duration; 2],
    /// Since when each sends no sound, no pictures.
    silent_since: [Duration; 2],
    dark_since: [Duration; 2],
    /// Whether media ever flowed on both sides.
    pub(crate) was_connected: bool,
    /// The call of each that was connected last, and how many sessions it had opened by then.
    sessions: [(String, u64); 2],
    /// Whether a call went on through another session.
    pub(crate) was_renewed: bool,
    /// When each was seen to have ended a call, which must not ring with the other after that.
    ended: [BTreeMap<String, Duration>; 2],
    /// Whether something was made to happen that ends calls with these reasons: the connection of
    /// one side to the relay was closed, as it is when a program dies.
    pub(crate) closed: bool,
    pub(crate) insecure: bool,
    pub(crate) broken: bool,
    /// Dropped last: the others spawn on it as they go.
    pub(crate) runtime: Runtime,
}

impl World {
    /// Both programs run, and nobody calls.
    pub(crate) fn new(seed: u64) -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let (clock, executor) = (Clock::simulated(), Executor::default());
        let relay = Relay::default();
        let network = Network::new(!seed, clock.now());
        let rng = Rng::seeded(seed);
        let mut draws = Draws::new(seed);
        let mut person = |side| {
            let relation = draws.weighted(&[(4, Relation::Contact), (1, Relation::Stranger)]);
            let machine = Machine {
                clock: clock.clone(),
                threads: executor.threads(),
                rng: rng.clone(),
            };
            Person::new(side, relation, machine, &relay, Loopback::on(&network))
        };
        let mut people = [person(0), person(1)];
        for person in &mut people {
            person.start(&runtime);
        }
        let mut world = Self {
            draws,
            people,
            network,
            relay,
            trace: Vec::new(),
            executor,
            clock,
            steps: 0,
            told: Default::default(),
            over_since: Default::default(),
            lost_since: Default::default(),
            rings_since: Default::default(),
            silent_since: Default::default(),
            dark_since: Default::default(),
            was_connected: false,
            sessions: Default::default(),
            was_renewed: false,
            ended: Default::default(),
            closed: false,
            insecure: false,
            broken: false,
            runtime,
        };
        world.pass(Duration::from_millis(500));
        world
    }

    /// Since the start.
    pub(crate) fn passed(&self) -> Duration {
        STEP * self.steps
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Whether neither waits for a path for so long that the call is about to end.
    pub(crate) fn has_time(&self) -> bool {
        let passed = self.passed();
        self.lost_since.iter().all(|it| passed < *it + NEARLY_LOST)
    }

    /// Notes what happens.
    pub(crate) fn note(&mut self, what: &str) {
        let at = self.passed().as_secs_f64();
        self.trace.push(format!("{at:8.2} {what}"));
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.passed() + time;
        while self.passed() < until {
            self.step();
        }
    }

    /// Lets the shortest time pass.
    pub(crate) fn step(&mut self) {
        self.steps += 1;
        let takes_picture = self.steps.is_multiple_of(STEPS_PER_PICTURE);
        self.clock.skip(STEP);
        let now = self.clock.now();
        for person in &self.people {
            person.devices.work(now, STEP, takes_picture);
        }
        self.executor.step();
        self.network.advance(STEP, now);
        self.relay.advance(self.passed());
        self.settle();
        self.look();
    }

    /// Lets everything that was woken do what it has to.
    pub(crate) fn settle(&self) {
        self.runtime.block_on(async {
            for _ in 0..TURNS {
                yield_now().await;
            }
        });
    }

    fn look(&mut self) {
        let now = self.now();
        for side in 0..2 {
            self.people[side].look(now);
            let summary = self.people[side].summary();
            if self.told[side] != summary {
                self.changed(side);
                self.note(&format!("{}: {summary}", self.people[side].name));
                self.told[side] = summary;
            }
        }
        self.check();
        self.follow();
    }

    /// What holds whenever somebody's call looks otherwise than before.
    fn changed(&mut self, side: usize) {
        let (passed, other) = (self.passed(), 1 - side);
        match self.people[side].call() {
            CallView::Ended {
                call,
                reason,
                lasted_ms,
                ..
            } => {
                let flowed = lasted_ms.is_some();
                match reason {
                    EndReason::PeerGone if flowed => assert!(self.closed, "nobody died"),
                    EndReason::NotSecure => assert!(self.insecure, "nothing was insecure"),
                    EndReason::InternalError => assert!(self.broken, "nothing broke"),
                    _ => {}
                }
                self.ended[side].entry(call).or_insert(passed);
            }
            CallView::Incoming { call, .. } => {
                let ended = self.ended[other].get(&call);
                let late = ended.is_some_and(|at| passed > *at + TOLD);
                assert!(!late, "a call rings that is over");
            }
            CallView::Idle | CallView::Outgoing { .. } | CallView::Active { .. } => {}
        }
    }

    /// Notes how calls go.
    fn follow(&mut self) {
        let calls = self.people.each_ref().map(|it| it.call());
        self.was_connected |= calls.iter().all(|it| connected(it).is_some());
        for (side, call) in calls.iter().enumerate() {
            let Some(call) = connected(call) else {
                continue;
            };
            let opened = self.people[side].transport.sessions_opened();
            let (known, before) = &mut self.sessions[side];
            self.was_renewed |= known == call && *before < opened;
            *known = call.to_owned();
            *before = opened;
        }
    }

    /// What holds at any time.
    fn check(&mut self) {
        let (passed, now) = (self.passed(), self.now());
        for side in 0..2 {
            let (person, other) = (&self.people[side], &self.people[1 - side]);
            let name = person.name;
            let open = person.transport.open_sessions();
            assert!(open <= MAX_SESSIONS, "{name} has {open} sessions");

            let age = |since: &mut Duration, holds: bool| {
                if !holds {
                    *since = passed;
                }
                passed - *since
            };
            let over_for = age(&mut self.over_since[side], is_over(&person.call()));
            if over_for >= LET_GO {
                assert!(!person.devices.capture(), "{name} is heard without a call");
                assert_eq!(open, 0, "{name} holds a session without a call");
            }
            if let CallView::Incoming { known: false, .. } = person.call() {
                assert!(
                    !person.devices.films(),
                    "{name}'s camera opens for a stranger"
                );
            }
            let (sound, pictures) = person.sends();
            let silent_for = age(&mut self.silent_since[side], !sound);
            assert!(silent_for < LEFT || !other.hears(now), "{name} is heard");
            let dark_for = age(&mut self.dark_since[side], !pictures);
            assert!(dark_for < LEFT || !other.sees(now), "{name} is seen");
            age(&mut self.lost_since[side], person.waits_for_a_path());
            let rings_for = age(&mut self.rings_since[side], person.rings());
            assert!(rings_for < LONGEST_RING, "it rings at {name}'s for ever");
        }
    }
}

/// The time between two looks at everything: two callbacks of a sound device.
const STEP: Duration = Duration::from_millis(20);

const STEPS_PER_PICTURE: u32 = 5;

/// Turns of the runtime in which whatever was woken has done all that follows from it.
const TURNS: usize = 30;

/// Four at a time, closing ones included.
const MAX_SESSIONS: usize = 4;

/// How long it may take that a call which is over does not begin to ring any more.
const TOLD: Duration = Duration::from_secs(1);

/// How long what was sent before may still be heard and seen: it is under way and in the buffers.
const LEFT: Duration = Duration::from_secs(2);

/// A call without a path ends after 45 s, and a new session takes some.
const NEARLY_LOST: Duration = Duration::from_secs(35);

/// How long a person is rung for, with some time to hear of the end.
const LONGEST_RING: Duration = Duration::from_secs(30);

/// How long after a call everything of it may be held.
const LET_GO: Duration = Duration::from_secs(3);
