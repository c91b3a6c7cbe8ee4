//! Set-ups over links that lose a lot: each one leads to a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::transport::{Role, TransportState};

use super::duo::{Duo, End, loopback};
use super::link::Link;

/// How long it takes to connect over links that lose `share`; `None` when it takes longer than
/// `patience`.
async fn set_up(share: f64, seed: u64, patience: Duration) -> Option<Duration> {
    let open = |seed, role| {
        let link = Link::new(Duration::from_millis(20), share, seed);
        End::open_with(loopback(Some(Arc::new(link))), role)
    };
    let caller = open(seed * 2, Role::Offerer).await;
    let callee = open(seed * 2 + 1, Role::Answerer).await;
    let begun = Instant::now();
    let mut duo = Duo::couple(caller, callee);
    let connected = async {
        for end in [&mut duo.caller, &mut duo.callee] {
            let mut events = end.take_events();
            while !matches!(
                events.recv().await,
                Some((
                    _,
                    media::transport::TransportEvent::State(TransportState::Connected(_))
                ))
            ) {}
        }
    };
    let connected = tokio::time::timeout(patience, connected).await;
    let took = connected.is_ok().then(|| begun.elapsed());
    duo.close().await;
    took
}

/// Sets `count` sessions up, ten at a time; returns how long each took.
async fn set_ups(share: f64, count: u64, patience: Duration) -> Vec<Option<Duration>> {
    let mut all = Vec::new();
    for first in (0..count).step_by(10) {
        let ten = (first..count.min(first + 10)).map(|seed| set_up(share, seed, patience));
        all.extend(futures::future::join_all(ten).await);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn each_handshake_ends_where_one_in_seven_is_lost() {
    let took = set_ups(0.15, 10, Duration::from_secs(20)).await;
    println!("{took:?}");
    assert!(took.iter().all(Option::is_some), "{took:?}");
}

/// Prints how many of 100 set-ups come about at 5 % and at 20 % loss.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures for minutes"]
async fn set_ups_in_figures() {
    for share in [0.05, 0.2] {
        let mut took = set_ups(share, 100, Duration::from_secs(20)).await;
        took.retain(Option::is_some);
        took.sort();
        let at = |index: usize| took.get(took.len() * index / 100).copied().flatten();
        println!(
            "{:.0} %: {} of 100 connect, p50 {:?}, p95 {:?}",
            share * 100.0,
            took.len(),
            at(50),
            at(95)
        );
    }
}
