//! A relay inside an application: reached by the addresses of its machine and one name, and gone as
//! soon as the application is.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use identity::Authority;
use signal_client::{Absence, LinkEvent, LinkState};
use signal_relay::{Config, Server, listen_everywhere};
use signal_wire::{ErrorCode, RelayFrame};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::http::{get, knock};
use crate::support::{Person, Raw, dialled, message, quick, somebody, soon};

const NAME: &str = "mfrggzdfmztwq2lknnwg23tpob.tincan.invalid";

/// A relay as an application has it.
struct Embedded {
    port: u16,
    said: watch::Sender<Option<Bytes>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Embedded {
    fn start() -> Self {
        Self::start_for(|_| true)
    }

    /// For those only whose address is admitted.
    fn start_for(admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        let listeners = listen_everywhere(0).expect("there is a port");
        let port = listeners[0].local_addr().expect("it is bound").port();
        let config = Config::embedded(format!("{NAME}:{port}").parse().expect("a name"));
        let (said, announced) = watch::channel(None);
        let server = Server::new(listeners, config)
            .with_announcement(announced)
            .with_dial_back(|came_from, said| async move {
                let from = came_from.ip().to_canonical();
                let is_known = from.is_loopback() && said == "who-asks";
                let word = if is_known { "reached" } else { "malformed" };
                word.to_owned()
            })
            .with_gate(admits);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let run = server.run(stopped, std::future::ready(()));
            run.await.expect("it has addresses");
        });
        Self {
            port,
            said,
            stop,
            task,
        }
    }

    fn at(&self, ip: &str) -> String {
        SocketAddr::new(ip.parse().expect("an address"), self.port).to_string()
    }

    fn url(&self, ip: &str) -> String {
        format!("ws://{}/v2", self.at(ip))
    }

    /// A neighbour's link, which dials by the name.
    fn neighbour(&self) -> Person {
        let config = signal_client::Config {
            addresses: vec![self.at("127.0.0.1").parse().expect("an address")],
            timing: quick(),
            ..signal_client::Config::default()
        };
        let url = format!("ws://{NAME}:{}/v2", self.port);
        Person::configured(&url, somebody(), config)
    }
}

/// The addresses of this machine; those of a link only are known with their scope.
fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().expect("the system knows them");
    let is_plain = |ip: &IpAddr| match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(ip) => !ip.is_unicast_link_local(),
    };
    let ips = interfaces.iter().map(if_addrs::Interface::ip);
    ips.filter(is_plain).collect()
}

#[tokio::test]
async fn neighbours_come_by_any_address_of_the_machine_and_by_the_name() {
    let relay = Embedded::start();
    let mut ann = Person::online(&relay.url("127.0.0.1")).await;
    for ip in own_addresses() {
        let bob = Person::online(&relay.url(&ip.to_string())).await;
        bob.say(&ann, "found you");
        assert_eq!(ann.hear().await, message(&bob, "found you"), "{ip}");
    }
    let mut bob = relay.neighbour();
    bob.until(LinkState::Online).await;
    bob.say(&ann, "by name");
    assert_eq!(ann.hear().await, message(&bob, "by name"));
}

#[tokio::test]
async fn a_neighbour_who_closes_has_not_ended_and_one_whose_connection_breaks_has() {
    let relay = Embedded::start();
    let url = relay.url("127.0.0.1");
    let mut ann = Person::online(&url).await;

    let bob = Person::online(&url).await;
    let to = bob.address;
    bob.link.close().await;
    ann.link.send(to, Bytes::new()).expect("there is room");
    let why = Absence::Unknown;
    assert_eq!(ann.hear().await, LinkEvent::NotHere { to, why });

    let carl = somebody();
    let to = carl.address();
    let (killed, welcome) = Raw::prove(&url, &carl, None).await;
    assert!(matches!(welcome, RelayFrame::Welcome { .. }));
    drop(killed);
    ann.link.send(to, Bytes::new()).expect("there is room");
    let why = Absence::Closed;
    assert_eq!(ann.hear().await, LinkEvent::NotHere { to, why });
}

#[tokio::test]
async fn whoever_meant_another_place_is_told_that_it_is_not_here() {
    let relay = Embedded::start();
    let port = relay.port;
    for host in [
        "localhost".to_owned(),
        format!("localhost:{port}"),
        format!("127.0.0.2:{port}"),
        format!("[::1]:{port}"),
        format!("127.0.0.1:{}", port ^ 1),
        "127.0.0.1".to_owned(),
        format!("other.tincan.invalid:{port}"),
        format!("{NAME}:{}", port ^ 1),
        NAME.to_owned(),
    ] {
        let mut stream = TcpStream::connect(relay.at("127.0.0.1")).await.unwrap();
        assert_eq!(knock(&mut stream, &host, "").await, Some(421), "{host}");
    }
    let host = relay.at("127.0.0.1");
    let mut stream = TcpStream::connect(&host).await.unwrap();
    assert_eq!(knock(&mut stream, &host, "").await, Some(101));
}

