//! The token of a call, which the server renews.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::livekit::Redacted;

/// A token that is renewed; shared by the sessions of a call, and gone with the last one.
#[derive(Debug)]
pub struct Token {
    token: Mutex<Redacted<String>>,
    /// The highest number of a session that joins with it.
    last_session: AtomicU32,
}

impl Token {
    /// Begins with this one; whoever holds it sees the newest.
    #[must_use]
    pub fn shared(token: String) -> Arc<Self> {
        Arc::new(Self {
            token: Mutex::new(token.into()),
            last_session: AtomicU32::new(0),
        })
    }

    /// The newest.
    #[must_use]
    pub fn newest(&self) -> Redacted<String> {
        self.lock().clone()
    }

    /// Takes a newer one.
    pub(crate) fn renew(&self, token: String) {
        *self.lock() = token.into();
    }

    /// The session of this number joins with it.
    pub(crate) fn taken_by(&self, session: u32) {
        self.last_session.fetch_max(session, Ordering::Relaxed);
    }

    /// Whether a later session than the one of this number has joined with it.
    pub(crate) fn is_taken_over_from(&self, session: u32) -> bool {
        self.last_session.load(Ordering::Relaxed) > session
    }

    fn lock(&self) -> MutexGuard<'_, Redacted<String>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
