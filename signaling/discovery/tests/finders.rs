//! Members on one machine find each other by each finder alone, over real sockets and on the
//! interfaces that the machine has.

#![allow(
    clippy::print_stdout,
    reason = "what is skipped is said, and what is measured"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use discovery::{
    Address, Announcement, BEACON_PORT, FinderKind, Heard, Options, RunningFinder, Sighting,
    host_name,
};
use identity::Identity;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// In which somebody shall be seen by the beacon.
const SOON: Duration = Duration::from_secs(1);

/// In which somebody shall be seen by multicast DNS alone when what they say changes: the same record
/// is not said twice within a second (RFC 6762, section 6).
const REPEATED: Duration = Duration::from_millis(2500);

/// In which somebody shall be gone after a goodbye. What says goodbye by multicast DNS is held for
/// one second more (RFC 6762, section 10.1).
const GONE: Duration = Duration::from_millis(2500);

/// A member with one finder.
struct Member {
    identity: Identity,
    alias: Identity,
    finder: RunningFinder,
    heard: mpsc::Receiver<Heard>,
    /// In which it shall see others.
    soon: Duration,
}

impl Member {
    fn start(finder: FinderKind) -> Self {
        let alias = identity();
        let (finders, heard) = Options::only(finder).start(&alias);
        let mut finders = finders.into_iter();
        Self {
            identity: identity(),
            alias,
            finder: finders.next().expect("it is the one that was asked for"),
            heard,
            soon: match finder {
                FinderKind::Beacon | FinderKind::Asked => SOON,
                FinderKind::DnsSd => REPEATED,
            },
        }
    }

    fn announce(&self, name: &str) -> Announcement {
        let said = Announcement::open(&self.identity, &self.alias, 4080, name);
        self.finder.announce(Some(said.clone()));
        said
    }

    /// The next sighting that fits.
    async fn sees(&mut self, wanted: impl Fn(&Announcement) -> bool) -> Sighting {
        let seen = async {
            loop {
                match self.heard.recv().await.expect("its finder runs") {
                    Heard::Seen(it) if wanted(&it.announcement) => return it,
                    Heard::Seen(_) | Heard::Gone { .. } => {}
                }
            }
        };
        timeout(self.soon, seen).await.expect("seen soon")
    }

    async fn sees_gone(&mut self, wanted: Address) -> FinderKind {
        let gone = async {
            loop {
                match self.heard.recv().await.expect("its finder runs") {
                    Heard::Gone { alias, finder } if alias == wanted => return finder,
                    Heard::Seen(_) | Heard::Gone { .. } => {}
                }
            }
        };
        timeout(GONE, gone).await.expect("gone soon")
    }
}

fn identity() -> Identity {
    Identity::generate().expect("the system has random bytes")
}

/// The finders that hear without being told where. Multicast DNS is not spoken on the loopback
/// interface, so it needs another one.
fn finders_that_hear() -> Vec<FinderKind> {
    let all = if_addrs::get_if_addrs().expect("the system tells");
    if all.iter().any(|it| !it.is_loopback() && it.is_oper_up()) {
        return vec![FinderKind::Beacon, FinderKind::DnsSd];
    }
    println!("SKIPPED for DNS-SD: this machine is on no network");
    vec![FinderKind::Beacon]
}

