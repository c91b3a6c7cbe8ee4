//! Networks by name: what a path between two people is like.
//!
//! A profile describes a whole path. Put on one access link of one side while the other side's is
//! clean, that is what the two have between them. Sources: RingRTC's `call_sim`, RFC 8867 (rmcat),
//! and published measurements of access networks.

use std::time::Duration;

use super::conditions::{Conditions, Loss};

/// A network.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// How options and tables call it.
    pub name: &'static str,
    /// What it stands for.
    pub means: &'static str,
    /// From the host to the network: conditions, and from how many seconds on.
    pub up: Steps,
    /// From the network to the host.
    pub down: Steps,
}

/// Conditions one after the other, each from so many seconds after the beginning on.
pub type Steps = &'static [(u64, Conditions)];

impl Profile {
    /// The profile of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|it| it.name == name)
    }

    const fn even(name: &'static str, means: &'static str, both: Steps) -> Self {
        Self {
            name,
            means,
            up: both,
            down: both,
        }
    }
}

/// As durations, for an emulator.
pub fn steps(of: Steps) -> impl Iterator<Item = (Duration, Conditions)> {
    of.iter()
        .map(|(from, conditions)| (Duration::from_secs(*from), *conditions))
}

/// Every profile. One-way delays; a queue is as long as the time it takes to empty.
pub const PROFILES: &[Profile] = &[
    Profile::even("clean", "nothing happens to packets", &[(0, CLEAN)]),
    Profile::even(
        "lan",
        "the same room",
        &[(0, CLEAN.late(1, 0).at_kbps(20_000, 100))],
    ),
    Profile::even(
        "good",
        "fibre in the same country",
        &[(0, CLEAN.late(10, 1).at_kbps(20_000, 100))],
    ),
    Profile::even(
        "home",
        "an everyday uplink",
        &[(0, CLEAN.late(20, 3).at_kbps(4_000, 200))],
    ),
    Profile::even("wifi", "a radio network with neighbours", &[(0, WIFI)]),
    Profile {
        name: "lte",
        means: "a phone's network, with deep buffers",
        up: &[(0, CLEAN.late(35, 10).at_kbps(5_000, 500))],
        down: &[(0, CLEAN.late(35, 10).at_kbps(20_000, 500))],
    },
    Profile::even(
        "moderate",
        "call_sim: far and lossy",
        &[(0, CLEAN.late(100, 25).losing(Loss::Random(0.05)))],
    ),
    Profile::even("bad", "a weak radio network", &[(0, BAD)]),
    Profile::even(
        "awful",
        "call_sim: international, at its worst",
        &[(0, AWFUL)],
    ),
    Profile::even(
        "spiky",
        "call_sim: ten bad seconds",
        &[
            (0, CLEAN.late(50, 10)),
            (10, SPIKE),
            (20, CLEAN.late(50, 10)),
        ],
    ),
    Profile::even(
        "loss5",
        "loss without congestion",
        &[(0, CLEAN.late(50, 5).losing(Loss::Random(0.05)))],
    ),
    Profile::even(
        "loss10",
        "loss without congestion",
        &[(0, CLEAN.late(25, 5).losing(Loss::Random(0.10)))],
    ),
    Profile::even(
        "loss20",
        "loss without congestion",
        &[(0, CLEAN.late(25, 5).losing(Loss::Random(0.20)))],
    ),
    Profile::even(
        "loss30",
        "loss without congestion",
        &[(0, CLEAN.late(25, 5).losing(Loss::Random(0.30)))],
    ),
    Profile::even(
        "burst10",
        "a tenth is lost, three in a row",
        &[(0, CLEAN.late(25, 5).losing(bursts(0.039, 0.35)))],
    ),
    Profile::even(
        "step",
        "capacity that goes and comes back",
        &[
            (0, CLEAN.late(30, 0).at_kbps(3_000, 300)),
            (20, CLEAN.late(30, 0).at_kbps(500, 300)),
            (35, CLEAN.late(30, 0).at_kbps(3_000, 300)),
        ],
    ),
    Profile::even(
        "rmcat51",
        "RFC 8867, 5.1: variable capacity, one flow",
        &[
            (0, CLEAN.late(50, 0).at_kbps(1_000, 300)),
            (40, CLEAN.late(50, 0).at_kbps(2_500, 300)),
            (60, CLEAN.late(50, 0).at_kbps(600, 300)),
            (80, CLEAN.late(50, 0).at_kbps(1_000, 300)),
        ],
    ),
    Profile {
        name: "satellite",
        means: "a geostationary satellite",
        up: &[(
            0,
            CLEAN
                .late(280, 10)
                .at_kbps(3_000, 600)
                .losing(Loss::Random(0.005)),
        )],
        down: &[(
            0,
            CLEAN
                .late(280, 10)
                .at_kbps(20_000, 600)
                .losing(Loss::Random(0.005)),
        )],
    },
];

const CLEAN: Conditions = Conditions::CLEAN;

const WIFI: Conditions = CLEAN
    .late(8, 6)
    .at_kbps(25_000, 200)
    .losing(bursts(0.003, 0.3))
    .mixing(0.001, 0.0);

const BAD: Conditions = CLEAN
    .late(60, 20)
    .at_kbps(1_000, 400)
    .losing(bursts(0.01, 0.25))
    .mixing(0.01, 0.005);

const AWFUL: Conditions = CLEAN
    .late(250, 100)
    .at_kbps(300, 1200)
    .losing(bursts(0.03, 0.25))
    .mixing(0.05, 0.02);

const SPIKE: Conditions = CLEAN.late(100, 20).losing(bursts(0.11, 0.25));

const fn bursts(begins: f64, ends: f64) -> Loss {
    Loss::Bursts { begins, ends }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_name_stands_for_one_profile_and_each_profile_has_a_beginning() {
        let names: BTreeSet<_> = PROFILES.iter().map(|it| it.name).collect();
        assert_eq!(names.len(), PROFILES.len());
        for profile in PROFILES {
            assert_eq!(
                Profile::named(profile.name).map(|it| it.name),
                Some(profile.name)
            );
            for way in [profile.up, profile.down] {
                assert_eq!(way[0].0, 0, "{}", profile.name);
                assert!(way.is_sorted_by_key(|(from, _)| *from), "{}", profile.name);
            }
        }
        assert!(Profile::named("nothing of this").is_none());
    }
}
