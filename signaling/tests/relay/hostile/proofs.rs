//! Wrong proofs of addresses, as many as can be sent.

use std::time::Instant;

use signal_relay::Limits;
use signal_wire::{Challenge, ErrorCode, RelayFrame};
use tokio::task::JoinSet;

use super::{Pair, Process, attack_time, hostile, tell};
use crate::support::{Person, Raw, somebody};

/// Proves nothing until the time is over. Says how many proofs were checked and how many not.
async fn prove_wrongly(url: String) -> (u32, u32) {
    let (begun, eve) = (Instant::now(), somebody());
    let (mut checked, mut refused) = (0, 0);
    while begun.elapsed() < attack_time() {
        let Ok(mut raw) = Raw::connect_from(&url, hostile(0)).await else {
            refused += 1;
            continue;
        };
        raw.nonce = Challenge([0; 32]);
        raw.say(&raw.hello(&eve, &raw.relay, None)).await;
        match raw.hear().await {
            Some(RelayFrame::Error {
                code: ErrorCode::BadProof,
            }) => checked += 1,
            Some(RelayFrame::Error {
                code: ErrorCode::Busy,
            }) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    (checked, refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_source_cannot_have_more_proofs_checked_than_its_share() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let begun = Instant::now();
    let mut attack = JoinSet::new();
    for _ in 0..50 {
        attack.spawn(prove_wrongly(relay.url.clone()));
    }
    pair.speak().await;
    let newcomer = Person::online(&relay.url).await;
    let counts = attack.join_all().await;
    let (checked, refused) = counts
        .iter()
        .fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    tell(&format!(
        "{checked} proofs were checked, {refused} were not"
    ));
    let limits = Limits::default();
    // Two seconds of waiting are let in ahead.
    let share = f64::from(limits.proofs_per_second_per_ip) * (begun.elapsed().as_secs_f64() + 3.0);
    assert!(f64::from(checked) <= f64::from(limits.proofs_burst_per_ip) + share);
    assert!(refused > 0, "the attack was no attack");
    drop(newcomer);
    relay.has_grown_at_most(16 * 1024, 100);
}
