//! What a thread does, a step at a time, and who tells it to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

    /// It shall.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Release);
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

/// Makes the work of a thread on that thread; `None` when there is nothing to do.
pub(crate) type Make = Box<dyn FnOnce() -> Option<Box<dyn Work>> + Send>;

/// Does the work of the calling thread.
pub(crate) fn run(rank: Rank, stop: &Stop, make: Make) {
    rank.take();
    let Some(mut work) = make() else { return };
    while !stop.is_set() && work.step() {
        work.wait(stop);
    }
}
