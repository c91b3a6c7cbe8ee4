//! Orders to a thread of sound that lives as long as the engine.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Thread;

use crate::worker::{Rank, Stop, Worker};

/// Hands orders to a thread and wakes it. Dropping it ends the thread.
pub(crate) struct Orders<T> {
    worker: Worker,
    name: &'static str,
    sender: SyncSender<T>,
}

impl<T: Send + 'static> Orders<T> {
    /// Starts `body` on a thread called `name`.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(
        name: &'static str,
        body: impl FnOnce(Receiver<T>, &Stop) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, inbox) = sync_channel(WAITING);
        let worker = Worker::start(name, Rank::Sound, move |stop| body(inbox, stop))?;
        Ok(Self {
            worker,
            name,
            sender,
        })
    }

    /// Has the thread carry this out. Orders come from the control task a few times per call, so
    /// one that finds no room finds no thread.
    pub(crate) fn give(&self, order: T) {
        if self.sender.try_send(order).is_err() {
            tracing::error!(thread = self.name, "a thread takes no orders");
        }
        if let Some(thread) = self.worker.thread() {
            thread.unpark();
        }
    }

    /// What wakes the thread.
    pub(crate) fn thread(&self) -> Option<Thread> {
        self.worker.thread().cloned()
    }
}

impl<T> fmt::Debug for Orders<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Orders").field(&self.name).finish()
    }
}

/// Orders wait here for at most one wake-up of the thread.
const WAITING: usize = 32;
