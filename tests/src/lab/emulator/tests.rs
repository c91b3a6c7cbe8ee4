//! The emulator in virtual time.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A packet of 1250 bytes each so often, from the epoch on; when each arrived, in milliseconds.
fn carry(emulator: &mut Emulator<u32>, count: u32, each: Duration) -> Vec<(u32, f64)> {
    let mut arrived = Vec::new();
    let take = |emulator: &mut Emulator<u32>, until: Duration, arrived: &mut Vec<_>| {
        while let Some(at) = emulator.due().filter(|at| *at <= until) {
            while let Some((due, packet)) = emulator.receive(at) {
                assert_eq!(due, at, "nothing is late in virtual time");
                arrived.push((packet, at.as_secs_f64() * 1e3));
            }
        }
    };
    for number in 0..count {
        let now = each * number;
        take(emulator, now, &mut arrived);
        emulator.send(now, number, 1250);
    }
    take(emulator, Duration::MAX, &mut arrived);
    arrived
}

fn numbers(arrived: &[(u32, f64)]) -> Vec<u32> {
    arrived.iter().map(|(number, _)| *number).collect()
}

#[test]
fn a_clean_link_carries_all_at_once() {
    let arrived = carry(&mut Emulator::new(1, Conditions::CLEAN), 3, 10 * MS);
    assert_eq!(arrived, [(0, 0.0), (1, 10.0), (2, 20.0)]);
}

#[test]
fn bits_take_their_time_before_the_delay() {
    // 1250 bytes need 10 ms at 1 Mb/s.
    let slow = Conditions::CLEAN.at_kbps(1000, 1000).late(50, 0);
    let arrived = carry(&mut Emulator::new(1, slow), 3, MS);
    assert_eq!(arrived, [(0, 60.0), (1, 70.0), (2, 80.0)]);
}

#[test]
fn a_full_queue_drops_what_comes_last() {
    let slow = Conditions::CLEAN.at_kbps(1000, 30);
    let mut emulator = Emulator::new(1, slow);
    let arrived = carry(&mut emulator, 5, Duration::ZERO);
    assert_eq!(numbers(&arrived), [0, 1, 2]);
    assert_eq!(emulator.counts().overflown, 2);
}

#[test]
fn a_packet_that_is_longer_than_the_queue_passes_an_empty_one() {
    let slow = Conditions::CLEAN.at_kbps(100, 30);
    assert_eq!(carry(&mut Emulator::new(1, slow), 1, MS).len(), 1);
}

#[test]
fn a_queue_empties_at_the_rate_that_holds() {
    let mut emulator = Emulator::new(1, Conditions::CLEAN.at_kbps(1000, 1000));
    // The second packet begins at 10 ms, when the rate has risen tenfold.
    let faster = Conditions::CLEAN.at_kbps(10_000, 1000);
    emulator.follow(
        Duration::ZERO,
        [
            (Duration::ZERO, Conditions::CLEAN.at_kbps(1000, 1000)),
            (5 * MS, faster),
        ],
    );
    let arrived = carry(&mut emulator, 3, Duration::ZERO);
    assert_eq!(arrived, [(0, 10.0), (1, 11.0), (2, 12.0)]);
}

#[test]
fn jitter_spreads_arrivals_and_keeps_the_order() {
    let shaken = Conditions::CLEAN.late(50, 20);
    let arrived = carry(&mut Emulator::new(7, shaken), 2000, 5 * MS);
    assert!(numbers(&arrived).is_sorted());
    let delays: Vec<f64> = arrived
        .iter()
        .map(|(number, at)| at - 5.0 * f64::from(*number))
        .collect();
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    let least = delays.iter().copied().fold(f64::MAX, f64::min);
    let most = delays.iter().copied().fold(0.0, f64::max);
    assert!((50.0..60.0).contains(&mean), "{mean}");
    assert!((10.0..30.0).contains(&least), "{least}");
    assert!((80.0..90.1).contains(&most), "{most}");
}

