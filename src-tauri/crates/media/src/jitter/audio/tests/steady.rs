//! Paths that stay as they are: their jitter is covered, and the delay stands still.

use super::heard::hear;
use super::path::{PROFILES, Path, Queue, travel};

/// What a path costs on average over the seeds, after ten seconds.
#[derive(Debug)]
struct Cost {
    concealed_percent: f64,
    /// Beyond the path itself and the length of a packet.
    delay_ms: f64,
    /// The least and the most that the buffer aimed at.
    targets_ms: (f64, f64),
}

fn cost(path: Path) -> Cost {
    let mut cost = Cost {
        concealed_percent: 0.0,
        delay_ms: -path.delay_ms - 20.0,
        targets_ms: (f64::MAX, 0.0),
    };
    let seeds = (SEEDS.end - SEEDS.start) as f64;
    for seed in SEEDS {
        let heard = hear(travel(seed, SECONDS, &[(0, path)]), SECONDS);
        let (from, to) = (10_000, SECONDS * 1000);
        cost.concealed_percent += heard.concealed_percent(from, to) / seeds;
        cost.delay_ms += heard.delay_ms(from, to).expect("sound is heard") / seeds;
        let (least, most) = heard.targets_ms(from, to);
        cost.targets_ms.0 = cost.targets_ms.0.min(least);
        cost.targets_ms.1 = cost.targets_ms.1.max(most);
    }
    cost
}

#[test]
fn jitter_is_covered_at_the_price_of_its_delay() {
    for (name, path) in PROFILES {
        let cost = cost(*path);
        println!("{name:<12}{cost:.2?}");
        let (_, concealed_percent, delay_ms) = BARS
            .iter()
            .find(|it| it.0 == *name)
            .expect("every profile has a bar");
        assert!(
            cost.concealed_percent <= *concealed_percent,
            "{name}: {cost:?}"
        );
        assert!(cost.delay_ms <= *delay_ms, "{name}: {cost:?}");
    }
}

#[test]
fn regular_spikes_are_covered_and_the_buffer_stands_still() {
    for (every_ms, length_ms) in [(1000, 100), (2000, 200)] {
        let path = Path::CLEAN.late(10.0, 2.0).spiking(every_ms, length_ms);
        let cost = cost(path);
        println!("{every_ms}/{length_ms} {cost:.2?}");
        // A tenth of the packets comes in a spike, and four in a hundred may come too late.
        assert!(cost.concealed_percent < 4.5, "{cost:?}");
        let (least, most) = cost.targets_ms;
        assert!(most - least < 50.0, "{cost:?}");
    }
}

#[test]
fn swings_of_a_path_are_covered() {
    for (most_ms, seconds) in [(100.0, 2.0), (200.0, 4.0)] {
        let path = Path::CLEAN.queueing(Queue::Sawtooth(most_ms, seconds));
        let cost = cost(path);
        println!("{most_ms}/{seconds} {cost:.2?}");
        assert!(cost.concealed_percent < 1.0, "{cost:?}");
    }
}

const SECONDS: u64 = 120;
const SEEDS: std::ops::Range<u64> = 1..4;

/// Most concealed, percent, and most delay, milliseconds, by the names of the profiles.
const BARS: &[(&str, f64, f64)] = &[
    ("clean", 0.0, 13.0),
    ("good", 0.0, 15.0),
    ("home", 0.0, 15.0),
    ("wifi", 0.8, 24.0),
    ("lte", 0.1, 31.0),
    ("moderate", 0.5, 76.0),
    ("bad", 3.1, 66.0),
    ("awful", 11.5, 200.0),
    ("loss10", 1.3, 40.0),
    ("burst10", 7.2, 40.0),
    ("satellite", 0.3, 26.0),
];
