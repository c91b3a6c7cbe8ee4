//! Whole examinations: synthetic devices, a real relay, and a local network in memory.

#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]

mod finders;
mod lan;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use devices::{CameraChoice, MicrophoneChoice, SpeakerChoice, audio, cameras};
use discovery::{Announcement, FinderKind, Options};
use doctor::{CheckKind, Device, Finding, OwnPort, Peer, Report, Subjects, Verdict, examine};
use engine::view::{DeviceProblem, RelayProblem};
use identity::Identity;
use media::transport::IceServer;
use signal_relay::{Config, client_url, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use self::finders::RealLan;
use self::lan::TestLan;

const BOTH: [FinderKind; 2] = [FinderKind::DnsSd, FinderKind::Beacon];

/// Synthetic devices, and nothing else.
fn subjects() -> Subjects {
    let sound = audio(MicrophoneChoice::Synthetic, SpeakerChoice::None);
    Subjects {
        program: "Tincan 1.2.3".to_owned(),
        lan: None,
        port: OwnPort::NotOpen,
        peer: None,
        relay: None,
        ice_servers: Vec::new(),
        bind: None,
        camera: Device::Try {
            backend: cameras(CameraChoice::Synthetic),
            chosen: None,
        },
        microphone: Device::Try {
            backend: sound.clone(),
            chosen: None,
        },
        speaker: Device::Try {
            backend: sound,
            chosen: None,
        },
    }
}

fn found(report: &Report, kind: CheckKind) -> &Finding {
    let check = report.checks.iter().find(|it| it.kind == kind);
    &check.unwrap().finding
}

/// A relay in this process, which runs until the test ends.
async fn relay() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = client_url(listener.local_addr().unwrap());
    tokio::spawn(serve(listener, Config::default(), std::future::pending()));
    url
}

/// A STUN server that says where it really saw us.
async fn stun() -> IceServer {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let url = format!("stun:{}", socket.local_addr().unwrap());
    tokio::spawn(async move {
        let mut request = [0; 100];
        while let Ok((20, SocketAddr::V4(from))) = socket.recv_from(&mut request).await {
            let address = from.ip().to_bits() ^ 0x2112_a442;
            let mut answer = vec![1, 1, 0, 12];
            answer.extend(&request[4..20]);
            answer.extend([0, 0x20, 0, 8, 0, 1]);
            answer.extend((from.port() ^ 0x2112).to_be_bytes());
            answer.extend(address.to_be_bytes());
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    IceServer {
        url,
        ..IceServer::default()
    }
}

#[tokio::test]
async fn where_all_is_well_nothing_fails() {
    let lan = TestLan::new(&BOTH, &[]);
    let subjects = Subjects {
        lan: Some(std::sync::Arc::new(lan.clone())),
        relay: Some(relay().await),
        ice_servers: vec![stun().await, stun().await],
        ..subjects()
    };
    let told = Mutex::new(Vec::new());
    let begun = Instant::now();
    let report = examine(subjects, |check| told.lock().unwrap().push(check.kind)).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert!(!report.has_failures(), "{}", report.redacted);

    let kinds: Vec<_> = report.checks.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, CheckKind::ALL);
    let mut told = told.into_inner().unwrap();
    told.sort();
    assert_eq!(told, CheckKind::ALL, "each is told once");

    for (kind, passes) in [
        (CheckKind::DnsSd, Finding::AnnouncementsAlone),
        (CheckKind::Beacon, Finding::AnnouncementsAlone),
        (CheckKind::Neighbours, Finding::NobodyHeard),
        (CheckKind::Peer, Finding::NoPeerNamed),
        (CheckKind::Stun, Finding::ServersAnswer { servers: 2 }),
        (CheckKind::Turn, Finding::NoServers),
        (CheckKind::Nat, Finding::NoNat),
    ] {
        assert_eq!(*found(&report, kind), passes, "{kind:?}");
    }
    for kind in [
        CheckKind::Clock,
        CheckKind::Relay,
        CheckKind::Camera,
        CheckKind::Microphone,
        CheckKind::Speaker,
    ] {
        let finding = found(&report, kind);
        assert_eq!(finding.verdict(), Verdict::Pass, "{kind:?}: {finding:?}");
    }
    let own_port = found(&report, CheckKind::OwnPort);
    let proves_nothing = matches!(own_port, Finding::TemporaryPort { blocked: 0, .. });
    assert!(
        proves_nothing,
        "the test's network has ports of its own: {own_port:?}"
    );
    assert_eq!(own_port.verdict(), Verdict::Unknown);
    assert_eq!(lan.left(), 2, "nobody stays on the network");
}

#[tokio::test]
async fn each_failure_is_told_with_its_cause() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead_port = dead.local_addr().unwrap().port();
    drop(dead);
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let silent = IceServer {
        url: format!("stun:{}", silent.local_addr().unwrap()),
        ..IceServer::default()
    };
    // Somebody is heard at an address of documentation, where nobody is.
    let lan = TestLan::new(&[FinderKind::Beacon], &["192.0.2.7:7000".parse().unwrap()]);
    let subjects = Subjects {
        lan: Some(std::sync::Arc::new(lan)),
        port: OwnPort::At(dead_port),
        relay: Some(format!("ws://127.0.0.1:{dead_port}/v2")),
        ice_servers: vec![silent],
        peer: Some(Peer::Place("192.0.2.7:7000".to_owned())),
        camera: Device::Try {
            backend: cameras(CameraChoice::None),
            chosen: None,
        },
        microphone: Device::InUse,
        ..subjects()
    };
    let begun = Instant::now();
    let report = examine(subjects, |_| {}).await;
    assert!(begun.elapsed() < doctor::LIMIT + Duration::from_millis(500));
    assert!(report.has_failures());
    for (kind, finding) in [
        (CheckKind::DnsSd, Finding::AnnouncementsSilent),
        (CheckKind::Beacon, Finding::AnnouncementsPass { others: 1 }),
        (
            CheckKind::Neighbours,
            Finding::NeighboursIsolated { heard: 1 },
        ),
        (CheckKind::Peer, Finding::PeerIsolated),
        (CheckKind::Clock, Finding::ClockNotTold),
        (
            CheckKind::Relay,
            Finding::RelayOffline {
                problem: RelayProblem::Unreachable,
            },
        ),
        (CheckKind::Stun, Finding::ServersSilent { servers: 1 }),
        (CheckKind::Nat, Finding::TooFewServers),
        (
            CheckKind::Camera,
            Finding::DeviceFails {
                problem: DeviceProblem::Missing,
            },
        ),
        (CheckKind::Microphone, Finding::DeviceInUseHere),
    ] {
        assert_eq!(*found(&report, kind), finding, "{kind:?}");
    }
    let own_port = found(&report, CheckKind::OwnPort);
    assert!(
        matches!(own_port, Finding::OwnPortBlocked { .. }),
        "{own_port:?}"
    );
    let firewall = found(&report, CheckKind::Firewall);
    assert!(
        matches!(firewall, Finding::FirewallBlocks { .. }),
        "{firewall:?}"
    );
}

#[tokio::test]
async fn a_named_machine_is_found_with_calls_on_the_network_turned_off() {
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = peer.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut stream, _) = peer.accept().await.unwrap();
        let mut request = [0; 500];
        let _asked = stream.read(&mut request).await.unwrap();
        let [bea, alias] = [0; 2].map(|_| Identity::generate().unwrap());
        let said = Announcement::hidden(&bea, &alias, 7000, &[]);
        let answer = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &said.to_bytes()].concat();
        stream.write_all(&answer).await.unwrap();
    });
    let subjects = Subjects {
        peer: Some(Peer::Place(place)),
        ..subjects()
    };
    let report = examine(subjects, |_| {}).await;
    let peer = found(&report, CheckKind::Peer);
    assert!(matches!(peer, Finding::PeerAnswers { .. }), "{peer:?}");
    for kind in [
        CheckKind::OwnPort,
        CheckKind::DnsSd,
        CheckKind::Beacon,
        CheckKind::Neighbours,
        CheckKind::Firewall,
    ] {
        assert_eq!(*found(&report, kind), Finding::LanOff, "{kind:?}");
    }
    assert_eq!(*found(&report, CheckKind::Relay), Finding::NoRelay);
}