#[test]
fn some_are_overtaken_when_that_is_asked_for() {
    let mixed = Conditions::CLEAN.late(10, 0).mixing(0.1, 0.0);
    let arrived = carry(&mut Emulator::new(7, mixed), 1000, 5 * MS);
    assert_eq!(arrived.len(), 1000);
    let late = arrived
        .iter()
        .filter(|(number, at)| at - 5.0 * f64::from(*number) > 70.0)
        .count();
    assert!((70..130).contains(&late), "{late}");
    assert!(!numbers(&arrived).is_sorted());
}

#[test]
fn some_arrive_twice() {
    let twice = Conditions::CLEAN.mixing(0.0, 0.1);
    let mut emulator = Emulator::new(7, twice);
    let arrived = carry(&mut emulator, 1000, MS).len();
    assert!((1070..1130).contains(&arrived), "{arrived}");
    assert_eq!(emulator.counts().received, arrived as u64);
}

#[test]
fn random_loss_has_its_share_and_no_memory() {
    let lossy = Conditions::CLEAN.losing(Loss::Random(0.2));
    let arrived = carry(&mut Emulator::new(7, lossy), 10_000, MS);
    assert!((7800..8200).contains(&arrived.len()), "{}", arrived.len());
    let bursts = bursts(&numbers(&arrived));
    assert!((1.1..1.4).contains(&bursts), "{bursts}");
}

#[test]
fn bursts_have_their_share_and_their_length() {
    let loss = Loss::Bursts {
        begins: 0.039,
        ends: 0.35,
    };
    let lossy = Conditions::CLEAN.losing(loss);
    let arrived = carry(&mut Emulator::new(7, lossy), 20_000, MS);
    assert!(
        (17_600..18_400).contains(&arrived.len()),
        "{}",
        arrived.len()
    );
    let bursts = bursts(&numbers(&arrived));
    assert!((2.6..3.1).contains(&bursts), "{bursts}");
}

/// How many are missing in a row, on average.
fn bursts(arrived: &[u32]) -> f64 {
    let gaps = arrived.windows(2).map(|pair| pair[1] - pair[0] - 1);
    let gaps: Vec<u32> = gaps.filter(|gap| *gap > 0).collect();
    f64::from(gaps.iter().sum::<u32>()) / gaps.len() as f64
}

#[test]
fn one_seed_loses_the_same_packets_whatever_the_times() {
    let lost = |seed: u64, delay: u64, each: Duration| {
        let lossy = Conditions::CLEAN.losing(Loss::Random(0.2));
        let lossy = lossy.late(delay, delay / 3);
        numbers(&carry(&mut Emulator::new(seed, lossy), 500, each))
    };
    assert_eq!(lost(3, 10, MS), lost(3, 90, 7 * MS));
    assert_ne!(lost(3, 10, MS), lost(4, 10, MS));
}

#[test]
fn an_outage_on_a_schedule_loses_what_is_sent_meanwhile() {
    let good = Conditions::CLEAN.late(20, 0);
    let outage = Conditions {
        outage: true,
        ..good
    };
    let mut emulator = Emulator::new(1, good);
    let steps = [(Duration::ZERO, good), (35 * MS, outage), (65 * MS, good)];
    emulator.follow(Duration::ZERO, steps);
    let arrived = carry(&mut emulator, 10, 10 * MS);
    // What was on its way at 35 ms arrives.
    assert_eq!(numbers(&arrived), [0, 1, 2, 3, 7, 8, 9]);
    assert_eq!(emulator.counts().cut, 3);
    assert_eq!(*emulator.conditions(), good);
}

#[test]
fn what_waits_when_an_outage_begins_is_lost() {
    let slow = Conditions::CLEAN.at_kbps(1000, 1000);
    let mut emulator = Emulator::new(1, slow);
    for number in 0..3 {
        emulator.send(Duration::ZERO, number, 1250);
    }
    let outage = Conditions {
        outage: true,
        ..slow
    };
    emulator.set(15 * MS, outage);
    emulator.set(40 * MS, slow);
    let arrived: Vec<u32> =
        std::iter::from_fn(|| emulator.receive(50 * MS).map(|(_, it)| it)).collect();
    assert_eq!(arrived, [0]);
}
