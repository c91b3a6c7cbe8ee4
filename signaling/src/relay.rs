//! What the connections of one relay share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::ice::Issuer;
use crate::sessions::Sessions;

/// One relay.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) config: Config,
    /// Cancelled when the relay stops.
    pub(crate) stop: CancellationToken,
    /// Every connection, from its first byte to its last.
    pub(crate) tasks: TaskTracker,
    /// Tells clients of STUN and TURN servers.
    pub(crate) ice: Issuer,
    sessions: Mutex<Sessions>,
}

impl Relay {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            sessions: Mutex::new(Sessions::new(&config)),
            ice: Issuer::new(config.ice.clone(), config.limits.connections),
            config,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// The sessions. Never held across an await; what is done under it takes microseconds.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
