//! One device role: what is wanted of it, what is true, and the next step between them.
//!
//! Pure bookkeeping: the control task opens and closes on blocking threads and reports back. A
//! device is never opened before the last one of its role is closed, for cameras are exclusive.

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};

use crate::view::{DeviceNow, DeviceProblem, DeviceView};

/// One role.
#[derive(Debug)]
pub(crate) struct DeviceSlot {
    wanted: bool,
    chosen: Option<DeviceId>,
    state: State,
    /// Counts openings, so that news of an earlier one is recognised.
    turn: u64,
    available: Vec<DeviceInfo>,
}

/// `Off → Opening → On → Closing → Off`; `Opening` and `On` may end in `Failed`, which is left
/// when the wish, the choice or the list of devices changes.
#[derive(Debug)]
enum State {
    Off,
    Opening {
        /// It failed before its opening was reported.
        lost: Option<DeviceError>,
        /// How long it has taken so far.
        beats: u32,
    },
    On(Box<dyn DeviceStream>),
    Closing {
        /// Why, when it is a failure.
        failure: Option<Failure>,
    },
    Failed(Failure),
}

/// What the user reads of a device that does not work.
#[derive(Clone, Debug)]
struct Failure {
    problem: DeviceProblem,
    name: String,
}

/// What the control task has to do next for a role.
#[derive(Debug)]
#[must_use]
pub(crate) enum Step {
    /// Nothing.
    Nothing,
    /// Open a device and report with this turn.
    Open {
        /// Goes back with the report.
        turn: u64,
        /// Which device; `None` for the default.
        id: Option<DeviceId>,
    },
    /// Drop this on a blocking thread and report.
    Close(Box<dyn DeviceStream>),
}

impl DeviceSlot {
    /// A role with the user's choice, at rest.
    pub(crate) fn new(chosen: Option<DeviceId>) -> Self {
        Self {
            wanted: false,
            chosen,
            state: State::Off,
            turn: 0,
            available: Vec::new(),
        }
    }

    /// Whether the device shall run.
    pub(crate) fn want(&mut self, wanted: bool) -> Step {
        if wanted && !self.wanted {
            self.forget_failure();
        }
        self.wanted = wanted;
        self.reconcile()
    }

    /// A device that failed gets another chance.
    pub(crate) fn try_again(&mut self) -> Step {
        self.forget_failure();
        self.reconcile()
    }

    /// Which device shall be used from now on.
    pub(crate) fn choose(&mut self, chosen: Option<DeviceId>) -> Step {
        if self.chosen == chosen {
            return Step::Nothing;
        }
        self.chosen = chosen;
        self.forget_failure();
        if matches!(self.state, State::On(_)) {
            self.close()
        } else {
            self.restart_opening()
        }
    }

    /// What there is to choose from. A new list is a new chance for a failed device, and the loss
    /// of the device at work is for the device itself to tell.
    pub(crate) fn list(&mut self, available: Vec<DeviceInfo>) -> Step {
        if self.available == available {
            return Step::Nothing;
        }
        self.available = available;
        self.forget_failure();
        self.reconcile()
    }

    /// A device was opened, or not.
    pub(crate) fn opened(
        &mut self,
        turn: u64,
        result: Result<Box<dyn DeviceStream>, DeviceError>,
    ) -> Step {
        let State::Opening { lost, .. } = &mut self.state else {
            return result.map_or(Step::Nothing, Step::Close);
        };
        let (lost, stale) = (lost.take(), turn != self.turn || !self.wanted);
        match (result, lost) {
            (Ok(stream), None) if !stale => {
                self.state = State::On(stream);
                Step::Nothing
            }
            (Ok(stream), lost) => {
                let failure = lost.filter(|_| !stale).map(|error| self.failure(&error));
                self.state = State::Closing { failure };
                Step::Close(stream)
            }
            (Err(_), _) if stale => {
                self.state = State::Off;
                self.reconcile()
            }
            (Err(error), _) => {
                self.state = State::Failed(self.failure(&error));
                Step::Nothing
            }
        }
    }

    /// A closed device is gone for good.
    pub(crate) fn closed(&mut self) -> Step {
        if let State::Closing { failure } = &mut self.state {
            self.state = failure.take().map_or(State::Off, State::Failed);
        }
        self.reconcile()
    }

