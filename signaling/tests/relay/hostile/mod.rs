//! A relay as a process of its own, and strangers who mean it ill: whatever they do, two honest
//! people keep their places, hear each other soon and are never told that the other is not here, and
//! the relay holds no more than it may.

mod descriptors;
mod flood;
mod forge;
mod fragments;
mod pass_on;
mod proofs;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use signal_client::{LinkEvent, LinkState};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::support::{Person, Raw, process, somebody};

/// How long an attack goes on: half a minute where everything is tried harder.
fn attack_time() -> Duration {
    let is_long = std::env::var_os("PROPTEST_CASES").is_some();
    Duration::from_secs(if is_long { 30 } else { 3 })
}

/// A network address of a stranger: no honest one is in the same network.
fn hostile(n: u8) -> IpAddr {
    Ipv4Addr::new(127, 66, n, 1).into()
}

/// A relay as people run it, and what it took when it began.
struct Process {
    relay: process::Process,
    url: String,
    before: Figures,
}

/// What a process takes.
#[derive(Clone, Copy, Debug)]
struct Figures {
    memory_kib: u64,
    descriptors: usize,
    /// Of one processor.
    busy: Duration,
    at: Instant,
}

impl Process {
    async fn start(options: &[&str]) -> Self {
        let relay = process::Process::start(options).await;
        Self {
            url: relay.url.clone(),
            before: figures(&relay),
            relay,
        }
    }

    /// Fails when the relay has grown more than this since its start.
    fn has_grown_at_most(&self, memory_kib: u64, descriptors: usize) {
        let now = self.figures();
        let grown = now.memory_kib.saturating_sub(self.before.memory_kib);
        let busy = now.busy.saturating_sub(self.before.busy);
        tell(&format!(
            "relay: {grown} KiB more, {} descriptors, {busy:?} of {:?} busy",
            now.descriptors,
            now.at.duration_since(self.before.at),
        ));
        assert!(grown <= memory_kib, "{grown} KiB more");
        assert!(now.descriptors <= descriptors, "{now:?}");
    }

    /// How much of a processor the relay takes, as a fraction, since a moment.
    fn load_since(&self, then: Figures) -> f64 {
        let now = self.figures();
        let busy = now.busy.saturating_sub(then.busy);
        busy.as_secs_f64() / now.at.duration_since(then.at).as_secs_f64()
    }

    fn figures(&self) -> Figures {
        figures(&self.relay)
    }
}

/// What the system says of a process (proc(5)).
fn figures(relay: &process::Process) -> Figures {
    let status = relay.proc_file("status");
    let memory = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let memory = memory.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok());
    let stat = relay.proc_file("stat");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<u64> = after_name
        .split_whitespace()
        .map(|it| it.parse().unwrap_or(0))
        .collect();
    Figures {
        memory_kib: memory.expect("the system says"),
        descriptors: relay.descriptors(),
        // User and system time, in hundredths of a second.
        busy: Duration::from_millis(10 * (fields[11] + fields[12])),
        at: Instant::now(),
    }
}

/// Two honest people who have never spoken before.
struct Pair {
    ann: Person,
    bob: Person,
}

impl Pair {
    async fn online(url: &str) -> Self {
        Self {
            ann: Person::online(url).await,
            bob: Person::online(url).await,
        }
    }

    /// Ann speaks and Bob answers, ten times a second for as long as an attack takes. Fails when
    /// anything else happens, or when an answer takes longer than [`SOON`].
    async fn speak(&mut self) {
        let begun = Instant::now();
        let mut ticks = interval(Duration::from_millis(100));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut worst = Duration::ZERO;
        let mut number = 0_u32;
        while begun.elapsed() < attack_time() {
            ticks.tick().await;
            number += 1;
            let said = Bytes::copy_from_slice(&number.to_be_bytes());
            let asked = Instant::now();
            self.ann
                .link
                .send(self.bob.address, said.clone())
                .expect("there is room");
            let heard = hear(&mut self.bob, &mut self.ann, &said);
            timeout(SOON, heard).await.expect("Bob hears Ann soon");
            self.bob
                .link
                .send(self.ann.address, said.clone())
                .expect("there is room");
            let heard = hear(&mut self.ann, &mut self.bob, &said);
            timeout(SOON, heard).await.expect("Ann hears Bob soon");
            worst = worst.max(asked.elapsed());
        }
        tell(&format!(
            "honest: {number} answers, the slowest after {worst:?}"
        ));
        assert!(number >= 10, "{number} answers");
    }
}

/// Waits until one person hears what the other said. Both may hear strangers meanwhile, and nothing
/// else: a link whose owner takes no events stands still.
async fn hear(hearer: &mut Person, speaker: &mut Person, said: &Bytes) {
    loop {
        let (event, is_hearer) = tokio::select! {
            event = hearer.events.recv() => (event, true),
            event = speaker.events.recv() => (event, false),
        };
        match event.expect("the link lives") {
            LinkEvent::Message { from, payload } if is_hearer && from == speaker.address => {
                return assert_eq!(payload, said, "in order");
            }
            LinkEvent::Message { .. } | LinkEvent::State(LinkState::Online) => {}
            // A stranger whom somebody answered has left.
            LinkEvent::NotHere { to, .. } if to != speaker.address && to != hearer.address => {}
            other => panic!("{other:?} between honest people"),
        }
    }
}

/// A stranger who has proven a throwaway address.
async fn stranger(url: &str, ip: IpAddr) -> Raw {
    let identity = somebody();
    let mut raw = Raw::connect_from(url, ip).await.expect("there is room");
    raw.say(&raw.hello(&identity, &raw.relay, None)).await;
    let _welcome = raw.hear().await;
    raw
}

/// A figure for whoever runs these tests with `--nocapture`.
#[allow(clippy::print_stderr, reason = "a test has no other place for figures")]
fn tell(figures: &str) {
    eprintln!("{figures}");
}

/// What people take for at once, on a machine that has other things to do.
const SOON: Duration = Duration::from_secs(2);
