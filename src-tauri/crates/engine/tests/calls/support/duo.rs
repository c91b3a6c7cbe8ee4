//! Alice and Bob.

use std::sync::Arc;
use std::time::{Duration, Instant};

use call::reason::EndReason;
use engine::{Clock, Relation, SignalClient};
use media::testing::{Loopback, Network};
use tokio::task::JoinHandle;

use super::devices::Devices;
use super::patient::Patient;
use super::person::{Machine, Person};
use super::relay::Relay;
use super::tap::Tap;

/// Two people at one relay, and the network between their sessions.
pub(crate) struct Duo {
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) network: Network,
    pub(crate) relay: Relay,
    /// Bob's, when he is not at Alice's.
    pub(crate) other_relay: Option<Relay>,
    /// What lies before the relay, when something does.
    pub(crate) tap: Option<Tap>,
    clock: Clock,
    time: JoinHandle<()>,
    setup: Setup,
}

/// What differs between tests before anything starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// What all are to each other.
    pub(crate) relation: Relation,
    /// Whether Bob is at a relay of his own.
    pub(crate) apart: bool,
    /// Whether what the relay delivers can be read.
    pub(crate) tapped: bool,
    /// Whether links to relays are not tried again by themselves, unless somebody waits for them.
    pub(crate) patient: bool,
}

impl Default for Setup {
    /// Two who know each other, at one relay.
    fn default() -> Self {
        Self {
            relation: Relation::Known,
            apart: false,
            tapped: false,
            patient: false,
        }
    }
}

impl Duo {
    /// Both are online and know each other.
    pub(crate) async fn online() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let relay = Relay::start().await;
        let other_relay = if setup.apart {
            Some(Relay::start().await)
        } else {
            None
        };
        let tap = if setup.tapped {
            Some(Tap::before(relay.address).await)
        } else {
            None
        };
        let url = tap.as_ref().map_or(&relay.url, |it| &it.url);
        let network = Network::new(1, Instant::now());
        let clock = Clock::default();
        let person = |name, url: &str| join(name, url, &network, &clock, setup);
        let duo = Self {
            alice: person("Alice", url),
            bob: person("Bob", other_relay.as_ref().map_or(url, |it| &it.url)),
            tap,
            time: tokio::spawn(drive(network.clone())),
            network,
            relay,
            other_relay,
            clock,
            setup,
        };
        duo.alice.is_online().await;
        duo.bob.is_online().await;
        duo
    }

    /// Alice calls, and Bob's device rings.
    pub(crate) async fn rings(&self) {
        self.alice.dials(&self.bob).await;
        self.bob.is_called().await;
        self.alice.hears_it_ring().await;
    }

    /// Alice calls, Bob accepts, media flows.
    pub(crate) async fn talks(&self) {
        self.rings().await;
        self.bob.accepts().await;
        self.alice.is_in_the_call().await;
        self.bob.is_in_the_call().await;
    }

    /// Two people in a call.
    pub(crate) async fn in_a_call() -> Self {
        let duo = Self::online().await;
        duo.talks().await;
        duo
    }

    /// Alice hangs up, and both leave the ended screen.
    pub(crate) async fn hangs_up(&self) {
        self.alice.hangs_up().await;
        self.alice.ended(EndReason::LocalHangup).await;
        self.bob.ended(EndReason::RemoteHangup).await;
        for person in [&self.alice, &self.bob] {
            person.dismisses().await;
            person.is_idle().await;
        }
    }

    /// Somebody else at the same relay.
    pub(crate) async fn somebody_else(&self, name: &'static str) -> Person {
        let person = join(
            name,
            &self.relay.url,
            &self.network,
            &self.clock,
            self.setup,
        );
        person.is_online().await;
        person
    }

    /// Lets time pass for the engines and the network, without waiting for it.
    pub(crate) async fn pass(&self, time: Duration) {
        pass(&self.clock, &self.network, time).await;
    }

    /// Stops both engines, whatever they do, and checks that nothing is left.
    pub(crate) async fn stop(self) {
        self.stop_while_passing(Duration::ZERO).await;
    }

    /// Stops both engines while this much time passes for them.
    pub(crate) async fn stop_while_passing(self, time: Duration) {
        let stopping = async {
            self.alice.stops().await;
            self.bob.stops().await;
        };
        tokio::join!(stopping, pass(&self.clock, &self.network, time));
        self.time.abort();
    }
}

/// Starts the engine of one more person.
fn join(name: &'static str, relay: &str, network: &Network, clock: &Clock, setup: Setup) -> Person {
    Person::at(Machine {
        name,
        relay: Some(relay.to_owned()),
        others: setup.relation,
        devices: Devices::of(name),
        transport: Loopback::on(network),
        clock: clock.clone(),
        relays: if setup.patient {
            Arc::new(Patient)
        } else {
            Arc::new(SignalClient)
        },
        lan: None,
    })
}

/// Moves the clock forward a little at a time, so that whoever wakes can act before the next one
/// does.
pub(crate) async fn pass(clock: &Clock, network: &Network, time: Duration) {
    for step in 0..time.as_millis().div_ceil(STEP.as_millis()) {
        clock.skip(STEP);
        network.advance(STEP, Instant::now());
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        // What threads and sockets do takes time of its own.
        if step % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Lets the network's time pass as the clock says.
pub(crate) async fn drive(network: Network) {
    let mut step = tokio::time::interval(Duration::from_millis(1));
    let mut last = Instant::now();
    loop {
        step.tick().await;
        let now = Instant::now();
        network.advance(now - last, now);
        last = now;
    }
}

/// How often a control task looks at what has to be done again.
const STEP: Duration = Duration::from_millis(100);

/// Turns of the runtime in which a message gets from one engine to the other.
const TURNS: usize = 20;
