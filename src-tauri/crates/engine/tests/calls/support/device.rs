//! One device: what it does when it is opened, and a record of what was done with it.

use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};

use super::wait::eventually;

/// A camera, a microphone or a speaker. Clones are the same device.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    info: DeviceInfo,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// It is not plugged in.
    absent: bool,
    /// Openings wait until this ends.
    hangs: bool,
    /// What openings end with.
    failure: Option<DeviceError>,
    /// What the running stream has to report as its end.
    lost: Option<DeviceError>,
    record: Record,
}

/// What was done with a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Openings that were begun.
    pub(crate) opens: usize,
    /// Openings that have not ended.
    pub(crate) opening: usize,
    /// Streams that run.
    pub(crate) running: usize,
    /// The most openings and streams that there were at one time: a camera has only one.
    pub(crate) most_at_once: usize,
}

/// What a running device does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Works on for one period.
    Work,
    /// Ends: it was let go of.
    Stop,
    /// Ends: it was lost, which has to be reported.
    Lost(DeviceError),
}

impl Device {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            info: DeviceInfo {
                id: DeviceId(name.to_owned()),
                name: name.to_owned(),
                kind: DeviceKind::Synthetic,
                is_default: true,
            },
            shared: Arc::default(),
        }
    }

    /// From now on every opening fails.
    pub(crate) fn fails_with(&self, error: DeviceError) {
        self.lock().failure = Some(error);
    }

    /// From now on openings succeed.
    pub(crate) fn works(&self) {
        self.lock().failure = None;
    }

    /// From now on openings take until [`Device::wakes`].
    pub(crate) fn hangs(&self) {
        self.lock().hangs = true;
    }

    /// Ends all waiting openings.
    pub(crate) fn wakes(&self) {
        self.lock().hangs = false;
        self.shared.changed.notify_all();
    }

    /// Takes the device away, in use or not.
    pub(crate) fn unplug(&self) {
        let mut state = self.lock();
        state.absent = true;
        if state.record.running > 0 {
            state.lost = Some(DeviceError::Lost("unplugged".to_owned()));
        }
    }

    /// The running stream is lost, and the device stays in the list.
    pub(crate) fn breaks(&self) {
        self.lock().lost = Some(DeviceError::Lost("broken".to_owned()));
    }

    /// Puts the device back.
    pub(crate) fn plug_in(&self) {
        let mut state = self.lock();
        state.absent = false;
        state.lost = None;
    }

    /// What was done with it.
    pub(crate) fn record(&self) -> Record {
        self.lock().record
    }

    /// Whether it runs.
    pub(crate) fn is_running(&self) -> bool {
        self.record().running > 0
    }

    /// Waits until nobody uses it.
    pub(crate) async fn is_let_go_of(&self) {
        let idle = || {
            let record = self.record();
            (record.opening + record.running == 0).then_some(())
        };
        eventually(&format!("{} is let go of", self.info.name), idle).await;
    }

    /// What a list of devices says of it.
    pub(crate) fn listed(&self) -> Option<DeviceInfo> {
        (!self.lock().absent).then(|| self.info.clone())
    }

    pub(crate) fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Opens the device: `work` is called on a thread of its own, again and again, once each
    /// `period`, until the stream is dropped or lost.
    pub(crate) fn open(
        &self,
        period: Duration,
        mut work: impl FnMut(Next) + Send + 'static,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        self.wait_for_permission()?;
        let this = self.clone();
        let (stop, stopped) = sync_channel::<()>(0);
        let thread = thread::spawn(move || {
            let mut due = Instant::now();
            loop {
                due += period;
                let wait = due.saturating_duration_since(Instant::now());
                let let_go = stopped.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected);
                if let_go {
                    work(Next::Stop);
                    return;
                }
                let lost = this.lock().lost.take();
                if let Some(error) = lost {
                    work(Next::Lost(error));
                    return;
                }
                work(Next::Work);
            }
        });
        Ok(Box::new(Stream {
            device: self.clone(),
            stop: Some(stop),
            thread: Some(thread),
        }))
    }

    fn wait_for_permission(&self) -> Result<(), DeviceError> {
        let mut state = self.lock();
        state.record.opens += 1;
        state.record.opening += 1;
        let at_once = state.record.opening + state.record.running;
        state.record.most_at_once = state.record.most_at_once.max(at_once);
        let mut state = self
            .shared
            .changed
            .wait_while(state, |state| state.hangs)
            .unwrap_or_else(PoisonError::into_inner);
        state.record.opening -= 1;
        if state.absent {
            return Err(DeviceError::NotFound(self.info.name.clone()));
        }
        match &state.failure {
            Some(error) => Err(error.clone()),
            None => {
                state.record.running += 1;
                Ok(())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running device. Dropping it ends and joins its thread.
#[derive(Debug)]
struct Stream {
    device: Device,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl DeviceStream for Stream {
    fn info(&self) -> DeviceInfo {
        self.device.info.clone()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a device does not panic");
        }
        self.device.lock().record.running -= 1;
    }
}