#[tokio::test]
async fn pages_of_browsers_are_not_let_in() {
    let relay = Embedded::start();
    relay
        .said
        .send_replace(Some(Bytes::from_static(b"it is me")));
    let host = relay.at("127.0.0.1");
    let origin = "Origin: http://evil.example\r\n";
    let mut stream = TcpStream::connect(&host).await.unwrap();
    assert_eq!(knock(&mut stream, &host, origin).await, Some(403));
    let rebound = format!(
        "/announcement HTTP/1.1\r\nHost: evil.example:{}\r\nX: ",
        relay.port
    );
    let answer = get(&host, &rebound).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn a_neighbour_does_not_come_in_elsewhere_with_the_proof_of_a_visitor() {
    let (home, evil) = (Embedded::start(), Embedded::start());
    let ann = somebody();
    // What a visitor signs for the one relay is worth nothing at the other, by name or by number.
    let url = home.url("127.0.0.1");
    for place in [
        dialled(&evil.url("127.0.0.1")),
        Authority::new(NAME, evil.port),
        Authority::new("other.tincan.invalid", home.port),
    ] {
        let mut stolen = Raw::connect(&url).await.expect("the relay is there");
        stolen.say(&stolen.hello(&ann, &place, None)).await;
        let code = ErrorCode::BadProof;
        assert_eq!(stolen.hear().await, Some(RelayFrame::Error { code }));
        let dressed_up = Raw::connect_as(&url, &place).await;
        assert!(dressed_up.is_err(), "under the name that was signed");
    }
    let name = Authority::new(NAME, home.port);
    let mut honest = Raw::connect_as(&url, &name).await.expect("it is its name");
    honest.say(&honest.hello(&ann, &name, None)).await;
    let welcome = honest.hear().await;
    assert!(matches!(welcome, Some(RelayFrame::Welcome { .. })));
}

#[tokio::test]
async fn whoever_asks_is_dialled_back_while_something_is_announced() {
    let relay = Embedded::start();
    let host = relay.at("127.0.0.1");
    let ask = async |headers: &str| {
        let path = format!("/dial-back HTTP/1.1\r\nHost: {host}\r\n{headers}X: ");
        get(&host, &path).await
    };
    let said = "Tincan-Announcement: who-asks\r\n";
    assert!(ask(said).await.starts_with("HTTP/1.1 404"));
    relay.said.send_replace(Some(Bytes::from_static(b"us")));
    let answer = ask(said).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nreached"),
        "{answer}"
    );
    assert!(ask("").await.starts_with("HTTP/1.1 400"));
    let page = ask(&format!("{said}Origin: http://evil.example\r\n")).await;
    assert!(page.starts_with("HTTP/1.1 403"), "{page}");
}

#[tokio::test]
async fn what_is_announced_is_answered_to_whoever_asks() {
    let relay = Embedded::start();
    let host = relay.at("127.0.0.1");
    let answer = get(&host, "/announcement").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    for said in ["first", "second"] {
        relay
            .said
            .send_replace(Some(Bytes::from_static(said.as_bytes())));
        let answer = get(&host, "/announcement").await;
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert!(head.contains("application/octet-stream"), "{head}");
        assert_eq!(body, said);
    }
    relay.said.send_replace(None);
    let answer = get(&host, "/announcement").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "silent again");
}

/// An address of this machine that is not of itself only: whoever comes by it is a neighbour.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests is told what was not tested"
)]
fn outer_address() -> Option<IpAddr> {
    let outer = own_addresses().into_iter().find(|ip| !ip.is_loopback());
    if outer.is_none() {
        eprintln!("SKIPPED: this machine has no address but those of itself");
    }
    outer
}

/// Neighbours who ask for a WebSocket, and then say nothing.
async fn crowd(relay: &Embedded, ip: IpAddr, size: usize) -> Vec<TcpStream> {
    let place = relay.at(&ip.to_string());
    let mut crowd = Vec::new();
    for _ in 0..size {
        let mut stream = TcpStream::connect(&place).await.expect("it listens");
        let _status = knock(&mut stream, &place, "").await;
        crowd.push(stream);
    }
    crowd
}