#[tokio::test]
async fn whoever_is_heard_and_reached_says_nothing_of_what_a_firewall_lets_in() {
    let place = "192.0.2.7:7000".parse().unwrap();
    let own = TcpListener::bind("[::]:0").await.unwrap();
    let subjects = Subjects {
        lan: Some(std::sync::Arc::new(TestLan::new(&BOTH, &[place]))),
        port: OwnPort::At(own.local_addr().unwrap().port()),
        ..subjects()
    };
    let report = examine(subjects, |_| {}).await;
    let own_port = found(&report, CheckKind::OwnPort);
    if *own_port == Finding::NoNetworkToTry {
        return println!("skipped: no network here");
    }
    assert_eq!(own_port.verdict(), Verdict::Pass, "{own_port:?}");
    let firewall = found(&report, CheckKind::Firewall);
    assert_ne!(firewall.verdict(), Verdict::Pass, "{firewall:?}");
}

#[tokio::test]
async fn each_finder_is_told_apart_on_the_networks_of_this_machine() {
    let silent = |it: &Finding| {
        matches!(
            it,
            Finding::AnnouncementsSilent | Finding::AnnouncementsNotSent { .. }
        )
    };
    for (options, dns_sd, beacon) in [
        (Options::default(), true, true),
        (Options::only(FinderKind::DnsSd), true, false),
        (Options::only(FinderKind::Beacon), false, true),
    ] {
        let subjects = Subjects {
            lan: Some(std::sync::Arc::new(RealLan(options))),
            ..subjects()
        };
        let report = examine(subjects, |_| {}).await;
        if *found(&report, CheckKind::DnsSd) == Finding::NoNetworkToTry {
            return println!("skipped: no network here");
        }
        for (kind, is_heard) in [(CheckKind::DnsSd, dns_sd), (CheckKind::Beacon, beacon)] {
            let finding = found(&report, kind);
            assert_eq!(!silent(finding), is_heard, "{kind:?}: {finding:?}");
        }
    }
}
