//! The search: every world that at most so many deviations lead to, those with fewer first.
//!
//! A step that happens by itself, or brings something back, costs nothing; one that goes astray is
//! a deviation. So each layer holds the worlds of one more deviation, and the first run found that
//! breaks a rule has the fewest of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::time::{Duration, Instant};

use crate::settle::{Disagreement, Settler};
use crate::station::short;
use crate::step::{Deviation, Orders, Step};
use crate::who::Who;
use crate::world::World;

/// What is searched.
#[derive(Debug)]
pub(crate) struct Search {
    /// For the report.
    pub(crate) name: &'static str,
    pub(crate) start: World,
    /// What may go astray, and how often altogether.
    pub(crate) allowed: &'static [Deviation],
    pub(crate) deviations: usize,
    pub(crate) orders: Orders,
    pub(crate) goal: Goal,
}

/// Where all runs have to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Both in no call, or in the same.
    Agreement,
    /// In the same call.
    Talk,
}

/// How much was searched, and within what bounds.
#[derive(Debug)]
pub(crate) struct Figures<'a> {
    search: &'a Search,
    /// Worlds that differ by more than the time of day.
    states: usize,
    /// Steps taken from them.
    transitions: usize,
    /// Steps taken to see how they end.
    settling: usize,
    /// The longest time until both agreed.
    longest: Duration,
    took: Duration,
}

/// How each world was found first.
struct Run<'a> {
    search: &'a Search,
    seen: HashMap<u64, Option<(u64, Step)>>,
    settler: Settler,
    transitions: usize,
}

impl Search {
    /// Searches everything.
    ///
    /// # Panics
    /// When a rule is broken, with the steps that lead there.
    pub(crate) fn run(&self) -> Figures<'_> {
        let began = now();
        let mut run = Run {
            search: self,
            seen: HashMap::new(),
            settler: Settler::default(),
            transitions: 0,
        };
        run.seen.insert(self.start.fingerprint(), None);
        let mut layer = Vec::new();
        run.spread(vec![self.start.clone()], |world| layer.push(world));
        for spent in 1..=self.deviations {
            let mut next = Vec::new();
            for world in layer {
                let steps = world.deviations(self.allowed);
                let fresh = run.explore(&world, &steps);
                run.spread(fresh, |world| {
                    // The worlds of the last layer are not needed any more.
                    if spent < self.deviations {
                        next.push(world);
                    }
                });
            }
            layer = next;
        }
        Figures {
            search: self,
            states: run.seen.len(),
            transitions: run.transitions,
            settling: run.settler.steps,
            longest: run.settler.longest,
            took: now().duration_since(began),
        }
    }
}

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let search = self.search;
        write!(
            f,
            "{}: {} of {:?}, {:?}: {} states, {} transitions and {} to settle, within {:?}; {:.1?}",
            search.name,
            search.deviations,
            search.allowed,
            search.orders,
            self.states,
            self.transitions,
            self.settling,
            self.longest,
            self.took
        )
    }
}

/// The time of day, for the figures alone.
#[expect(clippy::disallowed_methods, reason = "tells how long the search took")]
fn now() -> Instant {
    Instant::now()
}

impl Run<'_> {
    /// Visits all that these worlds lead to by themselves, they included.
    fn spread(&mut self, mut waiting: Vec<World>, mut visit: impl FnMut(World)) {
        while let Some(world) = waiting.pop() {
            self.settle(&world);
            let mut steps = world.quiet_steps(self.search.orders);
            steps.extend(world.repairs(self.search.orders));
            waiting.extend(self.explore(&world, &steps));
            visit(world);
        }
    }

    /// The worlds after these steps that were not seen before.
    fn explore(&mut self, world: &World, steps: &[Step]) -> Vec<World> {
        let before = world.fingerprint();
        let mut fresh = Vec::new();
        for step in steps {
            self.transitions += 1;
            let Some(next) = world.try_after(*step) else {
                let mut trace = self.trace(before);
                trace.push(*step);
                self.fail(&trace, "a rule that holds at every step is broken");
            };
            if let Entry::Vacant(entry) = self.seen.entry(next.fingerprint()) {
                entry.insert(Some((before, *step)));
                fresh.push(next);
            }
        }
        fresh
    }

    /// Both must agree in the end, whether all stays broken that is broken now or comes back.
    fn settle(&mut self, world: &World) {
        let print = world.fingerprint();
        let (repaired, repairs) = world.repaired();
        let is_whole = repairs.is_empty();
        let all = [(world, Vec::new()), (&repaired, repairs)];
        for (world, first) in all.into_iter().take(if is_whole { 1 } else { 2 }) {
            let (steps, why) = match (self.settler.settle(world), self.search.goal) {
                (Err(Disagreement { steps, why }), _) => (steps, why),
                (Ok(outcome), Goal::Talk) if !outcome.talking => {
                    (Vec::new(), "no call comes of it".to_owned())
                }
                (Ok(_), Goal::Agreement | Goal::Talk) => continue,
            };
            let mut trace = self.trace(print);
            trace.extend(first.into_iter().chain(steps));
            self.fail(&trace, &why);
        }
    }

    /// The steps from the start to a world.
    fn trace(&self, world: u64) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = world;
        while let Some(Some((before, step))) = self.seen.get(&at) {
            steps.push(*step);
            at = *before;
        }
        steps.reverse();
        steps
    }

    fn fail(&self, trace: &[Step], why: &str) -> ! {
        let mut world = self.search.start.clone();
        let start = world.now;
        println!("{}:", self.search.name);
        for step in trace {
            let what = world.describe(*step);
            let Some(next) = world.try_after(*step) else {
                println!("{:>12} {what}", "");
                break;
            };
            world = next;
            let [alice, bob] = Who::ALL.map(|who| {
                let view = world.view(who);
                short(&view, world.at(who).phone.call())
            });
            let at = world.now.since(start).as_secs_f32();
            println!("{at:>8.3} s  {what:<60} {alice:<24} {bob}");
        }
        panic!("{}: {why}", self.search.name);
    }
}

impl World {
    /// What a step does here.
    fn describe(&self, step: Step) -> String {
        match step {
            Step::Arrive(place) => format!("{:?}", self.network.at(place)),
            Step::Lose(place) => format!("lose {:?}", self.network.at(place)),
            Step::Hold(place) => format!("hold {:?}", self.network.at(place)),
            Step::Repeat(place) => format!("repeat {:?}", self.network.at(place)),
            Step::Act(who) => {
                let timer = self.at(who).phone.poll_timeout().map(|(_, timer)| timer);
                format!("Act({who:?}), next timer {timer:?}")
            }
            step => format!("{step:?}"),
        }
    }
}
