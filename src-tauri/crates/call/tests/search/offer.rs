//! Which steps a world offers.

use call::view::{CallView, Resume};

use crate::network::{Cargo, Way};
use crate::session::End;
use crate::station::{Life, Press};
use crate::step::{Deviation, Orders, Step};
use crate::who::Who;
use crate::world::{Ids, World};

impl World {
    /// What happens by itself. Time passes when nothing else is left that happens at once.
    pub(crate) fn quiet_steps(&self, orders: Orders) -> Vec<Step> {
        let deadlines = Who::ALL.map(|who| self.at(who).deadline());
        let next = deadlines.into_iter().flatten().min();
        let is_quiet = self.is_quiet();
        let mut steps = Vec::new();
        for (who, deadline) in Who::ALL.into_iter().zip(deadlines) {
            let arriving = self
                .arriving()
                .filter(|(_, item)| item.to == who && !item.held);
            steps.extend(arriving.map(|(place, _)| Step::Arrive(place)));
            let is_due = deadline.is_some_and(|at| at <= self.now);
            let is_next = is_quiet && deadline.is_some() && deadline == next;
            if is_due || is_next {
                steps.push(Step::Act(who));
            }
            if orders == Orders::AliceFirst && !steps.is_empty() {
                break;
            }
        }
        let held = self.arriving().filter(|(_, item)| item.held);
        steps.extend(held.map(|(place, _)| Step::Arrive(place)));
        steps
    }

    /// What brings back what is broken.
    pub(crate) fn repairs(&self, orders: Orders) -> Vec<Step> {
        let mut steps = Vec::new();
        if orders == Orders::AliceFirst && !self.is_quiet() {
            return steps;
        }
        if !self.path {
            steps.push(Step::MendPath);
        }
        for who in Who::ALL {
            let station = self.at(who);
            match station.life {
                Life::Dead => steps.push(Step::Start(who)),
                Life::Asleep => steps.push(Step::Wake(who)),
                Life::Awake => {}
            }
            if !station.online && station.life != Life::Dead {
                steps.push(Step::Link(who, true));
            }
        }
        steps
    }

    /// What may go astray now.
    pub(crate) fn deviations(&self, allowed: &[Deviation]) -> Vec<Step> {
        let steps = |deviation: &Deviation| match deviation {
            Deviation::Presses => self.presses(),
            Deviation::Mutes => self.of_each(|who| vec![Step::Press(who, Press::Mute)]),
            Deviation::Courier => self.mishaps(),
            Deviation::Path => self.path.then_some(Step::CutPath).into_iter().collect(),
            Deviation::Roaming => self.roaming(),
            Deviation::Links => self.broken_links(),
            Deviation::Lives => self.of_each(|who| vec![Step::Sleep(who), Step::Crash(who)]),
            Deviation::Failures => self.of_each(|who| self.failures(who)),
        };
        allowed.iter().flat_map(steps).collect()
    }

    /// A step by each phone that runs.
    fn of_each(&self, steps: impl Fn(Who) -> Vec<Step>) -> Vec<Step> {
        let awake = |who: &Who| self.at(*who).life == Life::Awake;
        Who::ALL.into_iter().filter(awake).flat_map(steps).collect()
    }

    fn presses(&self) -> Vec<Step> {
        self.of_each(|who| {
            let mut presses = vec![Press::Accept, Press::Decline, Press::End, Press::Dismiss];
            // Both are alike before the first call, so it is enough that one of them makes it.
            if self.ids != Ids::Unused || who == Who::Alice {
                let ids = self.ids.fresh();
                presses.extend(ids.iter().map(|id| Press::Dial(*id)));
                presses.extend(ids.iter().map(|id| Press::Resume(*id)));
            }
            let view = self.view(who);
            presses.retain(|press| press.does_something(&view));
            presses.into_iter().map(|it| Step::Press(who, it)).collect()
        })
    }

    fn mishaps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (place, item) in self.arriving().filter(|(_, item)| !item.held) {
            match (item.way, &item.cargo) {
                (Way::Relay, Cargo::Message(_)) => {
                    steps.extend([Step::Lose(place), Step::Hold(place), Step::Repeat(place)]);
                }
                (Way::Relay | Way::Channel(_), _) => {
                    steps.extend([Step::Lose(place), Step::Hold(place)]);
                }
                (Way::Local(_), _) => {}
            }
        }
        if self.network.relays_several() {
            steps.push(Step::LoseRelayed);
        }
        steps
    }

    fn broken_links(&self) -> Vec<Step> {
        let online = |who: Who| self.at(who).online;
        let mut steps = self.of_each(|who| {
            let cut = online(who).then_some(Step::Link(who, false));
            cut.into_iter().collect()
        });
        if Who::ALL.into_iter().all(online) {
            steps.push(Step::StopRelay);
        }
        steps
    }

    fn roaming(&self) -> Vec<Step> {
        let mut steps = self.of_each(|who| vec![Step::Roam(who)]);
        steps.push(Step::Strand);
        steps
    }

    fn failures(&self, who: Who) -> Vec<Step> {
        let open = self.at(who).ends.iter().filter(|end| end.can_fail());
        let fail = open.map(|End { id, .. }| Step::Fail(who, *id));
        let reports = self
            .arriving()
            .filter(|(_, item)| item.to == who && matches!(item.way, Way::Local(_)) && !item.held);
        let fail = fail.chain([Step::Break(who)]);
        fail.chain(reports.map(|(place, _)| Step::Hold(place)))
            .collect()
    }
}

impl Press {
    /// Whether a press may do anything in this state. A phone ignores all others.
    fn does_something(self, view: &CallView) -> bool {
        match self {
            Self::Dial(_) => !view.is_busy() || matches!(view, CallView::Incoming { .. }),
            Self::Accept | Self::Decline => matches!(view, CallView::Incoming { .. }),
            Self::End => view.is_busy() && !matches!(view, CallView::Incoming { .. }),
            Self::Dismiss => matches!(view, CallView::Ended { .. }),
            Self::Mute => matches!(view, CallView::Active { .. }),
            Self::Resume(_) => matches!(
                view,
                CallView::Ended {
                    resume: Resume::Offered | Resume::Wanted,
                    ..
                }
            ),
        }
    }
}
