//! What a recording tells of itself, from its thread to whoever asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use media::backend::record::{Progress, Writing};

/// Shared between the thread of a recording and its handle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status(Arc<Mutex<Progress>>);

impl Status {
    /// How far it is.
    pub(crate) fn get(&self) -> Progress {
        self.lock().clone()
    }

    /// Tells what changed.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.lock());
    }

    /// It is over.
    pub(crate) fn end(&self, writing: Writing) {
        self.update(|progress| {
            progress.writing = writing;
            progress.needs_our_keyframe = false;
            progress.needs_their_keyframe = false;
        });
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
