//! The token of a call, which the server renews.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::livekit::Redacted;

/// A token that is renewed; whoever holds it sees the newest.
#[derive(Debug)]
pub struct Token(Mutex<Redacted<String>>);

impl Token {
    /// Begins with this one.
    #[must_use]
    pub fn shared(token: String) -> Arc<Self> {
        Arc::new(Self(Mutex::new(token.into())))
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

    fn lock(&self) -> MutexGuard<'_, Redacted<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
