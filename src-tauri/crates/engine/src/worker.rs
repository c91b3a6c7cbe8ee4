//! A named thread that stops when its owner lets go.

use std::fmt;
use std::thread::{JoinHandle, Thread};

use crate::threads::Threads;
use crate::work::{Rank, Stop, Work};

/// A thread with an owner: dropping the worker stops and joins it. `unpark` wakes it.
pub(crate) struct Worker {
    stop: Stop,
    /// `None` once it was joined, and where the work is done inline.
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread called `name` (at most 15 bytes show up in tools) for the work that `make`
    /// gives there.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(
        threads: &Threads,
        name: &str,
        rank: Rank,
        make: impl FnOnce() -> Option<Box<dyn Work>> + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Stop::default();
        let thread = threads.start(name, rank, stop.clone(), Box::new(make))?;
        Ok(Self { stop, thread })
    }

    /// What wakes the thread out of [`thread::park`](std::thread::park); `None` where the work is
    /// done inline.
    pub(crate) fn thread(&self) -> Option<&Thread> {
        self.thread.as_ref().map(JoinHandle::thread)
    }

    /// Asks the thread to end without waiting for it.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.set();
        if let Some(thread) = self.thread() {
            thread.unpark();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.ask_to_stop();
        let Some(thread) = self.thread.take() else {
            return;
        };
        let name = thread.thread().name().map(str::to_owned);
        if thread.join().is_err() {
            tracing::error!(thread = name, "a worker panicked");
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.thread().and_then(Thread::name);
        f.debug_struct("Worker")
            .field("name", &name)
            .finish_non_exhaustive()
    }
}
