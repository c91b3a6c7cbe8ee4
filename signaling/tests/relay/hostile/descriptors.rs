//! Connections, as many as can be opened.

use tokio::task::JoinSet;

use super::{Pair, Process, attack_time, hostile};
use crate::support::{Person, Raw, somebody};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_source_takes_its_share_of_descriptors_and_no_more() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let mut attack = JoinSet::new();
    for _ in 0..16 {
        let url = relay.url.clone();
        attack.spawn(async move {
            let mut taken = Vec::new();
            let begun = std::time::Instant::now();
            while begun.elapsed() < attack_time() {
                if let Ok(raw) = Raw::connect_from(&url, hostile(0)).await {
                    taken.push(raw);
                }
            }
            taken.len()
        });
    }
    pair.speak().await;
    let newcomer = Person::online(&relay.url).await;
    // 64 of the attacker, and some that are being refused.
    relay.has_grown_at_most(16 * 1024, 64 + 32 + 32);
    drop(newcomer);
    let taken: usize = attack.join_all().await.into_iter().sum();
    assert!(taken >= 64, "{taken} connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throwaway_identities_that_come_and_go_leave_nothing_behind() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let mut attack = JoinSet::new();
    for n in 0..8 {
        let url = relay.url.clone();
        attack.spawn(async move {
            let begun = std::time::Instant::now();
            while begun.elapsed() < attack_time() {
                let Ok(mut raw) = Raw::connect_from(&url, hostile(n)).await else {
                    continue;
                };
                raw.say(&raw.hello(&somebody(), &raw.relay, None)).await;
                let _welcome = raw.hear().await;
            }
        });
    }
    pair.speak().await;
    attack.join_all().await;
    relay.has_grown_at_most(16 * 1024, 160);
}
