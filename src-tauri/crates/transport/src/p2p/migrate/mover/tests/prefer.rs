//! A cable that both are on, and a way by routers: the better one is used while it is there.

use proptest::prelude::*;

use super::super::prefer::{LONGEST_STEADY, STEADY};
use super::super::search::LONGEST_SEARCH;
use super::super::*;
use super::millis;
use super::world::{World, at};

/// What both are on, and what is behind routers: `a1` and `b1` are on one network, `a2` and `b2`
/// reach each other by another one, and nothing passes between the two.
struct House {
    world: World,
    passes: [bool; 2],
    has_cable: [bool; 2],
}

const CABLE: [&str; 2] = ["a1:1 b1:1", "b1:1 a1:1"];
const ROUTERS: [&str; 2] = ["a2:2 b2:2", "b2:2 a2:2"];

impl House {
    /// Both by the cable.
    fn new() -> Self {
        let mut house = Self {
            world: World::new(),
            passes: [true; 2],
            has_cable: [true; 2],
        };
        for (side, network) in [(0, 1), (1, 2)] {
            let cable = format!("eth0 10.0.{network}.1/16");
            let other = format!("wlan0 10.0.{network}.2/32");
            house.world.set_interfaces(side, &[&cable, &other]);
            house.set_cable(side, true);
        }
        house.passes(true, true);
        house.world.run(millis(500));
        house
    }

    /// Whether packets pass by the cable and by routers.
    fn passes(&mut self, by_cable: bool, by_routers: bool) {
        self.passes = [by_cable, by_routers];
        let is_on = |a, b, from, to| [from, to] == [at(a), at(b)] || [to, from] == [at(a), at(b)];
        self.world.cut(move |from, to| {
            let cable = by_cable && is_on("a1:1", "b1:1", from, to);
            let routers = by_routers && is_on("a2:2", "b2:2", from, to);
            !cable && !routers
        });
    }

    /// Whether the cable is in.
    fn set_cable(&mut self, side: usize, is_in: bool) {
        self.has_cable[side] = is_in;
        let all = [["a1:1", "a2:2"], ["b1:1", "b2:2"]][side];
        self.world.set_addresses(side, &all[usize::from(!is_in)..]);
    }

    fn run(&mut self, length: Duration) {
        self.world.run(length);
    }

    /// By routers, because the cable of one side is out.
    fn away(side: usize) -> Self {
        let mut house = Self::new();
        house.set_cable(side, false);
        house.run(millis(2000));
        assert_eq!(house.world.pairs(), ROUTERS);
        house
    }
}

#[test]
fn both_go_back_to_the_cable_once_it_was_steady_for_three_seconds_whosever_it_was() {
    for side in [0, 1] {
        let mut house = House::away(side);
        house.set_cable(side, true);
        house.run(STEADY - millis(100));
        assert_eq!(house.world.pairs(), ROUTERS);
        house.run(millis(900));
        assert_eq!(house.world.pairs(), CABLE, "{side}");
        assert_eq!(house.world.hear_each_other(), [true; 2]);
        let moved = house.world.moves();
        house.run(Duration::from_secs(60));
        assert_eq!(house.world.moves(), moved);
    }
}

#[test]
fn a_cable_that_carries_nothing_at_first_is_tried_again() {
    let mut house = House::away(1);
    house.passes(false, true);
    house.set_cable(1, true);
    house.run(Duration::from_secs(40));
    assert_eq!(house.world.pairs(), ROUTERS);
    let asked = house.world.requests();
    house.run(Duration::from_secs(60));
    let asked = house.world.requests() - asked;
    assert!(asked <= 24, "few packets to where nobody answers: {asked}");
    house.passes(true, true);
    house.run(Duration::from_secs(15));
    assert_eq!(house.world.pairs(), CABLE);
}

#[test]
fn a_cable_that_loses_packets_all_the_time_is_left_alone() {
    let mut house = House::away(0);
    house.set_cable(0, true);
    let moves = house.world.moves();
    for _ in 0..40 {
        house.passes(true, true);
        house.run(millis(2500));
        house.passes(false, true);
        house.run(millis(700));
        assert_eq!(house.world.hear_each_other(), [true; 2]);
    }
    assert_eq!(house.world.moves(), moves);
}

#[test]
fn another_path_of_the_same_kind_is_no_reason_to_move() {
    let mut world = World::new();
    world.set_interfaces(0, &["eth0 10.0.1.1/32", "wlan0 10.0.1.2/32"]);
    world.set_addresses(0, &["a1:1", "a2:2"]);
    world.set_addresses(1, &["b1:1", "b2:2"]);
    world.run(Duration::from_secs(60));
    assert_eq!(world.moves(), [0, 0]);
}

#[test]
fn a_cable_that_fails_again_and_again_is_gone_back_to_ever_more_rarely() {
    let mut house = House::away(0);
    house.set_cable(0, true);
    let before = house.world.moves();
    let rounds = 30;
    for _ in 0..rounds {
        house.passes(true, true);
        house.run(Duration::from_secs(20));
        house.passes(false, true);
        house.run(Duration::from_secs(3));
    }
    for (before, after) in before.into_iter().zip(house.world.moves()) {
        let moves = after - before;
        assert!((4..=rounds).contains(&moves), "{moves}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Passes(bool, bool),
    Cable(usize, bool),
}

fn step() -> impl Strategy<Value = (Step, u64)> {
    let step = prop_oneof![
        (any::<bool>(), any::<bool>()).prop_map(|(a, b)| Step::Passes(a, b)),
        (0usize..2, any::<bool>()).prop_map(|(a, b)| Step::Cable(a, b)),
    ];
    (step, 0u64..12_000)
}

/// By then both are on a path that is there.
const LATE: Duration = Duration::from_secs(5);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_the_network_does_moves_are_few_and_both_end_on_the_cable(
        steps in prop::collection::vec(step(), 0..12),
    ) {
        let mut house = House::new();
        let most = 4 * (steps.len() + 1);
        let mut lost = Duration::ZERO;
        for (step, then) in steps {
            let then = millis(then);
            // What is lost for longer is for the call above.
            if lost + then + LATE >= LONGEST_SEARCH {
                house.passes(true, true);
                house.run(LATE);
                lost = Duration::ZERO;
            }
            match step {
                Step::Passes(by_cable, by_routers) => house.passes(by_cable, by_routers),
                Step::Cable(side, is_in) => house.set_cable(side, is_in),
            }
            house.run(then);
            lost = match house.world.hear_each_other() {
                [true, true] => Duration::ZERO,
                _ => lost + then,
            };
        }
        house.passes(true, true);
        house.set_cable(0, false);
        house.set_cable(1, false);
        house.run(LATE);
        prop_assert_eq!(house.world.hear_each_other(), [true; 2]);
        house.set_cable(0, true);
        house.set_cable(1, true);
        house.run(LONGEST_STEADY + Duration::from_secs(5));
        prop_assert_eq!(house.world.pairs(), CABLE);
        prop_assert_eq!(house.world.hear_each_other(), [true; 2]);
        let moves = house.world.moves();
        prop_assert!(moves.iter().all(|it| *it <= most + 4), "{moves:?}");
        house.run(Duration::from_secs(30));
        prop_assert_eq!(house.world.moves(), moves, "and stay there");
    }
}