    /// The device at work failed.
    pub(crate) fn failed(&mut self, turn: u64, error: &DeviceError) -> Step {
        if turn != self.turn {
            return Step::Nothing;
        }
        let failure = Some(self.failure(error));
        match std::mem::replace(&mut self.state, State::Closing { failure }) {
            State::On(stream) => return Step::Close(stream),
            State::Opening { beats, .. } => {
                let lost = Some(error.clone());
                self.state = State::Opening { lost, beats };
            }
            other @ (State::Off | State::Closing { .. } | State::Failed(_)) => self.state = other,
        }
        Step::Nothing
    }

    /// A beat of the control task has passed. A system that does not answer for too long has
    /// failed; what it answers later is closed again.
    pub(crate) fn beat(&mut self) {
        let State::Opening { beats, .. } = &mut self.state else {
            return;
        };
        *beats += 1;
        if *beats >= PATIENCE {
            let error = DeviceError::Failed("no answer".to_owned());
            self.state = State::Failed(self.failure(&error));
        }
    }

    /// Whether the device runs.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self.state, State::On(_))
    }

    /// Whether a device is on its way to run.
    pub(crate) fn is_opening(&self) -> bool {
        let under_way = matches!(
            self.state,
            State::Opening { .. } | State::Closing { failure: None }
        );
        self.wanted && under_way
    }

    /// Whether nothing of the device is held.
    pub(crate) fn is_released(&self) -> bool {
        matches!(self.state, State::Off | State::Failed(_))
    }

    /// What the UI shows.
    pub(crate) fn view(&self) -> DeviceView {
        DeviceView {
            available: self.available.clone(),
            chosen: self.chosen.clone(),
            now: match &self.state {
                State::On(stream) => {
                    let info = stream.info();
                    DeviceNow::On {
                        name: info.name.clone(),
                        kind: info.kind,
                    }
                }
                State::Failed(failure)
                | State::Closing {
                    failure: Some(failure),
                } => DeviceNow::Failed {
                    problem: failure.problem,
                    name: failure.name.clone(),
                },
                State::Off | State::Opening { .. } | State::Closing { failure: None } => {
                    DeviceNow::Off
                }
            },
        }
    }

    fn reconcile(&mut self) -> Step {
        match (&self.state, self.wanted) {
            (State::Off, true) => self.open(),
            (State::On(_), false) => self.close(),
            (State::Failed(_), false) => {
                self.state = State::Off;
                Step::Nothing
            }
            (State::Off, false)
            | (State::On(_) | State::Failed(_), true)
            | (State::Opening { .. } | State::Closing { .. }, _) => Step::Nothing,
        }
    }

    fn open(&mut self) -> Step {
        self.turn += 1;
        self.state = State::Opening {
            lost: None,
            beats: 0,
        };
        Step::Open {
            turn: self.turn,
            id: self.chosen.clone(),
        }
    }

    fn close(&mut self) -> Step {
        match std::mem::replace(&mut self.state, State::Closing { failure: None }) {
            State::On(stream) => Step::Close(stream),
            other => {
                self.state = other;
                Step::Nothing
            }
        }
    }

    /// An opening under way answers a wish that no longer holds: its result will be stale.
    fn restart_opening(&mut self) -> Step {
        if let State::Opening { lost, .. } = &mut self.state {
            *lost = None;
            self.turn += 1;
        }
        self.reconcile()
    }

    fn forget_failure(&mut self) {
        match &mut self.state {
            State::Failed(_) => self.state = State::Off,
            State::Closing { failure } => *failure = None,
            State::Off | State::Opening { .. } | State::On(_) => {}
        }
    }

    fn failure(&self, error: &DeviceError) -> Failure {
        tracing::warn!(%error, "a device does not work");
        let name = self
            .chosen
            .as_ref()
            .and_then(|id| self.available.iter().find(|it| it.id == *id))
            .or_else(|| self.available.iter().find(|it| it.kind == DeviceKind::Real))
            .map(|it| it.name.clone())
            .unwrap_or_default();
        Failure {
            problem: problem_of(error),
            name,
        }
    }
}

fn problem_of(error: &DeviceError) -> DeviceProblem {
    match error {
        DeviceError::NotFound(_) => DeviceProblem::Missing,
        DeviceError::Busy(_) => DeviceProblem::Busy,
        DeviceError::Refused(_) => DeviceProblem::Refused,
        DeviceError::Lost(_) => DeviceProblem::Lost,
        DeviceError::Format(_) | DeviceError::File { .. } | DeviceError::Failed(_) => {
            DeviceProblem::Unusable
        }
    }
}

/// Beats of the control task, a tenth of a second each, for which an opening may take: longer than
/// the limits that the devices keep themselves.
const PATIENCE: u32 = 80;

#[cfg(test)]
mod tests;
