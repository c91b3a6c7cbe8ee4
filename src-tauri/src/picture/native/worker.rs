//! The thread that converts pictures, and what it shares with the main thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, Thread};

use engine::{PictureFeed, Subscription};

use super::screen::on_screen;
use super::stream::{Stream, Work};
use crate::picture::fitter::Fitter;

/// Both streams and the bells between the two threads.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) remote: Stream,
    pub(super) local: Stream,
    worker: std::sync::OnceLock<Thread>,
    /// The main thread was called and has not come yet.
    called: AtomicBool,
    stop: AtomicBool,
}

/// Owns the thread: dropping it stops and joins.
#[derive(Debug)]
pub(super) struct Worker {
    link: Arc<Link>,
    thread: Option<JoinHandle<()>>,
    _listening: [Subscription; 2],
}

impl Link {
    /// Has the worker look for something to do; any thread.
    pub(super) fn wake_worker(&self) {
        if let Some(thread) = self.worker.get() {
            thread.unpark();
        }
    }

    /// Has the main thread take over what is ready: one call at a time is enough.
    fn call_screen(self: &Arc<Self>) {
        if self.called.swap(true, Ordering::AcqRel) {
            return;
        }
        let link = Arc::clone(self);
        on_screen(move |screen| {
            link.called.store(false, Ordering::Release);
            screen.adopt();
        });
    }
}

impl Worker {
    /// Starts converting what the two feeds bring, once a stage wants it.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(remote: PictureFeed, local: PictureFeed) -> std::io::Result<Self> {
        let link = Arc::new(Link {
            remote: Stream::new(remote),
            local: Stream::new(local),
            worker: std::sync::OnceLock::new(),
            called: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let seen = Arc::clone(&link);
        let thread = thread::Builder::new()
            .name("picture".to_owned())
            .spawn(move || run(&seen))?;
        // Set here and not by the thread, so that no bell is lost.
        let _ = link.worker.set(thread.thread().clone());
        let listening = [&link.remote, &link.local].map(|stream| {
            let worker = thread.thread().clone();
            stream.feed().subscribe(move || worker.unpark())
        });
        Ok(Self {
            link,
            thread: Some(thread),
            _listening: listening,
        })
    }

    /// What the main thread needs.
    pub(super) const fn link(&self) -> &Arc<Link> {
        &self.link
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.link.stop.store(true, Ordering::Release);
        self.link.wake_worker();
        if self.thread.take().is_some_and(|it| it.join().is_err()) {
            tracing::error!("the picture thread panicked");
        }
    }
}

fn run(link: &Arc<Link>) {
    let (mut remote, mut local) = (Fitter::new(), Fitter::new());
    // A picture of ourselves that goes to the screen together with the next of the other side: to
    // draw twice as often costs twice as much. It waits for one picture at the most.
    let mut waits = false;
    while !link.stop.load(Ordering::Acquire) {
        // The other side first: it is the picture that people look at.
        let theirs = link.remote.convert_latest(&mut remote);
        let ours = link.local.convert_latest(&mut local);
        let call = match (theirs, ours) {
            (Work::None, Work::None) => {
                thread::park();
                continue;
            }
            (Work::None, Work::Picture) => waits || !link.remote.is_live(),
            (Work::Picture | Work::Change, _) | (_, Work::Change) => true,
        };
        waits = !call;
        if call {
            link.call_screen();
        }
    }
}
