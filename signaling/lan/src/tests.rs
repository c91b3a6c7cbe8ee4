//! Members on this machine, over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use discovery::{
    Address, Announcement, DialedBack, FinderKind, Heard, Joined, Lan, Membership, Sighting,
    host_name,
};
use identity::Identity;
use signal_client::{Config, Link, LinkEvent, LinkState, Timing};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::{Options, SystemLan};

/// Asking is the only finder that needs nothing of this machine but itself.
fn lan() -> SystemLan {
    SystemLan::new(Options {
        port: 0,
        finders: discovery::Options::only(FinderKind::Asked),
    })
}

/// A member, and its own link to its relay.
struct Member {
    alias: Arc<Identity>,
    port: u16,
    heard: mpsc::Receiver<Heard>,
    membership: Box<dyn Membership>,
    events: mpsc::Receiver<LinkEvent>,
    link: Link,
}

impl Member {
    async fn new() -> Self {
        let alias = Arc::new(somebody());
        let joined = lan().join(&alias).await.expect("there is a port");
        let Joined {
            port,
            heard,
            membership,
        } = joined;
        let url = format!("ws://127.0.0.1:{port}/v2");
        let link = Link::connect_with(&url, Arc::clone(&alias), Config::default());
        let (link, events) = link.expect("a relay's URL");
        let mut member = Self {
            alias,
            port,
            heard,
            membership,
            events,
            link,
        };
        online(&mut member.events).await;
        member
    }

    fn place(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    fn announcement(&self, name: &str) -> Announcement {
        Announcement::open(&somebody(), &self.alias, self.port, name)
    }

    /// What whoever asks there is told.
    async fn finds(&mut self, place: SocketAddr) -> Option<Sighting> {
        self.membership.ask(vec![place]);
        match timeout(Duration::from_secs(2), self.heard.recv()).await {
            Ok(Some(Heard::Seen(sighting))) => Some(sighting),
            Ok(Some(Heard::Gone { .. }) | None) | Err(_) => None,
        }
    }

    /// A link to this member's relay as its neighbours dial it.
    fn visited_by(&self, alias: &Arc<Identity>) -> (Link, mpsc::Receiver<LinkEvent>) {
        let name = host_name(&self.alias.address());
        let config = Config {
            addresses: vec![self.place()],
            timing: Timing::default(),
            ..Config::default()
        };
        let url = format!("ws://{name}:{}/v2", self.port);
        Link::connect_with(&url, Arc::clone(alias), config).expect("a relay's URL")
    }
}

fn somebody() -> Identity {
    Identity::generate().expect("there are random numbers")
}

async fn online(events: &mut mpsc::Receiver<LinkEvent>) {
    until(events, |it| *it == LinkEvent::State(LinkState::Online)).await;
}

async fn until(events: &mut mpsc::Receiver<LinkEvent>, is_it: impl Fn(&LinkEvent) -> bool) {
    let all = async {
        while let Some(event) = events.recv().await {
            if is_it(&event) {
                return;
            }
        }
        panic!("the link ended");
    };
    timeout(Duration::from_secs(10), all)
        .await
        .expect("it comes within 10 s");
}

fn message(from: Address, text: &'static str) -> LinkEvent {
    LinkEvent::Message {
        from,
        payload: Bytes::from_static(text.as_bytes()),
    }
}

#[tokio::test]
async fn a_neighbour_asks_visits_and_is_heard_under_its_alias() {
    let (mut ann, mut bob) = (Member::new().await, Member::new().await);
    assert_eq!(
        bob.finds(ann.place()).await,
        None,
        "nothing is announced yet"
    );
    let said = ann.announcement("Ann");
    ann.membership.announce(Some(said.clone()));
    let found = bob.finds(ann.place()).await.expect("it is announced");
    assert_eq!(
        (found.announcement, found.places),
        (said, vec![ann.place()])
    );
    let (link, mut events) = ann.visited_by(&bob.alias);
    online(&mut events).await;
    let hello = Bytes::from_static(b"hello");
    link.send(ann.alias.address(), hello)
        .expect("there is room");
    let heard = message(bob.alias.address(), "hello");
    until(&mut ann.events, |it| *it == heard).await;
    ann.membership.announce(None);
    assert_eq!(bob.finds(ann.place()).await, None, "silent again");
    drop((ann.link, bob.link));
}

#[tokio::test]
async fn whoever_leaves_is_gone_at_once_with_its_relay() {
    let ann = Member::new().await;
    ann.membership.announce(Some(ann.announcement("Ann")));
    let (_link, mut events) = ann.visited_by(&Arc::new(somebody()));
    online(&mut events).await;
    let (place, start) = (ann.place(), Instant::now());
    drop(ann.link);
    ann.membership.leave().await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert!(TcpStream::connect(place).await.is_err());
    until(
        &mut events,
        |it| matches!(it, LinkEvent::State(state) if *state != LinkState::Online),
    )
    .await;
}

#[tokio::test]
async fn a_membership_that_is_dropped_leaves_no_relay() {
    let ann = Member::new().await;
    let place = ann.place();
    drop(ann.membership);
    let gone = async {
        while TcpStream::connect(place).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(2), gone)
        .await
        .expect("its port is free");
}

#[tokio::test]
async fn members_on_one_machine_have_a_port_each() {
    let options = || Options {
        port: discovery::DEFAULT_PORT,
        finders: discovery::Options::only(FinderKind::Asked),
    };
    let lan = SystemLan::new(options());
    let one = lan.join(&somebody()).await.expect("there is a port");
    let other = lan.join(&somebody()).await.expect("there is another");
    assert_ne!(one.port, other.port);
}

#[tokio::test]
async fn a_neighbour_says_whether_it_reaches_us_in_turn() {
    let (ann, bob) = (Member::new().await, Member::new().await);
    let said = ann.announcement("Ann");
    let ask = async |said| discovery::ask_to_dial_back(bob.place(), said).await;
    assert!(ask(&said).await.is_err(), "bob says nothing of himself");
    bob.membership.announce(Some(bob.announcement("Bob")));
    ann.membership.announce(Some(said.clone()));
    for outcome in [DialedBack::Reached, DialedBack::Busy] {
        let told = ask(&said).await.expect("he answers");
        assert_eq!((told.outcome, told.is_translated), (outcome, false));
    }
    drop((ann.link, bob.link));
}
