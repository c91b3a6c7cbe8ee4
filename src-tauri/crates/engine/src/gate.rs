//! The gates of microphone and camera: the only places where mute and camera-off happen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use media::time::MediaTime;

/// Stands between an encoder and the session of a call. Shut at first. Shut and opened by the
/// control task, asked by an encoder thread. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    /// Since when it is open; `None` while it is shut.
    open_since: Arc<Mutex<Option<MediaTime>>>,
}

impl Gate {
    /// Opens the gate for what is captured from `now` on. What was captured while it was shut and
    /// still waits in a ring or slot never leaves. An open gate stays as it is.
    pub(crate) fn open(&self, now: MediaTime) {
        self.lock().get_or_insert(now);
    }

    /// Shuts the gate. When this returns, nothing passes any more, whenever it was captured.
    pub(crate) fn shut(&self) {
        *self.lock() = None;
    }

    /// Whether anything passes that is captured now.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// Since when it is open; `None` while it is shut.
    pub(crate) fn open_since(&self) -> Option<MediaTime> {
        *self.lock()
    }

    /// Whether something captured at this time may leave as things are: spares the encoder what
    /// [`Gate::pass`] would refuse.
    pub(crate) fn admits(&self, captured: MediaTime) -> bool {
        self.lock().is_some_and(|since| captured >= since)
    }

    /// Has `send` carry out something captured at this time, if it may leave; `None` when it may
    /// not. `send` must return at once, because [`Gate::shut`] waits for it.
    pub(crate) fn pass<T>(&self, captured: MediaTime, send: impl FnOnce() -> T) -> Option<T> {
        let open_since = self.lock();
        let admitted = open_since.is_some_and(|since| captured >= since);
        admitted.then(send)
    }

    fn lock(&self) -> MutexGuard<'_, Option<MediaTime>> {
        self.open_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const EARLY: MediaTime = MediaTime::from_micros(1_000);
    const LATE: MediaTime = MediaTime::from_micros(2_000);

    #[test]
    fn what_was_captured_while_shut_never_leaves() {
        let gate = Gate::default();
        assert_eq!(gate.pass(LATE, || ()), None, "it is shut at first");
        gate.open(LATE);
        assert_eq!(gate.pass(EARLY, || ()), None);
        assert_eq!(gate.pass(LATE, || ()), Some(()));
        gate.open(LATE + Duration::from_secs(1));
        assert!(gate.is_open() && gate.admits(LATE), "it stays as it is");
    }

    #[test]
    fn what_was_captured_before_it_shut_does_not_leave_after() {
        let gate = Gate::default();
        gate.open(EARLY);
        gate.shut();
        assert!(!gate.is_open() && !gate.admits(EARLY));
        gate.open(LATE);
        assert!(!gate.admits(EARLY), "nor when it is open again");
    }

    #[test]
    fn shutting_waits_for_what_is_passing() {
        let gate = Gate::default();
        gate.open(EARLY);
        let (shutting, passing) = (gate.clone(), mpsc::channel());
        let shut = gate.pass(EARLY, || {
            let thread = thread::spawn(move || {
                shutting.shut();
                // Nobody listens when the test has failed.
                let _ = passing.0.send(());
            });
            let early = passing.1.recv_timeout(Duration::from_millis(50));
            assert!(early.is_err(), "something still passes");
            (thread, passing.1)
        });
        let (thread, done) = shut.unwrap();
        done.recv().unwrap();
        thread.join().unwrap();
        assert!(!gate.admits(EARLY));
    }
}
