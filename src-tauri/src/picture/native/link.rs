//! What the main thread and the thread that converts pictures share: all streams, and a way to wake
//! the other side.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

use super::stream::Stream;
use crate::picture::Feeds;

/// All streams, and whom to wake.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) remote: Stream,
    pub(super) local: Stream,
    pub(super) screen: Stream,
    worker: OnceLock<Thread>,
    /// The main thread was called and has not come yet.
    called: AtomicBool,
    stop: AtomicBool,
}

impl Link {
    /// Streams that show nothing yet, and no thread that works on them.
    pub(super) fn new(feeds: Feeds) -> Self {
        Self {
            remote: Stream::new(feeds.remote),
            local: Stream::new(feeds.local),
            screen: Stream::new(feeds.screen),
            worker: OnceLock::new(),
            called: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        }
    }

    /// Wakes this thread from now on. It is set by who starts the thread and not by the thread
    /// itself, so that no call to wake it is lost.
    pub(super) fn set_worker(&self, thread: Thread) {
        let _ = self.worker.set(thread);
    }

    /// Has the worker look for something to do; any thread.
    pub(super) fn wake_worker(&self) {
        if let Some(thread) = self.worker.get() {
            thread.unpark();
        }
    }

    /// Whether the main thread must be called: one call at a time is enough.
    pub(super) fn begin_call(&self) -> bool {
        !self.called.swap(true, Ordering::AcqRel)
    }

    /// The main thread has come.
    pub(super) fn end_call(&self) {
        self.called.store(false, Ordering::Release);
    }

    /// Has the worker end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake_worker();
    }

    /// Whether the worker shall end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}
