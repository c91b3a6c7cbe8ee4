//! The thread that converts pictures.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use engine::Subscription;

use super::link::Link;
use super::screen::on_screen;
use super::stream::Work;
use crate::picture::Feeds;
use crate::picture::fitter::Fitter;

/// Owns the thread: dropping it stops and joins.
#[derive(Debug)]
pub(super) struct Worker {
    link: Arc<Link>,
    thread: Option<JoinHandle<()>>,
    _listening: [Subscription; 3],
}

impl Worker {
    /// Starts converting what the feeds bring, once a stage wants it.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(feeds: Feeds) -> std::io::Result<Self> {
        let link = Arc::new(Link::new(feeds));
        let seen = Arc::clone(&link);
        let thread = thread::Builder::new()
            .name("picture".to_owned())
            .spawn(move || run(&seen))?;
        link.set_worker(thread.thread().clone());
        let listening = [&link.remote, &link.local, &link.screen].map(|stream| {
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
        self.link.stop();
        if self.thread.take().is_some_and(|it| it.join().is_err()) {
            tracing::error!("the picture thread panicked");
        }
    }
}

fn run(link: &Arc<Link>) {
    let (mut remote, mut local, mut screen) = (Fitter::new(), Fitter::new(), Fitter::new());
    // Our own picture is ready and waits for the next one of the other side, so that both are drawn
    // in one pass: drawing twice as often costs twice as much. It waits for one picture at most.
    let mut waits = false;
    while !link.is_stopped() {
        // The other side first: it is the picture that people look at.
        let theirs = link.remote.convert_latest(&mut remote);
        let theirs = theirs.max(link.screen.convert_latest(&mut screen));
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
            call_screen(link);
        }
    }
}

/// Has the main thread take over what is ready.
fn call_screen(link: &Arc<Link>) {
    if !link.begin_call() {
        return;
    }
    let link = Arc::clone(link);
    on_screen(move |screen| {
        link.end_call();
        screen.adopt();
    });
}
