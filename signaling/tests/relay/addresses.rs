//! A link finds the relay behind several addresses, and goes only where it may.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use signal_client::{LinkState, Problem, Reach, Timing};
use signal_relay::{Config, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::support::{Person, Running, message, quick, somebody, soon};

/// A link to a name that has these addresses.
fn person(addresses: Vec<SocketAddr>) -> Person {
    timed(addresses, quick())
}

fn timed(addresses: Vec<SocketAddr>, timing: Timing) -> Person {
    let config = signal_client::Config {
        addresses,
        timing,
        ..signal_client::Config::default()
    };
    Person::configured("ws://127.0.0.1/v2", somebody(), config)
}

/// A link to a relay that an invite names.
fn guest(url: &str) -> Person {
    let config = signal_client::Config {
        reach: Reach::EncryptedOrNearby,
        timing: quick(),
        ..signal_client::Config::default()
    };
    Person::configured(url, somebody(), config)
}

fn place(relay: &Running) -> SocketAddr {
    relay.socket_address().parse().expect("it listens there")
}

/// An address that drops every attempt, as a machine that is switched off: the queue of a
/// listener that accepts nothing is full.
struct Silent {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Silent {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("there is IPv4");
        socket
            .bind("127.0.0.2:0".parse().expect("an address"))
            .expect("there is a free port");
        let listener = socket.listen(1).expect("it is bound");
        let address = listener.local_addr().expect("it is bound");
        let mut queue = Vec::new();
        let patience = Duration::from_millis(200);
        while let Ok(connected) = timeout(patience, TcpStream::connect(address)).await {
            queue.push(connected.expect("it listens"));
        }
        Self {
            address,
            _listener: listener,
            _queue: queue,
        }
    }
}

/// An address where every connection is treated the same way.
async fn something<F>(treat: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.3:0")
        .await
        .expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(treat(stream));
        }
    });
    address
}

/// Takes connections and never says a word.
async fn mute() -> SocketAddr {
    something(|stream| async move {
        sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await
}

/// A web server without a relay.
async fn web_server() -> SocketAddr {
    something(|mut stream| async move {
        let mut request = [0; 1024];
        let _asked: Result<usize, _> = stream.read(&mut request).await;
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        let _answered: Result<(), _> = stream.write_all(answer).await;
    })
    .await
}

fn nothing_there() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_address_costs_a_quarter_of_a_second() {
    let relay = Running::start(Config::default()).await;
    let (one, two) = (Silent::new().await, Silent::new().await);
    let start = Instant::now();
    let mut ann = person(vec![one.address, two.address, place(&relay)]);
    ann.until(LinkState::Online).await;
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(500), "{took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn an_address_that_fails_makes_way_at_once() {
    let relay = Running::start(Config::default()).await;
    let never = Timing {
        attempt_delay: Duration::from_secs(60),
        handshake_patience: Duration::from_secs(60),
        ..quick()
    };
    for wrong in [nothing_there(), web_server().await] {
        let mut ann = timed(vec![wrong, wrong, place(&relay)], never);
        ann.until(LinkState::Online).await;
    }
}

#[tokio::test]
async fn an_address_that_connects_and_is_silent_then_makes_way_too() {
    let relay = Running::start(Config::default()).await;
    let start = Instant::now();
    let mut ann = person(vec![mute().await, place(&relay)]);
    ann.until(LinkState::Online).await;
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn addresses_that_lost_to_a_wrong_one_get_another_chance() {
    let relay = Running::start(Config::default()).await;
    let silent = Silent::new().await;
    let mut ann = person(vec![
        silent.address,
        web_server().await,
        mute().await,
        place(&relay),
    ]);
    ann.until(LinkState::Online).await;
}

#[tokio::test]
async fn only_one_connection_says_who_we_are() {
    let relay = Running::start(Config::default()).await;
    let bob = Person::online(&relay.url).await;
    // Both are ways to one relay, and the first is slow to say anything.
    let there = place(&relay);
    let slow = something(move |mut near| async move {
        sleep(Duration::from_millis(1500)).await;
        if let Ok(mut far) = TcpStream::connect(there).await {
            let _carried: Result<_, _> = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        }
    })
    .await;
    let mut ann = person(vec![slow, there]);
    ann.until(LinkState::Online).await;
    sleep(Duration::from_secs(1)).await;
    bob.say(&ann, "still there?");
    assert_eq!(ann.hear().await, message(&bob, "still there?"));
    assert_eq!(*ann.link.state().borrow(), LinkState::Online);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_answers_is_told_rather_than_what_does_not() {
    let silent = Silent::new().await;
    let addresses = vec![silent.address, nothing_there(), web_server().await];
    let short = Timing {
        connect: Duration::from_secs(1),
        ..quick()
    };
    let mut ann = timed(addresses, short);
    ann.until(LinkState::Offline(Problem::NotARelay)).await;
}

#[tokio::test]
async fn a_guest_relay_without_encryption_may_be_on_our_own_networks() {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(serve(listener, Config::default(), std::future::pending()));
    let own = if_addrs::get_if_addrs().expect("the system says");
    let own = own
        .iter()
        .map(if_addrs::Interface::ip)
        .filter(|ip| ip.is_ipv4());
    for ip in own {
        guest(&format!("ws://{ip}:{port}"))
            .until(LinkState::Online)
            .await;
    }
    guest(&format!("ws://localhost:{port}"))
        .until(LinkState::Online)
        .await;
}

#[tokio::test]
async fn a_guest_relay_without_encryption_is_nowhere_else_and_not_tried_again() {
    let unencrypted = LinkState::Offline(Problem::Unencrypted);
    let mut ann = guest("ws://203.0.113.9:4080");
    ann.until(unencrypted).await;
    assert!(
        timeout(Duration::from_millis(300), ann.events.recv())
            .await
            .is_err()
    );
    ann.link.reconnect();
    ann.until(LinkState::Connecting).await;
    ann.until(unencrypted).await;
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let relay = Running::start(Config::default()).await;
    let target = relay.url.replace("ws:", "http:");
    let redirecting = something(move |mut stream| {
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n");
        async move {
            let mut request = [0; 1024];
            let _asked: Result<usize, _> = stream.read(&mut request).await;
            let _answered: Result<(), _> = stream.write_all(answer.as_bytes()).await;
        }
    })
    .await;
    let mut ann = guest(&format!("ws://{redirecting}"));
    ann.until(LinkState::Offline(Problem::NotARelay)).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_zone_in_the_url_is_the_interface_that_is_used() {
    // A link-local address if the machine has one; the address of the loopback interface does
    // with a zone as well.
    let own = if_addrs::get_if_addrs().expect("the system says");
    let link_local = own.iter().find_map(|it| {
        let is_ours = matches!(it.ip(), std::net::IpAddr::V6(ip) if ip.is_unicast_link_local());
        is_ours.then(|| format!("{}%25{}", it.ip(), it.name))
    });
    let loopback = own
        .iter()
        .find(|it| it.ip() == std::net::Ipv6Addr::LOCALHOST)
        .and_then(|it| Some(format!("::1%{}", it.index?)));
    let Some(some_ipv6) = link_local.iter().chain(&loopback).next() else {
        return;
    };
    assert!(some_ipv6.contains('%'));
    let listener = TcpListener::bind("[::]:0").await.expect("there is IPv6");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(serve(listener, Config::default(), std::future::pending()));
    for host in link_local.iter().chain(&loopback) {
        let mut ann = guest(&format!("ws://[{host}]:{port}"));
        soon(ann.until(LinkState::Online)).await;
    }
}
