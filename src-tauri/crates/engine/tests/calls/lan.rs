//! People on one local network, with no relay elsewhere and with one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use call::reason::EndReason;
use call::view::CallView;
use discovery::{Announcement, Lan};
use engine::command::{Command, Fault};
use engine::view::LanState;
use engine::{Clock, LanVisibility, Relation, WhoIsThere};
use identity::Identity;
use media::testing::{Loopback, Network};
use signal_client::{Link, LinkEvent, LinkState};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{
    Devices, LocalNetwork, Machine, Observed, Person, Relay, drive, eventually, pass,
};

/// A house with a network.
struct House {
    lan: LocalNetwork,
    links: Observed,
    network: Network,
    clock: Clock,
    time: JoinHandle<()>,
}

impl House {
    fn new() -> Self {
        let network = Network::new(1, Instant::now());
        Self {
            lan: LocalNetwork::default(),
            links: Observed::default(),
            clock: Clock::default(),
            time: tokio::spawn(drive(network.clone())),
            network,
        }
    }

    /// Somebody in the house, at a relay elsewhere too if there is one.
    fn person(&self, name: &'static str, sees: LanVisibility, relay: Option<&Relay>) -> Person {
        Person::at(Machine {
            name,
            relay: relay.map(|it| it.url.clone()),
            others: Relation::Known,
            devices: Devices::of(name),
            transport: Loopback::on(&self.network),
            clock: self.clock.clone(),
            relays: Arc::new(self.links.clone()),
            lan: Some((self.lan.clone(), sees)),
        })
    }

    async fn pass(&self, time: Duration) {
        pass(&self.clock, &self.network, time).await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.time.abort();
    }
}

/// They have each other among their contacts.
async fn know(house: &House, one: &Person, other: &Person) {
    one.regards(other, Relation::Contact);
    other.regards(one, Relation::Contact);
    house.pass(LOOK).await;
}

async fn sees_nearby(person: &Person, whom: &Person, name: &str) {
    let address = whom.address();
    person
        .sees("somebody nearby", |view| {
            let mut nearby = view.lan.nearby.iter();
            nearby
                .any(|it| it.address == address && it.name == name)
                .then_some(())
        })
        .await;
}

async fn sees_nobody(person: &Person) {
    person
        .sees("nobody nearby", |view| {
            view.lan.nearby.is_empty().then_some(())
        })
        .await;
}

async fn talks(alice: &Person, bob: &Person) {
    alice.dials(bob).await;
    bob.is_called().await;
    alice.hears_it_ring().await;
    bob.accepts().await;
    alice.is_in_the_call().await;
    bob.is_in_the_call().await;
    assert_eq!(alice.view().words, bob.view().words);
}

#[tokio::test]
async fn those_who_know_each_other_meet_and_call_with_nothing_around() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let bob = house.person("Bob", LanVisibility::Known, None);
    know(&house, &alice, &bob).await;
    sees_nearby(&alice, &bob, "").await;
    sees_nearby(&bob, &alice, "").await;
    talks(&alice, &bob).await;
    bob.hangs_up().await;
    alice.ended(EndReason::RemoteHangup).await;
    // And the other way, at once.
    alice.dismisses().await;
    bob.dismisses().await;
    talks(&bob, &alice).await;
    bob.stops().await;
    alice.ended(EndReason::RemoteHangup).await;
    sees_nobody(&alice).await;
    alice.stops().await;
}

#[tokio::test]
async fn strangers_see_only_who_wants_to_be_seen_by_everyone() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let mut bob = house.person("Bob", LanVisibility::Everyone, None);
    sees_nearby(&alice, &bob, "Bob").await;
    assert!(bob.view().lan.nearby.is_empty());
    bob.is_seen_by(LanVisibility::Known).await;
    sees_nobody(&alice).await;
    bob.is_seen_by(LanVisibility::Everyone).await;
    sees_nearby(&alice, &bob, "Bob").await;
    bob.is_seen_by(LanVisibility::Off).await;
    sees_nobody(&alice).await;
    alice.stops().await;
    bob.stops().await;
}

#[tokio::test]
async fn whose_address_one_has_is_found_behind_an_announcement_that_names_nobody() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let bob = house.person("Bob", LanVisibility::Known, None);
    let carol = house.person("Carol", LanVisibility::Known, None);
    house.pass(LOOK).await;
    assert!(alice.view().lan.nearby.is_empty());
    talks(&alice, &bob).await;
    assert!(carol.view().call == CallView::Idle);
    for person in [alice, bob, carol] {
        person.stops().await;
    }
}

