//! Whether two phones come to agree once nothing goes astray any more.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use call::view::CallView;

use crate::station::Life;
use crate::step::{Orders, Step};
use crate::who::Who;
use crate::world::World;

/// Follows worlds to their end, and remembers which ones end well.
#[derive(Debug, Default)]
pub(crate) struct Settler {
    good: HashMap<u64, Outcome>,
    /// How many steps were taken.
    pub(crate) steps: usize,
    /// The longest time that it took two phones to agree.
    pub(crate) longest: Duration,
}

/// How a world ends when nothing goes astray any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How long it takes until both agree for good.
    pub(crate) after: Duration,
    /// Whether they are in a call then.
    pub(crate) talking: bool,
}

/// The steps to a world that goes round and round, or stands still, and does not agree.
#[derive(Debug)]
pub(crate) struct Disagreement {
    pub(crate) steps: Vec<Step>,
    pub(crate) why: String,
}

impl Settler {
    /// Lets things take their course until they repeat themselves.
    ///
    /// # Errors
    /// When the phones do not agree then.
    pub(crate) fn settle(&mut self, start: &World) -> Result<Outcome, Disagreement> {
        let mut path: Vec<(u64, World, Step)> = Vec::new();
        let mut seen = HashSet::new();
        let mut world = start.clone();
        let rest = loop {
            let print = world.fingerprint();
            if let Some(rest) = self.good.get(&print) {
                break *rest;
            }
            let step = world.next_step();
            let (Some(step), true) = (step, seen.insert(print)) else {
                let first = path.iter().position(|(it, ..)| *it == print);
                let cycle = path.iter().skip(first.unwrap_or(path.len()));
                let mut circle = cycle.map(|(_, world, _)| world).chain([&world]);
                let why = circle.find_map(disagreement);
                drop(circle);
                if let Some(why) = why {
                    let steps = path.into_iter().map(|(.., step)| step).collect();
                    return Err(Disagreement { steps, why });
                }
                let outcome = Outcome {
                    after: Duration::ZERO,
                    talking: world.talks(Who::Alice).is_some(),
                };
                self.good.insert(print, outcome);
                break outcome;
            };
            self.steps += 1;
            let next = world.try_after(step);
            path.push((print, world, step));
            let Some(next) = next else {
                let steps = path.into_iter().map(|(.., step)| step).collect();
                let why = "a rule that holds at every step is broken".to_owned();
                return Err(Disagreement { steps, why });
            };
            world = next;
        };
        let end = world.now + rest.after;
        for (print, before, _) in path {
            let after = end.since(before.now);
            self.good.entry(print).or_insert(Outcome { after, ..rest });
        }
        let after = end.since(start.now);
        self.longest = self.longest.max(after);
        Ok(Outcome { after, ..rest })
    }
}

impl World {
    /// What happens next when nothing goes astray: what was held back arrives first.
    fn next_step(&self) -> Option<Step> {
        let held = self.arriving().find(|(_, item)| item.held);
        let held = held.map(|(place, _)| Step::Arrive(place));
        held.or_else(|| self.quiet_steps(Orders::AliceFirst).first().copied())
    }

    /// The same world after everything has come back.
    pub(crate) fn repaired(&self) -> (Self, Vec<Step>) {
        let mut world = self.clone();
        let mut steps = Vec::new();
        while let Some(step) = world.repairs(Orders::All).first() {
            world = world.after(*step);
            steps.push(*step);
        }
        (world, steps)
    }
}

/// Why two phones do not agree for good: both are to be in no call, or in one and the same.
fn disagreement(world: &World) -> Option<String> {
    let is_out = |who: &Who| {
        let station = world.at(*who);
        let is_over = matches!(world.view(*who), CallView::Idle | CallView::Ended { .. });
        station.life != Life::Awake || (is_over && station.ends.is_empty())
    };
    if Who::ALL.iter().all(is_out) {
        return None;
    }
    let flows = |who: Who| {
        let station = world.at(who);
        let [end] = station.ends[..] else {
            return None;
        };
        end.flows().then_some((world.talks(who)?, end.id))
    };
    let (alice, bob) = (flows(Who::Alice), flows(Who::Bob));
    if alice.is_none() || alice != bob {
        return Some("one waits for ever".to_owned());
    }
    Who::ALL.into_iter().find_map(|who| {
        let (shown, told) = (world.view(who), world.view(who.other()));
        let (CallView::Active { remote, .. }, CallView::Active { local, .. }) = (shown, told)
        else {
            return None;
        };
        (remote != local).then(|| format!("{who:?} sees {remote:?}, which is {local:?}"))
    })
}
