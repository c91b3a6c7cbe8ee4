//! A gate that a test holds shut to make an answer late.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::channel::oneshot;

/// Lets everybody pass while it is open, and keeps who comes while it is held.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: bool,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Gate {
    /// Who comes from now on waits.
    pub(super) fn hold(&self) {
        self.lock().held = true;
    }

    /// Lets go who waits, and everybody who comes later.
    pub(super) fn release(&self) {
        let waiting = {
            let mut state = self.lock();
            state.held = false;
            std::mem::take(&mut state.waiting)
        };
        for waiter in waiting {
            // Fails only for one who has given up.
            let _ = waiter.send(());
        }
    }

    /// How many wait now.
    pub(super) fn waiting(&self) -> usize {
        let mut state = self.lock();
        state.waiting.retain(|it| !it.is_canceled());
        state.waiting.len()
    }

    /// Passes at once, or when the gate is released.
    pub(super) async fn pass(&self) {
        let released = {
            let mut state = self.lock();
            if !state.held {
                return;
            }
            let (waiter, released) = oneshot::channel();
            state.waiting.push(waiter);
            released
        };
        // An error means that the gate is gone, and nobody holds anything back any more.
        let _ = released.await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
