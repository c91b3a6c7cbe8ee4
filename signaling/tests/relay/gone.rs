//! A relay whose program has ended is told from one that cannot be reached.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use signal_client::{LinkEvent, LinkState, Problem, Timing};
use signal_relay::Config;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::support::process::{Process, program};
use crate::support::{Person, Proxy, Running, quick, somebody};

const GONE: LinkState = LinkState::Offline(Problem::Gone);
const UNREACHABLE: LinkState = LinkState::Offline(Problem::Unreachable);

#[tokio::test]
async fn a_relay_that_ended_is_gone_until_it_is_back() {
    let mut relay = Process::start(&[]).await;
    let mut ann = Person::online(&relay.url).await;
    let killed = Instant::now();
    relay.signal(Signal::KILL);
    ann.until(GONE).await;
    assert!(killed.elapsed() < Duration::from_secs(3));
    relay.ended().await;
    let at = relay.socket_address();
    let _relay = Process::start_by(program().args(["--listen", &at])).await;
    ann.until(LinkState::Online).await;
}

#[tokio::test]
async fn a_place_that_refuses_from_the_start_was_never_a_relay_that_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v2", listener.local_addr().unwrap());
    drop(listener);
    let mut ann = Person::new(&url);
    ann.until(UNREACHABLE).await;
    says_nothing_of_gone(&mut ann).await;
}

#[tokio::test]
async fn a_relay_that_fell_silent_is_not_gone_though_its_port_is_refused_then() {
    let relay = Running::start(Config::default()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let timing = Timing {
        silence: Duration::from_millis(300),
        ..quick()
    };
    let mut ann = Person::with(&proxy.url, somebody(), timing);
    ann.until(LinkState::Online).await;
    proxy.freeze();
    ann.until(UNREACHABLE).await;
    // Somebody else may be at its address by now.
    drop(proxy);
    says_nothing_of_gone(&mut ann).await;
    relay.stop().await;
}

#[tokio::test]
async fn a_connection_that_was_closed_and_can_be_made_again_is_no_end() {
    let relay = Running::start(Config::default()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let mut ann = Person::new(&proxy.url);
    for _ in 0..3 {
        ann.until(LinkState::Online).await;
        proxy.cut();
        ann.until(UNREACHABLE).await;
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_relay_that_still_takes_connections_while_it_ends_is_gone_too() {
    let relay = Running::start(Config::default()).await;
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut ann = Person::new(&format!("ws://{}/v2", port.local_addr().unwrap()));
    let (mut near, _) = port.accept().await.unwrap();
    let mut far = TcpStream::connect(relay.socket_address()).await.unwrap();
    tokio::select! {
        ended = copy_bidirectional(&mut near, &mut far) => panic!("{ended:?}"),
        () = ann.until(LinkState::Online) => {}
    }
    // The sockets of a program that ends are closed one by one, that of its port not first.
    drop(near);
    drop(port.accept().await.unwrap());
    drop(port);
    ann.until(GONE).await;
    relay.stop().await;
}

/// Neither now nor in a while.
async fn says_nothing_of_gone(person: &mut Person) {
    let end = Instant::now() + Duration::from_millis(600);
    while Instant::now() < end {
        while let Ok(event) = person.events.try_recv() {
            assert_ne!(event, LinkEvent::State(GONE));
        }
        sleep(Duration::from_millis(10)).await;
    }
}
