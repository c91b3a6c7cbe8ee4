//! Floods of messages: at somebody, at nobody, and at those who take nothing.

use bytes::Bytes;
use signal_wire::{Address, ClientFrame, MAX_PAYLOAD_BYTES, MessageId, Payload};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Pair, Process, attack_time, hostile, stranger};
use crate::support::{Raw, somebody};

fn envelope(seq: u64, to: Address, bytes: usize) -> ClientFrame {
    ClientFrame::Envelope {
        seq,
        id: MessageId(seq.to_be_bytes()),
        to,
        payload: Payload::new(Bytes::from(vec![0; bytes])).expect("it is small enough"),
    }
}

/// Says as much as the relay takes, and reads nothing.
async fn flood(mut raw: Raw, to: impl Fn(u64) -> Address, bytes: usize) {
    let endless = async {
        for seq in 1.. {
            raw.say(&envelope(seq, to(seq), bytes)).await;
        }
    };
    let _over: Result<(), _> = timeout(attack_time(), endless).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_tiny_messages_costs_nobody_their_place() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let (ann, bob) = (pair.ann.address, pair.bob.address);
    let mut attack = JoinSet::new();
    for n in 0..48 {
        let raw = stranger(&relay.url, hostile(n % 2)).await;
        let victim = if n % 4 < 2 { bob } else { ann };
        attack.spawn(flood(raw, move |_| victim, 1));
    }
    pair.speak().await;
    attack.join_all().await;
    relay.has_grown_at_most(16 * 1024, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_the_largest_messages_does_not_make_others_late() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let bob = pair.bob.address;
    let mut attack = JoinSet::new();
    for n in 0..12 {
        let raw = stranger(&relay.url, hostile(n)).await;
        attack.spawn(flood(raw, move |_| bob, MAX_PAYLOAD_BYTES));
    }
    pair.speak().await;
    attack.join_all().await;
    relay.has_grown_at_most(32 * 1024, 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_victim_answers_gets_no_further_than_others() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let bob = pair.bob.address;
    let mut attack = JoinSet::new();
    for n in 0..16 {
        let (identity, ip) = (somebody(), hostile(n));
        let mut raw = Raw::connect_from(&relay.url, ip).await.expect("room");
        raw.say(&raw.hello(&identity, &raw.relay, None)).await;
        let _welcome = raw.hear().await;
        // As an app does by itself when a sealed session begins.
        let answer = Bytes::from_static(b"reply");
        pair.bob
            .link
            .send(identity.address(), answer)
            .expect("there is room");
        attack.spawn(flood(raw, move |_| bob, 1));
    }
    pair.speak().await;
    attack.join_all().await;
    relay.has_grown_at_most(16 * 1024, 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads_pile_up_nowhere() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let mut attack = JoinSet::new();
    for n in 0..48 {
        let raw = stranger(&relay.url, hostile(n % 2)).await;
        let nobody = move |seq: u64| {
            let mut bytes = [n; Address::LENGTH];
            bytes[..8].copy_from_slice(&seq.to_be_bytes());
            Address::from_bytes(bytes)
        };
        attack.spawn(flood(raw, nobody, 1));
    }
    pair.speak().await;
    attack.join_all().await;
    relay.has_grown_at_most(16 * 1024, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_for_those_who_take_nothing_is_bounded() {
    let relay = Process::start(&[]).await;
    let mut pair = Pair::online(&relay.url).await;
    let mut attack = JoinSet::new();
    let mut sinks = Vec::new();
    for n in 0..40 {
        let identity = somebody();
        let mut sink = Raw::connect_from(&relay.url, hostile(200))
            .await
            .expect("room");
        sink.say(&sink.hello(&identity, &sink.relay, None)).await;
        sinks.push((sink, identity.address()));
        let to: Vec<_> = sinks.iter().map(|(_, address)| *address).collect();
        let raw = stranger(&relay.url, hostile(n % 8)).await;
        let any = move |seq: u64| to[usize::try_from(seq).unwrap_or(0) % to.len()];
        attack.spawn(flood(raw, any, MAX_PAYLOAD_BYTES));
    }
    pair.speak().await;
    attack.join_all().await;
    // 40 outboxes with half a room of strangers each, twice for what the allocator keeps.
    relay.has_grown_at_most(40 * 512, 160);
    drop(sinks);
}
