//! Calls that a server is to carry, where no relay gives access to one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use call::carrier::Carrier;
use call::reason::EndReason;
use engine::command::Command;
use engine::{Clock, LanVisibility, Relation, SignalClient};
use media::testing::{Loopback, Network};

use crate::support::{Devices, LocalNetwork, Machine, Person, drive, pass};

/// Neighbours need no relay to ring; a server needs one.
#[tokio::test]
async fn who_calls_a_neighbour_over_a_server_and_has_no_relay_that_is_there_is_told_so() {
    for relay in [None, Some("ws://127.0.0.1:1/v2")] {
        let (lan, clock) = (LocalNetwork::default(), Clock::default());
        let network = Network::new(1, Instant::now());
        let time = tokio::spawn(drive(network.clone()));
        let person = |name| {
            Person::at(Machine {
                name,
                relay: relay.map(str::to_owned),
                others: Relation::Contact,
                devices: Devices::of(name),
                transport: Loopback::on(&network),
                clock: clock.clone(),
                relays: Arc::new(SignalClient),
                lan: Some((lan.clone(), LanVisibility::Everyone)),
            })
        };
        let (alice, bob) = (person("Alice"), person("Bob"));
        pass(&clock, &network, Duration::from_secs(3)).await;
        let to = bob.address();
        let (video, via) = (true, Some(Carrier::LiveKit));
        alice.does(Command::Dial { to, video, via }).await;
        alice.ended(EndReason::NoAccess).await;
        bob.stops().await;
        alice.stops().await;
        time.abort();
    }
}
