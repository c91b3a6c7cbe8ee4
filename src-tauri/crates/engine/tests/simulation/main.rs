//! Two whole engines in simulated time: their control loops, phones, sealing and pipelines are the
//! real ones, on a network, relay, devices and codecs of the simulation. Users press anything, and
//! anything fails; in the end the two must agree, and nothing may be left.
//!
//! Everything follows from a seed. `TINCAN_SEED=N` runs one alone and tells what happened in it,
//! `TINCAN_LONG=1` runs many more.

#![expect(clippy::unwrap_used, reason = "the helpers of a test panic")]

mod chance;
mod codecs;
mod devices;
mod end;
mod person;
mod relay;
mod script;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use self::end::Outcome;
use self::world::World;

/// Runs a call, or what became of it, and checks how it ends.
fn run(seed: u64) -> (Outcome, Vec<String>) {
    let mut world = World::new(seed);
    let done = catch_unwind(AssertUnwindSafe(|| {
        script::play(&mut world);
        end::settle(&mut world)
    }));
    match done {
        Ok(outcome) => (outcome, world.trace),
        Err(panic) => {
            let why = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()))
                .unwrap_or_default();
            panic!("seed {seed}: {why}\n{}", world.trace.join("\n"));
        }
    }
}

#[test]
fn whatever_happens_two_engines_agree_in_the_end_and_nothing_is_left() {
    if let Some(seed) = number("TINCAN_SEED") {
        let (outcome, trace) = run(seed);
        println!("{}\n{outcome:?}", trace.join("\n"));
        return;
    }
    let (first, calls) = (
        number("TINCAN_FIRST_SEED").unwrap_or(FIRST_SEED),
        if std::env::var_os("TINCAN_LONG").is_some() {
            CALLS_LONG
        } else {
            CALLS
        },
    );
    println!("NOTE seeds {first} to {}", first + calls - 1);
    let begun = Instant::now();
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Outcome::default());
    let failed = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + calls {
                        return;
                    }
                    match catch_unwind(|| run(seed)) {
                        Ok((outcome, _)) => sum.lock().unwrap().add(&outcome),
                        Err(_) => {
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    println!("NOTE {calls} runs in {:.1?}: {sum:?}", begun.elapsed());
    let failed = failed.into_inner();
    assert_eq!(failed, 0, "of {calls} runs; TINCAN_SEED=N runs one alone");
    // Else the script would try nothing.
    assert!(sum.connected > calls * 4 / 5, "{sum:?}");
    assert!(sum.in_a_call > calls / 3, "{sum:?}");
    assert!(sum.renewed > calls / 3, "{sum:?}");
}

#[test]
fn a_seed_replays() {
    for seed in FIRST_SEED..FIRST_SEED + 5 {
        let (first, again) = (run(seed).1, run(seed).1);
        assert_eq!(first, again, "seed {seed}");
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

const FIRST_SEED: u64 = 1;

/// Within two minutes on two cores.
const CALLS: u64 = 500;

const CALLS_LONG: u64 = 10_000;