#[tokio::test]
async fn whoever_is_at_a_typed_place_is_named_if_they_say_it_to_us() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let before = said(&house).await;
    let mut bob = house.person("Bob", LanVisibility::Known, None);
    let (_, place) = said_since(&house, &before).await;
    let who = alice.engine().who_is_at(vec![place]).await;
    assert_eq!(who, WhoIsThere::Hidden);
    bob.is_seen_by(LanVisibility::Everyone).await;
    let place = eventually("Bob says who he is", || {
        let mut said = house.lan.said().into_iter();
        said.find(|(said, _)| said.named.is_some()).map(|it| it.1)
    })
    .await;
    let who = alice.engine().who_is_at(vec![place]).await;
    let WhoIsThere::Person(who) = who else {
        panic!("{who:?}");
    };
    assert_eq!((who.address, who.name), (bob.address(), "Bob".to_owned()));
    let nobody = alice
        .engine()
        .who_is_at(vec!["127.0.0.1:9".parse().unwrap()]);
    let (nobody, ()) = tokio::join!(nobody, house.pass(Duration::from_secs(4)));
    assert_eq!(nobody, WhoIsThere::Nobody);
    alice.stops().await;
    bob.stops().await;
}

#[tokio::test]
async fn a_forged_announcement_of_somebody_is_not_believed() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let before = said(&house).await;
    let bob = house.person("Bob", LanVisibility::Known, None);
    know(&house, &alice, &bob).await;
    sees_nearby(&alice, &bob, "").await;
    let (said, _) = said_since(&house, &before).await;
    bob.stops().await;
    sees_nobody(&alice).await;
    // Mallory repeats what Bob said, from her own relay, which takes everybody in.
    let (place, relay) = open_relay().await;
    house.lan.forge(&said, place);
    house.pass(Duration::from_secs(30)).await;
    assert!(alice.view().lan.nearby.is_empty());
    alice.stops().await;
    relay.abort();
}

#[tokio::test]
async fn whoever_is_found_only_by_asking_stays_while_she_answers() {
    let house = House::new();
    house.lan.swallows_announcements();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let before = said(&house).await;
    let bob = house.person("Bob", LanVisibility::Known, None);
    know(&house, &alice, &bob).await;
    let (_, place) = said_since(&house, &before).await;
    assert!(alice.view().lan.nearby.is_empty());
    let who = alice.engine().who_is_at(vec![place]).await;
    assert!(matches!(who, WhoIsThere::Person(_)), "{who:?}");
    for _ in 0..18 {
        house.pass(Duration::from_secs(5)).await;
        sees_nearby(&alice, &bob, "").await;
    }
    bob.stops().await;
    for _ in 0..8 {
        house.pass(Duration::from_secs(5)).await;
    }
    sees_nobody(&alice).await;
    alice.stops().await;
}

#[tokio::test]
async fn of_many_places_that_are_forged_for_somebody_the_true_one_is_found() {
    let house = House::new();
    house.lan.swallows_announcements();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let before = said(&house).await;
    let bob = house.person("Bob", LanVisibility::Known, None);
    know(&house, &alice, &bob).await;
    let (said, place) = said_since(&house, &before).await;
    // Some refuse, and some take the connection and are silent.
    let silent = [0; 3].map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let mut claimed: Vec<SocketAddr> = silent.iter().map(|it| it.local_addr().unwrap()).collect();
    claimed.extend((2..30).map(|host| SocketAddr::from(([127, 0, 0, host], 9))));
    claimed.push(place);
    house.lan.claim(&said, &claimed);
    let begun = Instant::now();
    while alice.view().lan.nearby.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never found");
        house.pass(Duration::from_millis(500)).await;
        house.lan.claim(&said, &claimed);
    }
    talks(&alice, &bob).await;
    alice.stops().await;
    bob.stops().await;
}