/// How many of these the relay has not closed.
async fn open(crowd: &mut [TcpStream]) -> usize {
    let mut open = 0;
    for stream in crowd {
        let mut rest = Vec::new();
        let end = stream.read_to_end(&mut rest);
        let ended = timeout(Duration::from_millis(20), end).await;
        open += usize::from(ended.is_err());
    }
    open
}

#[tokio::test]
async fn whoever_is_not_admitted_gets_no_answer_and_takes_no_place() {
    let Some(outer) = outer_address() else {
        return;
    };
    let relay = Embedded::start_for(|source| source.is_loopback());
    relay.said.send_replace(Some(Bytes::from_static(b"here")));
    let place = relay.at(&outer.to_string());
    for _ in 0..200 {
        let mut stream = TcpStream::connect(&place).await.expect("it listens");
        let mut answer = Vec::new();
        // Nothing is asked: whoever is taken in would have some seconds for it.
        let _closed = soon(stream.read_to_end(&mut answer)).await;
        assert_eq!(answer, b"");
    }
    let answer = get(&relay.at("127.0.0.1"), "/announcement").await;
    assert!(answer.ends_with("here"), "{answer}");
}

#[tokio::test]
async fn neighbours_do_not_keep_the_application_from_its_own_relay() {
    let Some(outer) = outer_address() else {
        return;
    };
    let relay = Embedded::start();
    let mut crowd = crowd(&relay, outer, 60).await;
    assert!(open(&mut crowd).await <= 16, "of one source");
    let ann = Person::online(&relay.url("127.0.0.1")).await;
    assert_eq!(*ann.link.state().borrow(), LinkState::Online);
}

#[tokio::test]
async fn a_crowd_costs_nobody_the_place_who_speaks_with_the_application() {
    let Some(outer) = outer_address() else {
        return;
    };
    let relay = Embedded::start();
    let url = relay.url(&outer.to_string());
    let mut ann = Person::online(&relay.url("127.0.0.1")).await;
    let mut bob = Person::online(&url).await;
    ann.say(&bob, "stay");
    assert_eq!(bob.hear().await, message(&ann, "stay"));
    let mut state = bob.link.state();
    assert_eq!(*state.borrow_and_update(), LinkState::Online);
    // They have proven addresses, and write to the application unasked.
    let mut proven = Vec::new();
    for _ in 0..20 {
        let eve = Person::online(&url).await;
        eve.say(&ann, "me too");
        assert_eq!(ann.hear().await, message(&eve, "me too"));
        proven.push(eve);
    }
    let carl = Person::online(&url).await;
    carl.say(&ann, "new here");
    loop {
        if ann.hear().await == message(&carl, "new here") {
            break;
        }
    }
    assert!(!state.has_changed().expect("the link lives"), "all along");
}

/// Whether the relay's port can be listened on again.
fn is_free(port: u16) -> bool {
    let again = listen_everywhere(port).expect("there is some port");
    again[0].local_addr().expect("it is bound").port() == port
}

/// Somebody who is online, and somebody who neither reads nor says anything any more.
async fn clients(relay: &Embedded) -> (Person, Raw) {
    let url = relay.url("127.0.0.1");
    let ann = Person::online(&url).await;
    let (mute, welcome) = Raw::prove(&url, &somebody(), None).await;
    assert!(matches!(welcome, RelayFrame::Welcome { .. }));
    (ann, mute)
}

#[tokio::test]
async fn it_stops_at_once_though_a_client_does_not_listen() {
    let relay = Embedded::start();
    let (ann, _mute) = clients(&relay).await;
    let start = Instant::now();
    relay.stop.send(()).expect("it runs");
    soon(relay.task).await.expect("the relay does not panic");
    assert!(
        start.elapsed() < Duration::from_millis(400),
        "{:?}",
        start.elapsed()
    );
    assert!(is_free(relay.port));
    left(&ann).await;
}

#[tokio::test]
async fn nothing_is_left_of_one_that_is_dropped() {
    let relay = Embedded::start();
    let (ann, mut mute) = clients(&relay).await;
    relay.task.abort();
    let aborted = soon(relay.task).await.expect_err("it was running");
    assert!(aborted.is_cancelled());
    assert!(is_free(relay.port));
    let code = ErrorCode::ShuttingDown;
    assert_eq!(mute.hear().await, Some(RelayFrame::Error { code }));
    assert_eq!(mute.hear().await, None);
    left(&ann).await;
}

/// Waits until somebody has noticed that the relay is gone.
async fn left(person: &Person) {
    let state = person.link.state();
    soon(async {
        while *state.borrow() == LinkState::Online {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
