//! A named thread that stops when its owner lets go.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Thread};

use crate::threads::{Make, Threads};

/// Who goes first when there is not enough of the processor for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Raised: a sample that comes late is a gap in the sound.
    Sound,
    /// Lowered: a picture that comes late is soon replaced by the next one.
    Picture,
}

impl Rank {
    /// Gives the calling thread its priority. Systems often refuse to raise one; then the
    /// threads of pictures are still below those of sound.
    #[cfg(target_os = "linux")]
    fn take(self) {
        let nice = match self {
            Self::Sound => SOUND_NICE,
            Self::Picture => PICTURE_NICE,
        };
        if let Err(error) = rustix::process::setpriority_process(None, nice) {
            tracing::debug!(rank = ?self, %error, "the system keeps this thread's priority");
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn take(self) {}
}

/// The priority that sound servers give themselves.
#[cfg(target_os = "linux")]
const SOUND_NICE: i32 = -10;

/// Half of an even share: enough to step back, too little to starve beside a busy program.
#[cfg(target_os = "linux")]
const PICTURE_NICE: i32 = 3;

/// Tells a worker to end. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether the worker shall end.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The work of a thread, one step at a time.
pub(crate) trait Work {
    /// Does what there is to do now, without waiting; false when there will never be more.
    fn step(&mut self) -> bool;

    /// Waits until there may be more to do, or its owner lets go. Only a thread that has nothing
    /// else to do calls it.
    fn wait(&mut self, stop: &Stop);
}

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
        self.stop.0.store(true, Ordering::Release);
        if let Some(thread) = self.thread() {
            thread.unpark();
        }
    }
}

/// Does the work of the calling thread.
pub(crate) fn run(rank: Rank, stop: &Stop, make: Make) {
    rank.take();
    let Some(mut work) = make() else { return };
    while !stop.is_set() && work.step() {
        work.wait(stop);
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
