//! The recording of a call that this machine writes: taken where frames leave and come, whichever
//! session carries them, and handed to a backend that alone waits for a disk.
//!
//! The phone decides when there is one; it asks for one only after both people agreed. What they
//! signed is made and checked in [`consent`].

pub(crate) mod consent;
mod tap;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use call::id::{CallId, RecordingId};
use call::input::Input;
use media::backend::record::{Plan, Progress, RecordBackend, Recording, Writing};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub(crate) use self::tap::Tap;

/// What the engine has of recordings.
#[derive(Debug)]
pub(crate) struct Recorder {
    backend: Option<Arc<dyn RecordBackend>>,
    /// What the phone is to hear once it has said all.
    pub(crate) answers: VecDeque<Input>,
    current: Option<Current>,
    /// Those before, which still wait for a disk, and since when.
    before: Vec<(Arc<dyn Recording>, Instant)>,
}

/// The recording of the moment, or the last one.
#[derive(Debug)]
struct Current {
    call: CallId,
    id: RecordingId,
    recording: Arc<dyn Recording>,
    progress: Progress,
    /// When it was told to end.
    stopped_at: Option<Instant>,
    /// When the other side was asked for a keyframe last.
    asked_at: Option<Instant>,
}

/// What a look at the running recording says.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Our encoder shall make a keyframe.
    pub(crate) our_keyframe: bool,
    /// The other side shall.
    pub(crate) their_keyframe: bool,
    /// It ended by itself.
    pub(crate) failed: Option<RecordingId>,
}

/// The recording that this machine writes, or wrote last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecordingFile {
    /// Where it is; null before the folder is made.
    pub folder: Option<String>,
    /// What is on the disk.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Whether little more can be written there.
    pub is_space_low: bool,
    /// Whether it goes on.
    pub state: RecordingFileState,
}

/// Whether a recording goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum RecordingFileState {
    /// It does.
    Running,
    /// It was stopped and is whole.
    Finished,
    /// It ended by itself; what was written can be played.
    Failed {
        /// Why.
        why: media::backend::record::RecordError,
    },
}

impl Recorder {
    /// A recorder that writes through `backend`.
    pub(crate) fn new(backend: Option<Arc<dyn RecordBackend>>) -> Self {
        Self {
            backend,
            answers: VecDeque::new(),
            current: None,
            before: Vec::new(),
        }
    }

    /// Whether anything can be recorded here.
    pub(crate) fn is_able(&self) -> bool {
        self.backend.is_some()
    }

    /// Begins to write. Returns where frames are to be handed.
    pub(crate) fn start(
        &mut self,
        call: CallId,
        id: RecordingId,
        plan: Plan,
    ) -> Option<Arc<dyn Recording>> {
        let recording = self.backend.as_ref()?.start(plan);
        self.before.retain(|(it, _)| is_writing(it.as_ref()));
        if let Some(last) = self.current.take()
            && let Some(stopped_at) = last.stopped_at
        {
            self.before.push((last.recording, stopped_at));
        }
        self.current = Some(Current {
            call,
            id,
            recording: Arc::clone(&recording),
            progress: Progress::default(),
            stopped_at: None,
            asked_at: None,
        });
        Some(recording)
    }

    /// Writes no more.
    pub(crate) fn stop(&mut self, now: Instant) {
        if let Some(current) = &mut self.current {
            current.recording.stop();
            current.stopped_at.get_or_insert(now);
        }
    }

    /// A round trip takes this long.
    pub(crate) fn set_rtt(&self, rtt: Duration) {
        if let Some(current) = &self.current {
            current.recording.set_rtt(rtt);
        }
    }

    /// Looks how far it is.
    pub(crate) fn look(&mut self, now: Instant) -> Needs {
        let Some(current) = &mut self.current else {
            return Needs::default();
        };
        current.progress = current.recording.progress();
        if current.stopped_at.is_some() {
            return Needs::default();
        }
        let failed = match current.progress.writing {
            Writing::Running | Writing::Finished => None,
            Writing::Failed(_) => Some(current.id),
        };
        let has_waited = current
            .asked_at
            .is_none_or(|at| now.saturating_duration_since(at) >= ASK_AGAIN);
        let (ours, theirs) = (
            current.progress.needs_our_keyframe,
            current.progress.needs_their_keyframe,
        );
        if !has_waited || !(ours || theirs) {
            return Needs {
                failed,
                ..Needs::default()
            };
        }
        current.asked_at = Some(now);
        Needs {
            our_keyframe: ours,
            their_keyframe: theirs,
            failed,
        }
    }

    /// Whether nothing is being written, or a disk has had its time.
    pub(crate) fn is_finished(&self, now: Instant) -> bool {
        let is_late = |at: Instant| now.saturating_duration_since(at) >= FINISH_LIMIT;
        let current = self.current.as_ref();
        current.is_none_or(|it| {
            !is_writing(it.recording.as_ref()) || it.stopped_at.is_some_and(is_late)
        }) && self
            .before
            .iter()
            .all(|(it, at)| !is_writing(it.as_ref()) || is_late(*at))
    }

    /// What the user may see, until there is another call than the one that was recorded.
    pub(crate) fn view(&self, shown: Option<CallId>) -> Option<RecordingFile> {
        let Current { call, progress, .. } = self.current.as_ref()?;
        if shown.is_some_and(|it| it != *call) {
            return None;
        }
        let folder = progress.folder.as_ref();
        Some(RecordingFile {
            folder: folder.map(|it| it.to_string_lossy().into_owned()),
            bytes: progress.bytes,
            is_space_low: progress.free.is_some_and(|it| it < LOW),
            state: match progress.writing {
                Writing::Running => RecordingFileState::Running,
                Writing::Finished => RecordingFileState::Finished,
                Writing::Failed(why) => RecordingFileState::Failed { why },
            },
        })
    }
}

fn is_writing(recording: &dyn Recording) -> bool {
    recording.progress().writing == Writing::Running
}

/// Half an hour of two good pictures.
const LOW: u64 = 1 << 30;

/// A keyframe that was asked for comes within a round trip.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Longer than a disk takes for a second of a call.
const FINISH_LIMIT: Duration = Duration::from_secs(3);
