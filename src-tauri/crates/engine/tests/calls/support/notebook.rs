//! A recorder that notes what it is handed instead of writing it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use media::backend::record::{Plan, Progress, RecordBackend, RecordError, Recording, Writing};
use media::frame::{EncodedFrame, ReceivedFrame};
use media::transport::Kind;

/// All recordings of one person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notebook(Arc<Mutex<Vec<Arc<Page>>>>);

/// One recording.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) plan: Plan,
    notes: Mutex<Notes>,
}

/// What a recording was handed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Packets of sound, pictures.
    pub(crate) sent: [usize; 2],
    pub(crate) received: [usize; 2],
    /// Numbers of the packets that came.
    pub(crate) sequences: Vec<u64>,
    pub(crate) progress: Progress,
}

impl Notebook {
    /// How many recordings there were.
    pub(crate) fn pages(&self) -> usize {
        self.lock().len()
    }

    /// The last recording, once there is one.
    pub(crate) fn last(&self) -> Option<Arc<Page>> {
        self.lock().last().cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Page>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordBackend for Notebook {
    fn start(&self, plan: Plan) -> Arc<dyn Recording> {
        let folder = Some(PathBuf::from("/recordings").join(&plan.with));
        let notes = Notes {
            progress: Progress {
                folder,
                ..Progress::default()
            },
            ..Notes::default()
        };
        let page = Arc::new(Page {
            plan,
            notes: Mutex::new(notes),
        });
        self.lock().push(Arc::clone(&page));
        page
    }
}

impl Page {
    pub(crate) fn notes(&self) -> Notes {
        self.lock().clone()
    }

    /// The disk is full.
    pub(crate) fn fails(&self) {
        self.lock().progress.writing = Writing::Failed(RecordError::DiskFull);
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recording for Page {
    fn sent(&self, kind: Kind, _: &EncodedFrame) {
        self.lock().sent[kind as usize] += 1;
    }

    fn received(&self, kind: Kind, frame: &ReceivedFrame) {
        let mut notes = self.lock();
        notes.received[kind as usize] += 1;
        if kind == Kind::Audio {
            notes.sequences.push(frame.sequence);
        }
    }

    fn set_rtt(&self, _: Duration) {}

    fn progress(&self) -> Progress {
        self.lock().progress.clone()
    }

    fn stop(&self) {
        let mut notes = self.lock();
        if notes.progress.writing == Writing::Running {
            notes.progress.writing = Writing::Finished;
        }
    }
}
