//! One device role: what is wanted of it, what is true, and the next step between them.
//!
//! Pure bookkeeping: the control task opens and closes on blocking threads and reports back. A
//! device is never opened before the last one of its role is closed, for cameras are exclusive.

mod failure;
mod retry;

use std::time::{Duration, Instant};

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};

use self::failure::Failure;
use self::retry::Retry;
use crate::view::{DeviceNow, DeviceView};

/// One role.
#[derive(Debug)]
pub(crate) struct DeviceSlot {
    wanted: bool,
    chosen: Option<DeviceId>,
    state: State,
    /// Counts openings, so that news of an earlier one is recognised.
    turn: u64,
    available: Vec<DeviceInfo>,
    retry: Retry,
    /// How long an opening may take.
    patience: Duration,
}

/// ```text
///            want             opened
///     Off ─────────▶ Opening ─────────▶ On
///      ▲             │     │             │ unwanted, failed, another choice
///      │       error │     │ no answer   ▼
///      │             ▼     ▼           Closing
///      ├────────── Failed  Unanswered    │
///      │ another     ▲       │           │
///      │ chance      │       │ answer    │
///      └─────────────┴───────┴───────────┘
/// ```
///
/// Another chance is a changed wish, choice or list of devices, the user's asking, and in a call
/// the [`Retry`]'s pace.
#[derive(Debug)]
enum State {
    Off,
    Opening {
        /// It failed before its opening was reported.
        lost: Option<DeviceError>,
        /// Since when, as far as it was noticed.
        since: Option<Instant>,
        /// The failure that this attempt is to mend: shown until the attempt succeeds.
        mends: Option<Failure>,
    },
    /// An opening took too long and still goes on. It keeps the role, for a second one beside it
    /// could hold the device twice; what it opens in the end is closed.
    Unanswered {
        failure: Failure,
        /// The role got another chance meanwhile, to be taken once the answer came.
        try_again: bool,
    },
    On(Box<dyn DeviceStream>),
    Closing {
        /// Why, when it is a failure.
        failure: Option<Failure>,
    },
    Failed(Failure),
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
            retry: Retry::default(),
            patience: PATIENCE,
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
        self.patience = PATIENCE;
        self.forget_failure();
        if matches!(self.state, State::On(_)) {
            self.close()
        } else {
            self.outdate_opening();
            self.reconcile()
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
        let stale = turn != self.turn || !self.wanted;
        match std::mem::replace(&mut self.state, State::Off) {
            State::Opening { lost, mends, .. } => match (result, lost) {
                (Ok(stream), None) if !stale => {
                    self.state = State::On(stream);
                    self.patience = PATIENCE;
                    Step::Nothing
                }
                (Ok(stream), lost) => {
                    let failure = lost.filter(|_| !stale).map(|error| self.failure(&error));
                    self.state = State::Closing { failure };
                    Step::Close(stream)
                }
                (Err(_), _) if stale => self.reconcile(),
                (Err(error), _) => {
                    let failure = Failure::new(&error, self.chosen.as_ref(), &self.available);
                    if mends.is_some_and(|before| before.problem == failure.problem) {
                        tracing::debug!(%error, "a device still does not work");
                    } else {
                        tracing::warn!(%error, "a device does not work");
                    }
                    self.state = State::Failed(failure);
                    Step::Nothing
                }
            },
            State::Unanswered { failure, try_again } => {
                let failure = Some(failure).filter(|_| !stale && !try_again);
                match result {
                    Ok(stream) => {
                        self.state = State::Closing { failure };
                        Step::Close(stream)
                    }
                    Err(_) => {
                        self.state = failure.map_or(State::Off, State::Failed);
                        self.reconcile()
                    }
                }
            }
            other => {
                self.state = other;
                result.map_or(Step::Nothing, Step::Close)
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
        match &mut self.state {
            State::On(_) => {
                let failure = Some(self.failure(error));
                self.close_because(failure)
            }
            State::Opening { lost, .. } => {
                *lost = Some(error.clone());
                Step::Nothing
            }
            State::Off | State::Unanswered { .. } | State::Closing { .. } | State::Failed(_) => {
                Step::Nothing
            }
        }
    }

    /// The device at work fails, whichever it is.
    pub(crate) fn lose(&mut self, error: &DeviceError) -> Step {
        self.failed(self.turn, error)
    }

    /// Time passes, in a call or not; to be told several times a second. A system that does not
    /// answer for too long has failed; a device that failed in a call is tried again.
    pub(crate) fn pass(&mut self, now: Instant, in_call: bool) -> Step {
        match &mut self.state {
            State::Opening { since, .. } => {
                let since = *since.get_or_insert(now);
                if now.saturating_duration_since(since) >= self.patience {
                    self.give_up_waiting();
                }
            }
            State::On(_) => self.retry.works(now),
            State::Failed(failure) if in_call && self.wanted => {
                if self.retry.is_due(now) {
                    let mends = Some(failure.clone());
                    return self.open(mends);
                }
            }
            State::Off | State::Unanswered { .. } | State::Closing { .. } | State::Failed(_) => {}
        }
        Step::Nothing
    }

    /// Whether the device runs.
    pub(crate) fn is_on(&self) -> bool {
        matches!(self.state, State::On(_))
    }

    /// Whether a device is on its way to run, and not after a failure.
    pub(crate) fn is_opening(&self) -> bool {
        let under_way = matches!(
            self.state,
            State::Opening { mends: None, .. } | State::Closing { failure: None }
        );
        self.wanted && under_way
    }

    /// Whether the device is wanted and does not work.
    pub(crate) fn is_failed(&self) -> bool {
        self.wanted && self.shown_failure().is_some()
    }

    /// Whether nothing of the device is held that could be let go of.
    pub(crate) fn is_released(&self) -> bool {
        match self.state {
            State::Off | State::Failed(_) | State::Unanswered { .. } => true,
            State::Opening { .. } | State::On(_) | State::Closing { .. } => false,
        }
    }

    /// What the UI shows.
    pub(crate) fn view(&self) -> DeviceView {
        DeviceView {
            available: self.available.clone(),
            chosen: self.chosen.clone(),
            now: match (&self.state, self.shown_failure()) {
                (State::On(stream), _) => {
                    let info = stream.info();
                    DeviceNow::On {
                        name: info.name,
                        kind: info.kind,
                    }
                }
                (_, Some(failure)) => DeviceNow::Failed {
                    problem: failure.problem,
                    name: failure.name.clone(),
                },
                (_, None) => DeviceNow::Off,
            },
        }
    }

    /// What the user reads of a device that is wanted and does not work.
    fn shown_failure(&self) -> Option<&Failure> {
        match &self.state {
            State::Failed(failure) => Some(failure),
            State::Unanswered { failure, .. } => Some(failure).filter(|_| self.wanted),
            State::Closing { failure } => failure.as_ref(),
            State::Opening { mends, .. } => mends.as_ref().filter(|_| self.wanted),
            State::Off | State::On(_) => None,
        }
    }

    fn reconcile(&mut self) -> Step {
        match (&self.state, self.wanted) {
            (State::Off, true) => self.open(None),
            (State::On(_), false) => self.close(),
            (State::Failed(_), false) => {
                self.state = State::Off;
                Step::Nothing
            }
            (State::Off, false)
            | (State::On(_) | State::Failed(_), true)
            | (State::Opening { .. } | State::Unanswered { .. } | State::Closing { .. }, _) => {
                Step::Nothing
            }
        }
    }

    fn open(&mut self, mends: Option<Failure>) -> Step {
        self.turn += 1;
        self.state = State::Opening {
            lost: None,
            since: None,
            mends,
        };
        Step::Open {
            turn: self.turn,
            id: self.chosen.clone(),
        }
    }

    fn close(&mut self) -> Step {
        self.close_because(None)
    }

    fn close_because(&mut self, failure: Option<Failure>) -> Step {
        match std::mem::replace(&mut self.state, State::Closing { failure }) {
            State::On(stream) => Step::Close(stream),
            other => {
                self.state = other;
                Step::Nothing
            }
        }
    }

    /// The opening under way has failed, as far as the user is concerned. A device that was only
    /// slow gets more time at the next attempt, since this one's result will be closed.
    fn give_up_waiting(&mut self) {
        let error = DeviceError::Failed("no answer".to_owned());
        self.patience = (2 * self.patience).min(LONGEST_PATIENCE);
        self.state = State::Unanswered {
            failure: self.failure(&error),
            try_again: false,
        };
    }

    /// An opening under way answers a wish that no longer holds: its result will be stale.
    fn outdate_opening(&mut self) {
        if let State::Opening { lost, mends, .. } = &mut self.state {
            (*lost, *mends) = (None, None);
            self.turn += 1;
        }
    }

    /// Gives a role that failed another chance.
    fn forget_failure(&mut self) {
        self.retry = Retry::default();
        match &mut self.state {
            State::Failed(_) => self.state = State::Off,
            State::Closing { failure } => *failure = None,
            State::Unanswered { try_again, .. } => *try_again = true,
            State::Off | State::Opening { .. } | State::On(_) => {}
        }
    }

    fn failure(&self, error: &DeviceError) -> Failure {
        tracing::warn!(%error, "a device does not work");
        Failure::new(error, self.chosen.as_ref(), &self.available)
    }
}

/// How long an opening may take at first: longer than the limits that the devices keep themselves.
const PATIENCE: Duration = Duration::from_secs(8);

/// The longest that an opening may take after others had no answer in time: a sound server that is
/// waking a wireless speaker needs no longer.
const LONGEST_PATIENCE: Duration = Duration::from_secs(32);

#[cfg(test)]
mod tests;
