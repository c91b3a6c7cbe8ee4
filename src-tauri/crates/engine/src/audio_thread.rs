//! A thread of sound that lives as long as the engine, and the bounded channel that steers it.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Thread;

use crate::threads::Threads;
use crate::work::{Rank, Work};
use crate::worker::Worker;

/// Owns a thread and sends it messages of type `M`. Dropping it ends the thread.
pub(crate) struct AudioThread<M> {
    worker: Worker,
    name: &'static str,
    sender: SyncSender<M>,
}

impl<M: Send + 'static> AudioThread<M> {
    /// Starts a thread called `name` for the work that `make` gives.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start<B: Work + 'static>(
        threads: &Threads,
        name: &'static str,
        make: impl FnOnce(Receiver<M>) -> B + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, inbox) = sync_channel(CAPACITY);
        let make = move || Some(Box::new(make(inbox)) as Box<dyn Work>);
        let worker = Worker::start(threads, name, Rank::Sound, make)?;
        Ok(Self {
            worker,
            name,
            sender,
        })
    }

    /// Sends a message and wakes the thread, without waiting; says whether it was taken. The
    /// thread empties the channel whenever it wakes, so one that takes no message is stuck or
    /// gone.
    pub(crate) fn send(&self, message: M) -> bool {
        let taken = self.sender.try_send(message).is_ok();
        if !taken {
            tracing::error!(thread = self.name, "a thread of sound takes no messages");
        }
        if let Some(thread) = self.worker.thread() {
            thread.unpark();
        }
        taken
    }

    /// What wakes the thread.
    pub(crate) fn thread(&self) -> Option<Thread> {
        self.worker.thread().cloned()
    }
}

impl<M> fmt::Debug for AudioThread<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AudioThread").field(&self.name).finish()
    }
}

/// The control task sends about ten messages per call, and a device opening one.
const CAPACITY: usize = 32;
