//! Who does the work beside the control task: threads of this machine, or an [`Executor`] that
//! simulates them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::work::{Make, Rank, Stop, Work, run};

/// Who does the work of pipelines and devices. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct Threads(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    /// Threads of the machine, one for each pipeline.
    #[default]
    Machine,
    /// The thread that has the [`Executor`].
    Inline(Queue),
}

/// Work that waits for its first step.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Vec<(Stop, Make)>>>);

/// Does the work of pipelines inline, a step of each at a time, on the thread that it stays on: so
/// that whole engines run in simulated time. Where a thread would wait, nothing happens until the
/// next step.
#[derive(Default)]
pub struct Executor {
    queue: Queue,
    running: Vec<(Stop, Box<dyn Work>)>,
}

impl Executor {
    /// What engines are given that shall run here.
    #[must_use]
    pub fn threads(&self) -> Threads {
        Threads(Kind::Inline(self.queue.clone()))
    }

    /// Does a step of every pipeline, in the order in which they were started. Not to be called from
    /// inside an async runtime.
    pub fn step(&mut self) {
        let new = std::mem::take(&mut *self.queue.lock());
        for (stop, make) in new {
            if !stop.is_set()
                && let Some(work) = make()
            {
                self.running.push((stop, work));
            }
        }
        self.running
            .retain_mut(|(stop, work)| !stop.is_set() && work.step());
    }

    /// How many pipelines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let running = self.running.iter();
        running.filter(|(stop, _)| !stop.is_set()).count()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Threads {
    /// Starts a thread called `name` (at most 15 bytes show up in tools) for this work. `None` where
    /// it is done inline.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(
        &self,
        name: &str,
        rank: Rank,
        stop: Stop,
        make: Make,
    ) -> std::io::Result<Option<JoinHandle<()>>> {
        match &self.0 {
            Kind::Machine => {
                let thread = thread::Builder::new().name(name.to_owned());
                thread.spawn(move || run(rank, &stop, make)).map(Some)
            }
            Kind::Inline(queue) => {
                queue.lock().push((stop, make));
                Ok(None)
            }
        }
    }

    /// Does what may block, and tells what came of it.
    pub(crate) fn report<T: Send + 'static>(
        &self,
        to: mpsc::Sender<T>,
        work: impl FnOnce() -> T + Send + 'static,
    ) {
        // Telling fails only when the engine is gone; then what came is dropped.
        match &self.0 {
            Kind::Machine => {
                spawn_blocking(move || {
                    let _ = to.blocking_send(work());
                });
            }
            Kind::Inline(_) => {
                tokio::spawn(async move {
                    let _ = to.send(work()).await;
                });
            }
        }
    }

    /// Does what may block; `None` when it panics.
    pub(crate) async fn block(&self, work: impl FnOnce() + Send + 'static) -> Option<()> {
        match &self.0 {
            Kind::Machine => spawn_blocking(work).await.ok(),
            Kind::Inline(_) => {
                work();
                Some(())
            }
        }
    }
}

impl Queue {
    /// Each critical section is one move.
    fn lock(&self) -> MutexGuard<'_, Vec<(Stop, Make)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor")
            .field("len", &self.len())
            .finish()
    }
}