#[tokio::test]
async fn who_is_started_while_she_is_called_is_found_though_a_relay_knows_of_nobody() {
    let house = House::new();
    let relay = Relay::start().await;
    let alice = house.person("Alice", LanVisibility::Known, Some(&relay));
    alice.is_online().await;
    house.pass(LOOK).await;
    let bob = Arc::new(Identity::generate().unwrap());
    let dial = Command::Dial {
        to: bob.address().to_string(),
        video: true,
        via: None,
    };
    alice.does(dial).await;
    // By then the relay has answered; one that is slower only proves less.
    tokio::time::sleep(Duration::from_millis(500)).await;
    house.pass(Duration::from_secs(1)).await;
    assert!(matches!(alice.view().call, CallView::Outgoing { .. }));
    // On the network is somebody who was not there before, and only Bob can answer.
    let joined = house.lan.join(&bob).await.unwrap();
    let alias = Announcement::hidden(&bob, &bob, joined.port, &[]);
    let (_link, mut heard) =
        Link::connect(&format!("ws://127.0.0.1:{}", joined.port), bob).unwrap();
    // As an engine does: her relay knows of nobody before.
    while heard.recv().await.unwrap() != LinkEvent::State(LinkState::Online) {}
    joined.membership.announce(Some(alias));
    let told = async {
        loop {
            if let Some(LinkEvent::Message { .. }) = heard.recv().await {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), told)
        .await
        .unwrap();
    alice.stops().await;
}

#[tokio::test]
async fn who_is_started_is_announced_once_they_can_be_reached() {
    let house = House::new();
    house.lan.stalls_relays(true);
    let alice = house.person("Alice", LanVisibility::Known, None);
    alice
        .sees("membership", |view| {
            (view.lan.state == LanState::On).then_some(())
        })
        .await;
    house.pass(LOOK).await;
    assert!(house.lan.said().is_empty());
    house.lan.stalls_relays(false);
    said(&house).await;
    alice.stops().await;
}

#[tokio::test]
async fn announcing_a_name_tells_nobody_who_is_around() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let (mallory, alias) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let (place, relay) = open_relay().await;
    let named = Announcement::open(&mallory, &alias, place.port(), "Mallory");
    let own = format!("ws://{place}");
    let (_link, mut heard) = Link::connect(&own, Arc::new(alias)).unwrap();
    said(&house).await;
    house.lan.forge(&named, place);
    let told = async {
        loop {
            if let Some(LinkEvent::Message { from, payload }) = heard.recv().await {
                return (from, seal::introduced(&mallory, &payload));
            }
        }
    };
    let (from, who) = tokio::time::timeout(Duration::from_secs(10), told)
        .await
        .unwrap();
    assert_eq!(who, Some(from), "an alias that speaks for itself");
    assert_ne!(from, alice.key());
    alice.stops().await;
    relay.abort();
}

#[tokio::test]
async fn a_flood_of_forged_announcements_keeps_nobody_away() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let nobody_there: SocketAddr = "127.0.0.1:9".parse().unwrap();
    for _ in 0..300 {
        let (who, alias) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let said = Announcement::open(&who, &alias, 9, "Bob");
        house.lan.forge(&said, nobody_there);
        tokio::task::yield_now().await;
    }
    let bob = house.person("Bob", LanVisibility::Known, None);
    know(&house, &alice, &bob).await;
    sees_nearby(&alice, &bob, "").await;
    assert_eq!(
        alice.view().lan.nearby.len(),
        1,
        "only who answers is shown"
    );
    talks(&alice, &bob).await;
    bob.stops().await;
    alice.stops().await;
}

#[tokio::test]
async fn the_far_relay_takes_over_within_a_second_where_the_network_fails() {
    let house = House::new();
    let relay = Relay::start().await;
    let alice = house.person("Alice", LanVisibility::Known, Some(&relay));
    let before = said(&house).await;
    let mut bob = house.person("Bob", LanVisibility::Known, Some(&relay));
    know(&house, &alice, &bob).await;
    sees_nearby(&alice, &bob, "").await;
    let (said, place) = said_since(&house, &before).await;
    bob.is_seen_by(LanVisibility::Off).await;
    // Its goodbye is lost, and nothing answers there any more: packets are swallowed.
    let _swallows = std::net::TcpListener::bind(place);
    house.lan.forge(&said, place);
    alice.is_online().await;
    bob.is_online().await;
    let begun = Instant::now();
    alice.dials(&bob).await;
    bob.is_called().await;
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    alice.stops().await;
    bob.stops().await;
}

#[tokio::test]
async fn who_is_nowhere_is_told_of_soon() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let carol = house.person("Carol", LanVisibility::Known, None);
    house.pass(LOOK).await;
    let nobody = Identity::generate().unwrap().address().to_string();
    let dial = Command::Dial {
        to: nobody,
        video: true,
        via: None,
    };
    alice.does(dial).await;
    house.pass(Duration::from_secs(5)).await;
    alice.ended(EndReason::Unreachable).await;
    alice.stops().await;
    carol.stops().await;
}

#[tokio::test]
async fn the_network_is_taken_first_also_where_a_relay_knows_both() {
    let house = House::new();
    let mut relay = Relay::start().await;
    let alice = house.person("Alice", LanVisibility::Known, Some(&relay));
    let bob = house.person("Bob", LanVisibility::Known, Some(&relay));
    alice.is_online().await;
    bob.is_online().await;
    know(&house, &alice, &bob).await;
    sees_nearby(&alice, &bob, "").await;
    alice.dials(&bob).await;
    bob.is_called().await;
    // From here on only the house is left.
    relay.dies().await;
    bob.accepts().await;
    alice.is_in_the_call().await;
    alice.hangs_up().await;
    bob.ended(EndReason::RemoteHangup).await;
    alice.stops().await;
    bob.stops().await;
}

