//! Every run of two phones that few enough things disturb.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout, dead_code, clippy::single_element_loop, reason = "draft")]

mod checker;
mod fingerprint;
mod network;
mod session;
mod settle;
mod station;
mod step;
mod world;

use checker::Search;
use station::{Press, Who};
use step::{Deviation, Orders, Step};
use world::World;

const ALL: &[Deviation] = &[
    Deviation::Presses,
    Deviation::Courier,
    Deviation::Path,
    Deviation::Links,
    Deviation::Lives,
    Deviation::Failures,
];

fn report(search: &Search) {
    let start = std::time::Instant::now();
    let figures = search.run();
    println!("{}: {figures:?} {:?}", search.name, start.elapsed());
}

fn orders() -> Orders { if std::env::var_os("FULL").is_some() { Orders::All } else { Orders::AliceFirst } }

fn depth(n: usize) -> usize {
    std::env::var("DEPTH").ok().map_or(n, |it| it.parse().unwrap())
}

#[test]
fn from_idle() {
    report(&Search { name: "idle", start: World::new(), allowed: ALL, orders: orders(), deviations: depth(2) });
}

#[test]
fn from_a_call() {
    report(&Search { name: "call", start: in_a_call(), allowed: ALL, orders: orders(), deviations: depth(1) });
}

#[test]
fn kinds() {
    for one in [&[Deviation::Presses][..], &[Deviation::Courier], &[Deviation::Path], &[Deviation::Links], &[Deviation::Lives], &[Deviation::Failures], &[Deviation::Mutes]] {
        println!("{one:?}");
        report(&Search { name: "call", start: in_a_call(), allowed: one, orders: orders(), deviations: depth(1) });
    }
}

fn in_a_call() -> World {
    let mut world = World::new();
    let call = world.ids.fresh()[0];
    world = world.after(Step::Press(Who::Alice, Press::Dial(call)));
    world = calm(world);
    world = world.after(Step::Press(Who::Bob, Press::Accept));
    world = calm(world);
    assert!(world.talks(Who::Alice).is_some() && world.talks(Who::Bob).is_some());
    world
}

fn calm(mut world: World) -> World {
    while !world.is_quiet() {
        world = world.after(world.quiet_steps(Orders::AliceFirst)[0]);
    }
    world
}
