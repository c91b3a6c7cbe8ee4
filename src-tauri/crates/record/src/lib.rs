//! Recordings of calls: a folder with one file for each side, written while the call runs.
//!
//! `me.mp4` and `them.mp4` hold what each side sent, heard or not, as it was coded: H.264 pictures and Opus sound in
//! fragmented MP4 (ISO/IEC 14496-12, 14496-15; "Encapsulation of Opus in ISO Base Media File Format"),
//! so nothing is decoded or encoded while a call runs. Both count from one moment. `consent.json`
//! holds what both people agreed to. A fragment is a second long and is on the disk before the next
//! one begins: whatever happens to the program or the machine, all but the last second can be played.
//!
//! [`Recordings`] is the backend. Each recording has a thread of its own (`worker`) behind a
//! bounded queue (`inbox`); what it does without files and clocks is in `pair`. No codec and no
//! library of a system is used here.

mod blank;
mod clock;
mod failure;
mod file;
mod folder;
mod fragment;
#[cfg(fuzzing)]
pub mod fuzzing;
mod inbox;
mod pair;
mod parameters;
mod picture;
mod side;
mod sound;
mod status;
mod worker;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use media::backend::record::{Plan, RecordBackend, Recording};

pub use self::folder::{CONSENT, ME, THEM};

/// Records into folders of one directory.
#[derive(Clone)]
pub struct Recordings {
    directory: PathBuf,
    stamp: fn() -> String,
}

impl Recordings {
    /// Recordings in `directory`, which is made when the first one begins. `stamp` says the day and
    /// time, for the names of folders.
    #[must_use]
    pub fn new(directory: PathBuf, stamp: fn() -> String) -> Self {
        Self { directory, stamp }
    }
}

impl RecordBackend for Recordings {
    fn start(&self, plan: Plan) -> Arc<dyn Recording> {
        let name = folder::name(&plan.with, &(self.stamp)());
        worker::start(self.directory.clone(), name, plan)
    }
}

impl fmt::Debug for Recordings {
    /// Where people keep their recordings stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recordings").finish_non_exhaustive()
    }
}
