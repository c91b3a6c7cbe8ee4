//! The handle of a network, for tests and for the sessions on it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::carrier::Carrier;
use super::conditions::Conditions;

/// A network in the process, on which [`Loopback`](super::Loopback)s open their sessions. Clones
/// share it.
#[derive(Clone)]
pub struct Network {
    carrier: Arc<Mutex<Carrier>>,
}

impl Network {
    /// A good network at the moment `now`. What it loses and repeats follows from `seed`.
    #[must_use]
    pub fn new(seed: u64, now: Instant) -> Self {
        Self {
            carrier: Arc::new(Mutex::new(Carrier::new(seed, now))),
        }
    }

    /// Carries what is sent from now on under these conditions.
    pub fn set_conditions(&self, conditions: Conditions) {
        self.lock().conditions = conditions;
    }

    /// Lets time pass: delivers what is due, tells paths and silences. Delays and silences count
    /// `passed`; what arrives is stamped `now`.
    pub fn advance(&self, passed: Duration, now: Instant) {
        self.lock().advance(passed, now);
    }

    /// Nothing passes from now on, and nobody is told: sessions notice by the silence.
    pub fn cut(&self) {
        self.lock().cut();
    }

    /// One of the two changed its network: the sessions of now lose their path at once and for good.
    /// Sessions that are opened later find one.
    pub fn roam(&self) {
        self.lock().roam();
    }

    /// Everything passes again.
    pub fn mend(&self) {
        self.lock().mend();
    }

    /// How many frames and messages are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.lock().in_flight()
    }

    /// Each call under the lock is a few moves and wakes at most the listeners of sessions.
    pub(super) fn lock(&self) -> MutexGuard<'_, Carrier> {
        self.carrier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}
