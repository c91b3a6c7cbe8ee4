//! Every run of two phones that few enough things disturb: never a panic, in the end both in no
//! call or both in the same, no session without a call, no ringing after an end.
//!
//! The real `Phone`, twice, with a relay, sessions and users around it that may do anything: lose,
//! repeat and hold back (and so reorder) what is on its way; press every button at every moment;
//! cut the path, either link or the whole relay, and mend them; let machines sleep and programs
//! crash and start again; let sessions fail. Each of these is a *deviation*. What needs no
//! deviation, which is deliveries and deadlines in any order in which they can be due, and the
//! return of what broke, is searched at no cost. So a bound is one number. Within it every
//! state is visited, except for what `fingerprint` takes for the same and for what
//! [`Orders::AliceFirst`] leaves out:
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
//! `TINCAN_LONG` searches further, and all orders of what happens at one instant.

#![expect(
    clippy::print_stdout,
    reason = "figures and runs are what a search is for"
)]

mod checker;
mod fingerprint;
mod network;
mod offer;
mod session;
mod settle;
mod station;
mod step;
mod who;
mod world;

use std::time::Duration;

use checker::{Goal, Search};
use station::Press;
use step::{Deviation, Orders, Step};
use who::Who;
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

/// All but what a call may be in for most of a minute, which makes many more states.
const UNBROKEN: &[Deviation] = &[
    Deviation::Presses,
    Deviation::Mutes,
    Deviation::Courier,
    Deviation::Roaming,
    Deviation::Failures,
];

/// How many deviations are searched.
#[derive(Clone, Copy, Debug)]
struct Bound {
    usual: usize,
    /// With `TINCAN_LONG`.
    long: usize,
}

#[test]
fn two_idle_phones_agree_whatever_happens() {
    search(
        "idle",
        World::new(),
        EVERYTHING,
        Bound { usual: 2, long: 3 },
    );
    let presses = &[Deviation::Presses];
    search("idle", World::new(), presses, Bound { usual: 4, long: 5 });
}

#[test]
fn while_it_rings_two_phones_agree_whatever_happens() {
    let bound = Bound { usual: 1, long: 2 };
    search("ringing", World::ringing(), EVERYTHING, bound);
    let bound = Bound { usual: 2, long: 2 };
    search("ringing", World::ringing(), UNBROKEN, bound);
}

#[test]
fn in_a_call_two_phones_agree_whatever_happens() {
    let bound = Bound { usual: 1, long: 2 };
    search("in a call", World::in_a_call(), EVERYTHING, bound);
    let bound = Bound { usual: 2, long: 2 };
    search("in a call", World::in_a_call(), UNBROKEN, bound);
}

#[test]
fn after_a_lost_call_two_phones_agree_whatever_happens() {
    let bound = Bound { usual: 1, long: 2 };
    search("lost call", World::lost(), EVERYTHING, bound);
    let bound = Bound { usual: 2, long: 2 };
    search("lost call", World::lost(), UNBROKEN, bound);
}

#[test]
fn of_two_calls_that_cross_one_is_answered_whatever_the_courier_does() {
    for higher in Who::ALL {
        talk("crossing calls", World::crossing(higher));
    }
}

#[test]
fn two_who_want_a_lost_call_back_talk_whatever_the_courier_does() {
    talk("resumed call", World::resumed());
}

fn search(name: &'static str, start: World, allowed: &'static [Deviation], bound: Bound) {
    run(name, start, allowed, bound, Goal::Agreement);
}

fn talk(name: &'static str, start: World) {
    let bound = Bound { usual: 2, long: 3 };
    run(name, start, &[Deviation::Courier], bound, Goal::Talk);
}

fn run(name: &'static str, start: World, allowed: &'static [Deviation], bound: Bound, goal: Goal) {
    let mut search = Search {
        name,
        start,
        allowed,
        deviations: bound.usual,
        orders: Orders::AliceFirst,
        goal,
    };
    println!("{}", search.run());
    if std::env::var_os("TINCAN_LONG").is_some() {
        search.orders = Orders::All;
        println!("{}", search.run());
        search.orders = Orders::AliceFirst;
        search.deviations = bound.long;
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

    /// Alice had called, the path was lost for too long, and is back.
    fn lost() -> Self {
        let mut world = Self::in_a_call().after(Step::CutPath);
        while Who::ALL.into_iter().any(|who| world.view(who).is_busy()) {
            world = world.after(world.quiet_steps(Orders::AliceFirst)[0]);
        }
        world.after(Step::MendPath).calm()
    }

    /// Both have just said that they want the lost call back.
    fn resumed() -> Self {
        Who::ALL.into_iter().fold(Self::lost(), |world, who| {
            let call = world.ids.fresh()[0];
            world.after(Step::Press(who, Press::Resume(call)))
        })
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
