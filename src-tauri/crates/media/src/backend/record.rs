//! Recording: what both sides of a call send goes into files as it is, while the call runs.
//!
//! Whoever begins a recording has asked both people; a backend does not. Nothing of it waits for a
//! disk but the threads of the backend.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::frame::{EncodedFrame, ReceivedFrame};
use crate::time::MediaTime;
use crate::transport::Kind;

/// Makes recordings.
pub trait RecordBackend: Send + Sync + fmt::Debug {
    /// Begins a recording in a folder of its own. Whether it can be written is in its
    /// [progress](Recording::progress).
    fn start(&self, plan: Plan) -> Arc<dyn Recording>;
}

/// What a recording begins with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The other side's name, for the name of the folder: any text.
    pub with: String,
    /// What both people agreed to, JSON, kept beside the media. It is written before anything else.
    pub consent: Vec<u8>,
    /// Where our capture timeline begins; arrivals are placed on it too.
    pub epoch: Instant,
    /// The moment that both files count from, on our capture timeline. What was captured before is
    /// left out.
    pub zero: MediaTime,
}

/// A recording at work. No method waits. Dropping it ends it as [`Recording::stop`] does.
pub trait Recording: Send + Sync + fmt::Debug {
    /// We sent this.
    fn sent(&self, kind: Kind, frame: &EncodedFrame);

    /// This came from the other side; pictures in decode order.
    fn received(&self, kind: Kind, frame: &ReceivedFrame);

    /// The round trip time. Half of it is what lies between the other side's capture and us.
    fn set_rtt(&self, rtt: Duration);

    /// How far it is.
    fn progress(&self) -> Progress;

    /// Ends it. The files are whole once it is [`Writing::Finished`].
    fn stop(&self);
}

/// How far a recording is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where it is; none before the folder is made.
    pub folder: Option<PathBuf>,
    /// What is on the disk.
    pub bytes: u64,
    /// What can still be written there; none where the system does not say.
    pub free: Option<u64>,
    /// Our pictures cannot go on without a keyframe.
    pub needs_our_keyframe: bool,
    /// Theirs cannot.
    pub needs_their_keyframe: bool,
    /// Whether it goes on.
    pub writing: Writing,
}

/// Whether a recording goes on.
///
/// ```text
///   Running ── stop ──> Finished
///      └── a disk fails ──> Failed
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    /// It does.
    #[default]
    Running,
    /// It was stopped and is whole.
    Finished,
    /// It ended by itself. What was written until then can be played.
    Failed(RecordError),
}

/// Why a recording ended by itself. Only the person can mend it, and begin another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RecordError {
    /// There is no space left.
    #[error("the disk is full")]
    DiskFull,
    /// The system does not let us write there.
    #[error("writing to the folder is refused")]
    Refused,
    /// The folder is gone, or the disk that it was on.
    #[error("the folder of the recording is gone")]
    FolderGone,
    /// The disk fails otherwise; the log says how.
    #[error("the disk failed")]
    Disk,
}
