//! Recordings of a call: the one that we want, and the one that the other side wants.
//!
//! The two are independent: each is asked for by who writes it and agreed to by who is recorded, and
//! each side signs what it says. Nothing is written before the other side's agreement is here and its
//! signature was checked; from before that moment until after the end of writing, both sides show it.
//! What is said may be lost, repeated and reordered: whoever waits says it again every second, and
//! what belongs to another recording than that of the moment is answered by its end.

use crate::id::RecordingId;
use crate::message::{RecordOver, Statement};
use crate::time::Timestamp;
use crate::view::{OurRecording, RecordingEnd, RecordingView, TheirRecording};

/// Both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Recordings {
    pub(crate) ours: Ours,
    /// Ours before that one, of whose end the other side has not heard.
    pub(crate) before: Vec<Over>,
    pub(crate) theirs: Theirs,
    /// The last recordings that they asked for, so that none that is over begins anew.
    asked: Vec<RecordingId>,
    /// Until when the other side is refused without asking the user again.
    pub(crate) quiet_until: Option<Timestamp>,
}

/// The recording that we want.
///
/// ```text
///   Off, Over -- the user asks --> Asking -- they agree --> Running
///                                    |                        |
///      they refuse, cannot,          |                        |  somebody stops it,
///      or do not answer, withdrawn   +--------> Over <--------+  the disk fails
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Ours {
    /// Never asked for in this call.
    #[default]
    Off,
    /// The other side has been asked.
    Asking {
        id: RecordingId,
        /// What we signed.
        statement: Statement,
        since: Timestamp,
        asked: Asked,
    },
    /// We write.
    Running {
        id: RecordingId,
        /// How long the call had lasted.
        since_ms: u64,
    },
    /// Not any more.
    Over(Over),
}

/// Whether the other side has heard a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// Nothing has come back.
    Unheard,
    /// Their user sees it.
    Shown,
}

/// The recording that the other side wants.
///
/// ```text
///   Off, Over -- they ask --> Asked -- the user agrees --> Running
///                               |                             |
///     refused, withdrawn        +----------> Over <-----------+  somebody stops it
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Theirs {
    /// Never asked for in this call.
    #[default]
    Off,
    /// Our user is asked.
    Asked { id: RecordingId },
    /// They may write.
    Running {
        id: RecordingId,
        /// How long the call had lasted.
        since_ms: u64,
        /// What we signed, until they say that they have it.
        untold: Option<Statement>,
    },
    /// Not any more.
    Over(Over),
}

/// A recording that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Over {
    pub(crate) id: RecordingId,
    pub(crate) why: RecordingEnd,
    /// What the other side is told of it, until it says that it knows; nothing once it does.
    pub(crate) untold: Option<RecordOver>,
    /// How long the call had lasted when it began, if it ran and the other side wrote it: until they
    /// know of the end they may go on writing, and the mark stays.
    pub(crate) since_ms: Option<u64>,
}

impl Recordings {
    /// We ask for one, after whatever there was.
    pub(crate) fn want(&mut self, ours: Ours) {
        if let Ours::Over(over) = std::mem::replace(&mut self.ours, ours)
            && over.untold.is_some()
        {
            if self.before.len() >= REMEMBERED {
                self.before.remove(0);
            }
            self.before.push(over);
        }
    }

    /// The other side knows that ours is over.
    pub(crate) fn is_told(&mut self, id: RecordingId) {
        self.before.retain(|it| it.id != id);
        if let Ours::Over(over) = &mut self.ours
            && over.id == id
        {
            over.untold = None;
        }
    }

    /// The user is asked for one.
    pub(crate) fn ask(&mut self, id: RecordingId) {
        if self.asked.len() >= REMEMBERED {
            self.asked.remove(0);
        }
        self.asked.push(id);
        self.theirs = Theirs::Asked { id };
    }

    /// Whether the user was asked for it before.
    pub(crate) fn knows(&self, id: RecordingId) -> bool {
        self.asked.contains(&id)
    }

    /// What the user may see.
    pub(crate) fn view(&self) -> RecordingView {
        RecordingView {
            ours: match &self.ours {
                Ours::Off => OurRecording::Off,
                Ours::Asking { .. } => OurRecording::Asking,
                Ours::Running { since_ms, .. } => OurRecording::Running {
                    since_ms: *since_ms,
                },
                Ours::Over(over) => OurRecording::Over { why: over.why },
            },
            theirs: match &self.theirs {
                Theirs::Off => TheirRecording::Off,
                Theirs::Asked { id } => TheirRecording::Asked { id: *id },
                Theirs::Running { since_ms, .. } => TheirRecording::Running {
                    since_ms: *since_ms,
                },
                Theirs::Over(Over {
                    untold: Some(_),
                    since_ms: Some(since_ms),
                    ..
                }) => TheirRecording::Running {
                    since_ms: *since_ms,
                },
                Theirs::Over(over) => TheirRecording::Over { why: over.why },
            },
        }
    }

    /// Whether something has to be said again until it is answered.
    pub(crate) fn is_waiting(&self) -> bool {
        let ours = match &self.ours {
            Ours::Asking { .. } => true,
            Ours::Over(over) => over.untold.is_some(),
            Ours::Off | Ours::Running { .. } => false,
        };
        let theirs = match &self.theirs {
            Theirs::Running { untold, .. } => untold.is_some(),
            Theirs::Over(over) => over.untold.is_some(),
            Theirs::Off | Theirs::Asked { .. } => false,
        };
        ours || theirs || !self.before.is_empty()
    }
}

impl Ours {
    /// Which one is asked for or running.
    pub(crate) fn id(&self) -> Option<RecordingId> {
        match self {
            Self::Asking { id, .. } | Self::Running { id, .. } => Some(*id),
            Self::Off | Self::Over(_) => None,
        }
    }
}

impl Theirs {
    /// Which one is asked for or running.
    pub(crate) fn id(&self) -> Option<RecordingId> {
        match self {
            Self::Asked { id } | Self::Running { id, .. } => Some(*id),
            Self::Off | Self::Over(_) => None,
        }
    }
}

/// What was said of a recording arrives within seconds, and nobody asks so often in them.
const REMEMBERED: usize = 16;
