//! Threads that belong to a device: named, told to stop by dropping their handle, and joined.

use std::convert::Infallible;
use std::thread::JoinHandle;
use std::time::Instant;

use media::backend::device::{DeviceError, DeviceInfo, DeviceStream};
use media::queue::{Empty, Queue, Slot};
use tracing::Span;

/// Starts a thread of a device, called `name`. Its log lines stand in the span that is current now:
/// a device that a call opens names this call.
pub(crate) fn spawn(
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, DeviceError> {
    let opened_in = Span::current();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || opened_in.in_scope(run))
        .map_err(|error| DeviceError::Failed(format!("start thread {name}: {error}")))
}

/// A device that a thread of ours drives. Dropping it stops the thread and waits for its end.
#[derive(Debug)]
pub(crate) struct Running {
    info: DeviceInfo,
    stop: Slot<Infallible>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts `run` on a thread called `name`. It must return soon after its [`Stop`] says so.
    pub(crate) fn start(
        info: DeviceInfo,
        name: &str,
        run: impl FnOnce(Stop) + Send + 'static,
    ) -> Result<Self, DeviceError> {
        let stop = Queue::slot();
        let stopped = Stop(stop.clone());
        let thread = spawn(name, move || run(stopped))?;
        Ok(Self {
            info,
            stop,
            thread: Some(thread),
        })
    }
}

impl DeviceStream for Running {
    fn info(&self) -> DeviceInfo {
        self.info.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(device = %self.info.name, "the thread of a device panicked");
        }
    }
}

/// Tells a device's thread when to end, and paces it until then.
#[derive(Debug)]
pub(crate) struct Stop(Slot<Infallible>);

/// The owner of the device dropped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

impl Stop {
    /// Sleeps until `deadline`, or until the device shall stop.
    pub(crate) fn wait_until(&self, deadline: Instant) -> Result<(), Stopped> {
        match self.0.pop_until(Instant::now(), deadline) {
            Err(Empty::TimedOut) => Ok(()),
            Err(Empty::Closed) => Err(Stopped),
            Ok(never) => match never {},
        }
    }
}
