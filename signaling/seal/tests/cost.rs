//! What sealing costs. Not a check: run it with
//! `cargo test -p seal --test cost -- --ignored --nocapture`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

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

/// Bytes of memory that this process has, where the system tells.
fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|it| it.starts_with("VmRSS"))?;
    let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[test]
#[ignore = "measures and prints, checks nothing"]
fn what_sealing_costs() {
    let now = Instant::now();
    let mut pairs: Vec<_> = (0..2000).map(|_| (Side::new(), Side::new())).collect();
    let before = resident_bytes();
    let start = Instant::now();
    for (ann, bob) in &mut pairs {
        handshake(now, ann, bob);
    }
    let each = start.elapsed() / 2000;
    println!("a handshake with its first message, both sides: {each:?}");
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        let bytes = (after - before) / 4000;
        println!("memory of a session, one side: {bytes} bytes");
    }
    let (ann, bob) = &mut pairs[0];
    for bytes in [100, 1024, 10 * 1024] {
        let message = vec![7; bytes];
        let start = Instant::now();
        let frames: Vec<_> = (0..10_000)
            .flat_map(|_| {
                ann.sealer.send(now, bob.address, 1, &message).unwrap();
                ann.frames()
            })
            .collect();
        let sealing = start.elapsed() / 10_000;
        let start = Instant::now();
        for frame in &frames {
            bob.sealer.receive(now, ann.address, frame);
            black_box(bob.frames());
        }
        let opening = start.elapsed() / 10_000;
        println!("{bytes} bytes: sealing {sealing:?}, opening {opening:?}");
    }
}
