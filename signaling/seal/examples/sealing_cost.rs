//! What sealing costs in time and memory: `cargo run -p seal --example sealing_cost`.

#![allow(
    clippy::print_stdout,
    reason = "a program that measures tells what it found"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::{Address, Identity};
use seal::{Output, Sealer};

struct Side {
    address: Address,
    sealer: Sealer,
}

impl Side {
    fn new() -> Self {
        let identity = Arc::new(Identity::generate().expect("the system gives random bytes"));
        Self {
            address: identity.address(),
            sealer: Sealer::new(identity),
        }
    }

    fn frames(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.sealer.poll_output())
            .filter_map(|output| match output {
                Output::Transmit { frame, .. } => Some(frame),
                Output::Received { .. } | Output::Words { .. } | Output::Incompatible { .. } => {
                    None
                }
            })
            .collect()
    }
}

/// Begins a session and brings its first message over.
fn handshake(now: Instant, ann: &mut Side, bob: &mut Side) {
    let sent = ann.sealer.send(now, bob.address, 1, b"invite");
    sent.expect("a session begins");
    for _ in 0..2 {
        for frame in ann.frames() {
            bob.sealer.receive(now, ann.address, &frame);
        }
        for frame in bob.frames() {
            ann.sealer.receive(now, bob.address, &frame);
        }
    }
}

/// The processor time that this thread has had, where the system tells; else the time that passed.
fn spent(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanos = told
        .ok()
        .and_then(|it| it.split_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// Bytes of memory that this process has, where the system tells.
fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|it| it.starts_with("VmRSS"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn main() {
    let now = Instant::now();
    let mut pairs: Vec<_> = (0..2000).map(|_| (Side::new(), Side::new())).collect();
    let before = resident_bytes();
    let start = spent(now);
    for (ann, bob) in &mut pairs {
        handshake(now, ann, bob);
    }
    let each = (spent(now) - start) / 2000;
    println!("a handshake with its first message, both sides: {each:?}");
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        let bytes = (after - before) / 4000;
        println!("memory of a session, one side: {bytes} bytes");
    }
    let (ann, bob) = &mut pairs[0];
    for bytes in [100, 1024, 10 * 1024] {
        let message = vec![7; bytes];
        let start = spent(now);
        let frames: Vec<_> = (0..10_000)
            .flat_map(|_| {
                ann.sealer
                    .send(now, bob.address, 1, &message)
                    .expect("a message is sealed");
                ann.frames()
            })
            .collect();
        let sealing = (spent(now) - start) / 10_000;
        let start = spent(now);
        for frame in &frames {
            bob.sealer.receive(now, ann.address, frame);
            black_box(bob.frames());
        }
        let opening = (spent(now) - start) / 10_000;
        println!("{bytes} bytes: sealing {sealing:?}, opening {opening:?}");
    }
}
