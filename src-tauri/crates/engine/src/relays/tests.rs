//! Home, guest relays, and relays that are both under two names.

use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::{Address, Identity};
use media::transport::{IceServer, NoAccess};
use signal_client::{Config, IceServers, Link, LinkEvent, LinkState, SendError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::link::{RelayLink, credentials, forward, usable};
use super::{GUEST_AFTERMATH, LinkId, News, Relays, SignalClient};
use crate::clock::Clock;
use crate::sealing::Priority;
use crate::view::{RelayProblem, RelayView};

const TAKEN_OVER: RelayView = RelayView::Offline {
    problem: RelayProblem::TakenOver,
};

/// A relay of two names, `127.0.0.1` and `localhost`.
async fn relay() -> [String; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let never = std::future::pending();
    let config = signal_relay::Config::default();
    tokio::spawn(signal_relay::serve(listener, config, never));
    ["127.0.0.1", "localhost"].map(|host| format!("ws://{host}:{port}"))
}

fn relays() -> (Relays, mpsc::Receiver<News>) {
    let (news, heard) = mpsc::channel(64);
    let identity = Identity::generate().unwrap();
    let relays = Relays::new(
        Arc::new(SignalClient),
        Arc::new(identity),
        Clock::default(),
        news,
    );
    (relays, heard)
}

fn somebody() -> Address {
    Identity::generate().unwrap().address()
}

/// Waits until our home is told to be so.
async fn until(relays: &Relays, heard: &mut mpsc::Receiver<News>, view: &RelayView) {
    let told = async {
        while let Some(news) = heard.recv().await {
            if matches!(news, News::Link(LinkId::Home)) && relays.view(LinkId::Home) == *view {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), told).await.unwrap();
}

#[tokio::test]
async fn a_relay_spelt_in_two_ways_has_one_link() {
    let (mut relays, _heard) = relays();
    assert!(relays.set_home(Some("ws://127.0.0.1:1")));
    assert_eq!(relays.view(LinkId::Home), RelayView::Connecting);
    assert!(!relays.set_home(Some("ws://127.0.0.1:1/")));
    let bob = somebody();
    relays.open_guest(bob, "ws://127.0.0.1:1/v1");
    assert_eq!(relays.far_way(&bob).unwrap().link, LinkId::Home);

    relays.open_guest(bob, "ws://127.0.0.1:2/v1");
    assert_eq!(relays.far_way(&bob).unwrap().link, LinkId::Guest);
    assert_eq!(relays.far_way(&somebody()).unwrap().link, LinkId::Home);
    assert!(relays.set_home(Some("ws://127.0.0.1:2")));
    assert_eq!(relays.far_way(&bob).unwrap().link, LinkId::Home);
}

#[tokio::test]
async fn home_is_taken_back_from_our_own_guest_link() {
    let [home, other_name] = relay().await;
    let (mut relays, mut heard) = relays();
    relays.set_home(Some(&home));
    until(&relays, &mut heard, &RelayView::Online).await;
    relays.open_guest(somebody(), &other_name);
    until(&relays, &mut heard, &TAKEN_OVER).await;
    relays.close_guest();
    until(&relays, &mut heard, &RelayView::Online).await;
}

#[tokio::test]
async fn home_is_taken_back_from_a_guest_link_that_arrives_after_its_end() {
    let [home, other_name] = relay().await;
    let (mut relays, mut heard) = relays();
    relays.set_home(Some(&home));
    until(&relays, &mut heard, &RelayView::Online).await;
    relays.open_guest(somebody(), &other_name);
    relays.close_guest();
    let late = Link::connect(&other_name, Arc::clone(&relays.identity)).unwrap();
    until(&relays, &mut heard, &TAKEN_OVER).await;
    relays.close_guest();
    until(&relays, &mut heard, &RelayView::Online).await;
    drop(late);
}

#[tokio::test]
async fn another_copy_keeps_what_it_took_long_after_a_guest_link() {
    let [home, other_name] = relay().await;
    let (mut relays, mut heard) = relays();
    relays.set_home(Some(&home));
    until(&relays, &mut heard, &RelayView::Online).await;
    relays.open_guest(somebody(), &other_name);
    relays.close_guest();
    relays.clock.skip(GUEST_AFTERMATH);
    let copy = Link::connect(&other_name, Arc::clone(&relays.identity)).unwrap();
    until(&relays, &mut heard, &TAKEN_OVER).await;
    relays.close_guest();
    assert!(relays.guest_closed_at.is_some(), "home was not taken back");
    drop(copy);
}

#[tokio::test]
async fn another_copy_keeps_what_it_took_until_the_user_wants_it_back() {
    let [home, _] = relay().await;
    let (mut relays, mut heard) = relays();
    relays.set_home(Some(&home));
    until(&relays, &mut heard, &RelayView::Online).await;
    let (copy, _its_events) = Link::connect(&home, Arc::clone(&relays.identity)).unwrap();
    until(&relays, &mut heard, &TAKEN_OVER).await;
    relays.close_guest();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(*copy.state().borrow(), LinkState::Online);
    relays.reconnect();
    until(&relays, &mut heard, &RelayView::Online).await;
}

#[tokio::test]
async fn an_invite_leads_without_encryption_only_to_networks_that_we_are_on() {
    let (mut relays, mut heard) = relays();
    // An address for documentation (RFC 5737): on no network of anybody.
    relays.open_guest(somebody(), "ws://203.0.113.1:4080");
    let refused = async {
        loop {
            let news = heard.recv().await;
            assert!(matches!(news, Some(News::Link(LinkId::Guest))));
            let view = relays.view(LinkId::Guest);
            if view != RelayView::Connecting {
                return view;
            }
        }
    };
    let refused = timeout(Duration::from_secs(10), refused).await.unwrap();
    let problem = RelayProblem::Unencrypted;
    assert_eq!(refused, RelayView::Offline { problem });
}

#[tokio::test]
async fn frames_that_anybody_can_cause_leave_half_of_a_link_to_our_own_call() {
    let (news, _heard) = mpsc::channel(64);
    let identity = Arc::new(Identity::generate().unwrap());
    // Nobody answers there, so everything waits.
    let url = "ws://127.0.0.1:1/v1".to_owned();
    let config = Config::default();
    let link = RelayLink::start(&SignalClient, url, LinkId::Home, &identity, config, news);
    let taken = |priority| {
        let sent = std::iter::repeat_with(|| link.send(somebody(), vec![1], priority));
        sent.take_while(|it| *it != Err(SendError::Full)).count()
    };
    assert_eq!(taken(Priority::Others), Link::CAPACITY / 2);
    assert_eq!(taken(Priority::OurCall), Link::CAPACITY / 2);
    assert_eq!(taken(Priority::Others), 0);
}

fn named(host: &str, valid_until: Instant) -> IceServers {
    let server = signal_client::IceServer {
        url: format!("turn:{host}:3478"),
        username: "1700000000:x".to_owned(),
        credential: host.to_owned(),
    };
    let servers = vec![server];
    IceServers {
        servers,
        valid_until,
    }
}

#[tokio::test]
async fn of_the_servers_that_a_relay_names_the_last_are_used_while_they_are_good() {
    let now = Instant::now();
    let (events, told) = mpsc::channel(4);
    let (news, _heard) = mpsc::channel(4);
    let (keep, kept) = watch::channel(None);
    let hour = Duration::from_secs(3600);
    for host in ["old.example", "new.example"] {
        let servers = named(host, now + hour);
        events.send(LinkEvent::IceServers(servers)).await.unwrap();
    }
    drop(events);
    forward(LinkId::Home, told, news, keep).await;
    let new = IceServer {
        url: "turn:new.example:3478".to_owned(),
        username: "1700000000:x".to_owned(),
        credential: "new.example".to_owned(),
    };
    assert_eq!(usable(kept.borrow().as_ref(), now), [new]);
    assert_eq!(usable(kept.borrow().as_ref(), now + hour), []);
    assert_eq!(usable(None, now), []);
}

#[test]
fn only_our_own_relay_sends_us_anywhere_without_encryption() {
    for (link, url, goes) in [
        (LinkId::Home, "ws://127.0.0.1:7880", true),
        (LinkId::Home, "wss://livekit.example", true),
        (LinkId::Guest, "wss://livekit.example", true),
        (LinkId::Guest, "ws://192.168.1.1", false),
    ] {
        let given = credentials(link, url.to_owned(), "token");
        assert_eq!(given.is_ok(), goes, "{link:?} {url}");
        assert!(goes || given == Err(NoAccess));
    }
}