#[tokio::test]
async fn without_a_relay_a_callee_who_dies_while_it_rings_is_noticed_by_the_connection() {
    let house = House::new();
    let alice = house.person("Alice", LanVisibility::Known, None);
    let mut bob = house.person("Bob", LanVisibility::Known, None);
    know(&house, &alice, &bob).await;
    sees_nearby(&alice, &bob, "").await;
    alice.dials(&bob).await;
    bob.is_called().await;
    alice.hears_it_ring().await;
    let begun = Instant::now();
    bob.dies();
    alice.ended(EndReason::Unreachable).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    alice.stops().await;
}

#[tokio::test]
async fn without_a_relay_a_caller_who_dies_while_it_rings_is_noticed_by_the_connection() {
    let house = House::new();
    let mut alice = house.person("Alice", LanVisibility::Known, None);
    let bob = house.person("Bob", LanVisibility::Known, None);
    know(&house, &alice, &bob).await;
    sees_nearby(&alice, &bob, "").await;
    sees_nearby(&bob, &alice, "").await;
    // The links that were for the proofs alone are closed: nothing but the call itself tells Bob's
    // phone that she can be reached.
    house.pass(Duration::from_secs(1)).await;
    alice.dials(&bob).await;
    bob.is_called().await;
    alice.hears_it_ring().await;
    let begun = Instant::now();
    alice.dies();
    bob.ended(EndReason::Missed).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
    bob.stops().await;
}

#[tokio::test]
async fn without_a_relay_that_answers_a_callee_who_dies_is_noticed_by_the_connection() {
    // It takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut relay = Relay::start().await;
    relay.dies().await;
    relay.url = signal_relay::client_url(silent.local_addr().unwrap());
    for relay in [None, Some(&relay)] {
        let house = House::new();
        let alice = house.person("Alice", LanVisibility::Known, relay);
        let mut bob = house.person("Bob", LanVisibility::Known, relay);
        know(&house, &alice, &bob).await;
        sees_nearby(&alice, &bob, "").await;
        talks(&alice, &bob).await;
        let begun = Instant::now();
        bob.dies();
        alice.ended(EndReason::PeerGone).await;
        let took = begun.elapsed();
        let (least, most) = (Duration::from_secs(3), Duration::from_secs(5));
        assert!(took >= least && took < most, "{took:?}");
        alice.stops().await;
    }
}

#[tokio::test]
async fn a_neighbour_who_leaves_the_network_in_a_call_has_not_died() {
    for caller_leaves in [false, true] {
        let house = House::new();
        let mut alice = house.person("Alice", LanVisibility::Known, None);
        let mut bob = house.person("Bob", LanVisibility::Known, None);
        know(&house, &alice, &bob).await;
        sees_nearby(&alice, &bob, "").await;
        talks(&alice, &bob).await;
        let (leaves, stays) = if caller_leaves {
            (&mut alice, &bob)
        } else {
            (&mut bob, &alice)
        };
        // Relay and links end, and the call goes on.
        leaves.is_seen_by(LanVisibility::Off).await;
        sees_nobody(stays).await;
        eventually("the links to who left have ended", || {
            house.links.are_all_gone().then_some(())
        })
        .await;
        house.pass(Duration::from_secs(12)).await;
        // A gap of the network later on is no proof of anything.
        for person in [&alice, &bob] {
            person.is_in_the_call().await;
            let fault = Fault::Path;
            person.does(Command::Fault { fault }).await;
        }
        house.pass(Duration::from_secs(6)).await;
        alice.is_in_the_call().await;
        bob.is_in_the_call().await;
        alice.hangs_up().await;
        bob.ended(EndReason::RemoteHangup).await;
        alice.stops().await;
        bob.stops().await;
    }
}

/// A relay that takes everybody in.
async fn open_relay() -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let config = signal_relay::Config::default();
    let never = std::future::pending();
    (
        place,
        tokio::spawn(signal_relay::serve(listener, config, never)),
    )
}

/// What is announced besides what was announced before, and where.
async fn said_since(
    house: &House,
    before: &[(Announcement, SocketAddr)],
) -> (Announcement, SocketAddr) {
    let places: Vec<_> = before.iter().map(|(_, place)| *place).collect();
    eventually("one more announces itself", || {
        let mut said = house.lan.said().into_iter();
        said.find(|(_, place)| !places.contains(place))
    })
    .await
}

/// What everybody announces, once somebody does.
async fn said(house: &House) -> Vec<(Announcement, SocketAddr)> {
    eventually("somebody announces themselves", || {
        Some(house.lan.said()).filter(|it| !it.is_empty())
    })
    .await
}

/// After this long an engine has seen that its user knows somebody.
const LOOK: Duration = Duration::from_millis(2500);