#[tokio::test]
async fn members_see_each_other_soon_whoever_came_first() {
    for finder in finders_that_hear() {
        let mut ann = Member::start(finder);
        let ann_says = ann.announce("Ann");
        sleep(SOON).await;
        let started = Instant::now();
        let mut bob = Member::start(finder);
        let bob_says = bob.announce("Bob");
        let seen = bob.sees(|it| *it == ann_says).await;
        println!(
            "{finder:?}: the newcomer sees after {:?}",
            started.elapsed()
        );
        assert!((1..=Sighting::MAX_PLACES).contains(&seen.places.len()));
        assert!(seen.places.iter().all(|it| it.port() == 4080));
        assert!(seen.lasts <= Duration::from_secs(30), "a crash is noticed");
        assert_eq!(seen.finder, finder);
        ann.sees(|it| *it == bob_says).await;
        println!("{finder:?}: is seen after {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_goodbye_is_heard_soon() {
    for finder in finders_that_hear() {
        let mut ann = Member::start(finder);
        let bob = Member::start(finder);
        let bob_says = bob.announce("Bob");
        ann.sees(|it| *it == bob_says).await;
        let started = Instant::now();
        bob.finder.leave().await;
        println!("{finder:?}: left after {:?}", started.elapsed());
        assert_eq!(ann.sees_gone(bob_says.alias).await, finder);
        println!("{finder:?}: gone after {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn whoever_falls_silent_is_gone_and_whoever_speaks_again_is_seen() {
    for finder in finders_that_hear() {
        let mut ann = Member::start(finder);
        let bob = Member::start(finder);
        let before = bob.announce("Bob");
        ann.sees(|it| *it == before).await;
        let renamed = bob.announce("Robert");
        ann.sees(|it| *it == renamed).await;
        bob.finder.announce(None);
        ann.sees_gone(before.alias).await;
        bob.announce("Robert");
        ann.sees(|it| *it == renamed).await;
    }
}

#[tokio::test]
async fn whoever_announces_nothing_is_not_heard() {
    for finder in finders_that_hear() {
        let mut ann = Member::start(finder);
        ann.announce("Ann");
        let bob = Member::start(finder);
        bob.finder.network_changed();
        let end = Instant::now() + SOON;
        while let Ok(Some(heard)) = timeout(end - Instant::now(), ann.heard.recv()).await {
            match heard {
                Heard::Seen(it) => assert_ne!(it.announcement.alias, bob.alias.address()),
                Heard::Gone { .. } => {}
            }
        }
    }
}

#[tokio::test]
async fn a_place_that_is_known_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place: SocketAddr = listener.local_addr().unwrap();
    let mut ann = Member::start(FinderKind::Asked);
    let [bob, alias] = [0; 2].map(|_| Identity::generate().unwrap());
    let said = Announcement::open(&bob, &alias, place.port(), "Bob");
    let body = said.to_bytes();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await.unwrap();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
    });
    ann.finder.ask(vec![place]);
    let seen = ann.sees(|it| *it == said).await;
    assert_eq!(seen.places, [place]);
    assert!(host_name(&seen.announcement.alias).ends_with(".tincan.invalid"));
    answering.await.unwrap();
}

/// Speaks and hears on the loopback interface, from any address of it.
#[cfg(target_os = "linux")]
fn forging_socket(source: [u8; 4], port: u16) -> std::io::Result<std::net::UdpSocket> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_multicast_if_v4(&[127, 0, 0, 1].into())?;
    socket.bind(&SocketAddr::from((source, port)).into())?;
    Ok(socket.into())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_repeats_a_beacon_from_many_addresses_hides_nobody() {
    use std::net::Ipv4Addr;
    let group = Ipv4Addr::new(239, 255, 84, 67);
    let ears = forging_socket([0, 0, 0, 0], BEACON_PORT).unwrap();
    ears.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
        .unwrap();
    ears.set_nonblocking(true).unwrap();
    let ears = tokio::net::UdpSocket::from_std(ears).unwrap();
    let bob = Member::start(FinderKind::Beacon);
    let said = bob.announce("Bob");
    let mut beacon = [0; 2000];
    let length = timeout(SOON, async {
        loop {
            let (length, _) = ears.recv_from(&mut beacon).await.unwrap();
            let alias = said.alias.as_bytes();
            if beacon[..length].windows(32).any(|it| it == alias) {
                return length;
            }
        }
    });
    let length = length.await.expect("Bob's beacon is heard");
    let forger = (101..109).map(|host| forging_socket([127, 0, 0, host], 0).unwrap());
    let forger: Vec<_> = forger.collect();
    let forging = tokio::spawn(async move {
        loop {
            for socket in &forger {
                let _ = socket.send_to(&beacon[..length], (group, BEACON_PORT));
            }
            sleep(Duration::from_millis(10)).await;
        }
    });
    sleep(SOON / 2).await;
    let mut newcomer = Member::start(FinderKind::Beacon);
    newcomer.announce("Ann");
    let mut seen = newcomer.sees(|it| *it == said).await;
    let end = Instant::now() + SOON;
    loop {
        let mut places = seen.places.iter().map(SocketAddr::ip);
        assert!(places.all(|it| (101..109).all(|host| it != Ipv4Addr::new(127, 0, 0, host))));
        match timeout(end - Instant::now(), newcomer.heard.recv()).await {
            Ok(Some(Heard::Seen(it))) if it.announcement == said => seen = it,
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => break,
        }
    }
    forging.abort();
}

#[tokio::test]
async fn two_who_start_together_see_each_other_within_a_second() {
    let starts = if std::env::var_os("TINCAN_LONG").is_some() {
        20
    } else {
        3
    };
    for finder in finders_that_hear() {
        let mut took = Vec::new();
        for number in 0..starts {
            let started = Instant::now();
            let mut ann = Member::start(finder);
            let ann_says = ann.announce("Ann");
            // A person who starts a program and another one who does not wait for it.
            sleep(Duration::from_millis(60 * number % 400)).await;
            let began = Instant::now();
            let mut bob = Member::start(finder);
            let bob_says = bob.announce("Bob");
            let ann_sees = async {
                ann.sees(|it| *it == bob_says).await;
                began.elapsed()
            };
            let bob_sees = async {
                bob.sees(|it| *it == ann_says).await;
                began.elapsed()
            };
            let (one, other) = tokio::join!(ann_sees, bob_sees);
            took.push(one.max(other));
            println!(
                "{finder:?}: {:?} apart, both see after {one:?} {other:?}",
                began - started
            );
        }
        took.sort_unstable();
        let at = |share: usize| took[(took.len() * share / 100).min(took.len() - 1)];
        println!("{finder:?}: p50 {:?}, p95 {:?}", at(50), at(95));
        assert!(at(95) < SOON, "{:?}", at(95));
    }
}
