//! What the connections of one relay share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::hosts::KnownHosts;
use crate::proofs::ProofBudget;
use crate::sessions::Sessions;

/// One relay.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) config: Config,
    pub(crate) hosts: KnownHosts,
    /// Cancelled when the relay stops.
    pub(crate) stop: CancellationToken,
    /// Every connection, from its first byte to its last.
    pub(crate) tasks: TaskTracker,
    sessions: Mutex<Sessions>,
    proofs: Mutex<ProofBudget>,
}

impl Relay {
    /// A relay that listens at these ports.
    pub(crate) fn new(config: Config, listening: &[u16]) -> Self {
        Self {
            hosts: KnownHosts::new(&config.hosts, listening),
            sessions: Mutex::new(Sessions::new(&config)),
            proofs: Mutex::new(ProofBudget::new(&config.limits, Instant::now())),
            config,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// The sessions. Never held across an await; what is done under it takes microseconds.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rates of proofs. Never held across an await.
    pub(crate) fn proofs(&self) -> MutexGuard<'_, ProofBudget> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
