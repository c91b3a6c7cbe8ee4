//! Every run of two phones that few enough things disturb: never a panic, in the end both in no
//! call or both in the same, no session without a call, no ringing after an end.
//!
//! The real `Phone`, twice, with a relay, sessions and users around it that may do anything: lose,
//! repeat and hold back (and so reorder) what is on its way; press every button at every moment;
//! cut the path, either link or the whole relay, and mend them; let machines sleep and programs
//! crash and start again; let sessions fail. Each of these is a *deviation*. What needs no
//! deviation, which is deliveries and deadlines in any order in which they can be due, and the
//! return of what broke, is searched at no cost. So a bound is one number, and within it the
//! search is complete:
//!
//! - at every step, `station` checks what a driver relies on;
//! - from every state, `settle` lets things take their course, once with everything mended and
//!   once with all that is broken staying broken, until they repeat themselves, and the two must
//!   agree then.
//!
//! A checker of our own, and not `stateright`: its `eventually` holds on paths without cycles only,
//! and the state that matters here, a call that goes on, is a cycle; it counts depth in steps,
//! not in deviations; and it brings an HTTP server. What is needed of it is the loop in `checker`.
//!
//! `TINCAN_LONG` searches one deviation further, and all orders within an instant.

#![expect(
    clippy::print_stdout,
    reason = "figures and runs are what a search is for"
)]

mod checker;
mod fingerprint;
mod network;
mod session;
mod settle;
mod station;
mod step;
mod world;

use std::time::Duration;

use checker::{Goal, Search};
use station::{Press, Who};
use step::{Deviation, Orders, Step};
use world::World;

const EVERYTHING: &[Deviation] = &[
    Deviation::Presses,
    Deviation::Mutes,
    Deviation::Courier,
    Deviation::Path,
    Deviation::Roaming,
    Deviation::Links,
    Deviation::Lives,
    Deviation::Failures,
];

/// All but what keeps a call in an outage for long, which has many more states.
const PROMPT: &[Deviation] = &[
    Deviation::Presses,
    Deviation::Mutes,
    Deviation::Courier,
    Deviation::Links,
    Deviation::Failures,
];

#[test]
fn two_idle_phones_agree_whatever_happens() {
    search("from idle", World::new(), EVERYTHING, 2);
    search("from idle, users", World::new(), &[Deviation::Presses], 4);
}

#[test]
fn two_phones_in_a_call_agree_whatever_happens() {
    search("in a call", World::in_a_call(), EVERYTHING, 1);
    search("in a call, no outage", World::in_a_call(), PROMPT, 2);
}

#[test]
fn while_it_rings_two_phones_agree_whatever_happens() {
    search("while it rings", World::ringing(), EVERYTHING, 2);
}

#[test]
fn of_two_calls_that_cross_one_is_answered_whatever_the_courier_does() {
    for higher in Who::ALL {
        let start = World::crossing(higher);
        let courier = &[Deviation::Courier];
        run("two calls that cross", start, courier, 3, Goal::Talk);
    }
}

fn search(name: &'static str, start: World, allowed: &'static [Deviation], deviations: usize) {
    run(name, start, allowed, deviations, Goal::Agreement);
}

fn run(
    name: &'static str,
    start: World,
    allowed: &'static [Deviation],
    deviations: usize,
    goal: Goal,
) {
    let mut search = Search {
        name,
        start,
        allowed,
        deviations,
        orders: Orders::AliceFirst,
        goal,
    };
    println!("{}", search.run());
    if std::env::var_os("TINCAN_LONG").is_some() {
        search.orders = Orders::All;
        println!("{}", search.run());
        search.orders = Orders::AliceFirst;
        search.deviations += 1;
        println!("{}", search.run());
    }
}

impl World {
    /// Alice calls Bob, and it rings.
    fn ringing() -> Self {
        let world = Self::new();
        let call = world.ids.fresh()[0];
        world
            .after(Step::Press(Who::Alice, Press::Dial(call)))
            .calm()
    }

    /// In a call for long enough that its age makes no difference any more.
    fn in_a_call() -> Self {
        let mut world = Self::ringing().after(Step::Press(Who::Bob, Press::Accept));
        let later = world.now + Duration::from_secs(10);
        while world.now < later {
            world = world.after(world.quiet_steps(Orders::AliceFirst)[0]);
        }
        assert!(world.talks(Who::Alice).is_some() && world.talks(Who::Bob).is_some());
        world.calm()
    }

    /// Both call each other; the call of `higher` has the higher id.
    fn crossing(higher: Who) -> Self {
        let world = Self::new();
        let call = world.ids.fresh()[0];
        let world = world.after(Step::Press(higher.other(), Press::Dial(call)));
        let call = world.ids.fresh()[0];
        world.after(Step::Press(higher, Press::Dial(call)))
    }

    /// What is on its way has arrived.
    fn calm(mut self) -> Self {
        while !self.is_quiet() {
            self = self.after(self.quiet_steps(Orders::AliceFirst)[0]);
        }
        self
    }
}
