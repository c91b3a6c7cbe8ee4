//! One machine's transport on the network, and what a test can do to its sessions.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{self, BoxFuture};

use super::carrier::Load;
use super::gate::Gate;
use super::network::Network;
use super::session;
use crate::transport::{
    IceServer, MediaTransport, NetworkEstimate, OpenParams, Session, Stream, TransportError,
    TransportEvent,
};

/// A transport whose sessions live on a [`Network`]. Clones share it.
#[derive(Clone, Debug)]
pub struct Loopback {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    network: Network,
    /// Tells our sessions from those of others on the network.
    owner: u64,
    openings: Arc<Gate>,
    closings: Arc<Gate>,
    failures: Mutex<VecDeque<TransportError>>,
    opened: AtomicU64,
    /// Those that the last session was to be opened with.
    servers: Mutex<Vec<IceServer>>,
}

impl Loopback {
    /// The transport of one more machine on this network.
    #[must_use]
    pub fn on(network: &Network) -> Self {
        Self {
            inner: Arc::new(Inner {
                network: network.clone(),
                owner: network.lock().new_owner(),
                openings: Arc::default(),
                closings: Arc::default(),
                failures: Mutex::default(),
                opened: AtomicU64::new(0),
                servers: Mutex::default(),
            }),
        }
    }

    /// The next session cannot be opened. Called several times it lets as many fail.
    pub fn fail_open(&self, error: TransportError) {
        let failures = &self.inner.failures;
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.push_back(error);
    }

    /// Sessions do not open until [`Loopback::release_opens`].
    pub fn hold_opens(&self) {
        self.inner.openings.hold();
    }

    /// Sessions open again, those that were held back at once.
    pub fn release_opens(&self) {
        self.inner.openings.release();
    }

    /// How many openings are held back and still waited for.
    #[must_use]
    pub fn held_opens(&self) -> usize {
        self.inner.openings.waiting()
    }

    /// Closing takes until [`Loopback::release_closes`]. What a session holds is free at once.
    pub fn hold_closes(&self) {
        self.inner.closings.hold();
    }

    /// Closing takes no time again.
    pub fn release_closes(&self) {
        self.inner.closings.release();
    }

    /// The running session fails: it tells so, and nothing passes any more.
    pub fn fail(&self, error: TransportError) {
        let inner = &self.inner;
        if let Some((_, end)) = inner.network.lock().of(inner.owner).next_back() {
            end.fail(error);
        }
    }

    /// The running session says goodbye to the other side, which nobody here asked for.
    pub fn say_goodbye(&self) {
        let inner = &self.inner;
        let mut network = inner.network.lock();
        let newest = network
            .of(inner.owner)
            .next_back()
            .map(|(number, _)| number);
        if let Some(number) = newest {
            network.send(number, Load::Goodbye);
        }
    }

    /// The running session estimates what the network carries.
    pub fn estimate(&self, estimate: NetworkEstimate) {
        let inner = &self.inner;
        if let Some((_, end)) = inner.network.lock().of(inner.owner).next_back() {
            end.tell(TransportEvent::Estimate(estimate));
        }
    }

    /// How many sessions are open.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        self.inner.network.lock().of(self.inner.owner).count()
    }

    /// What each open session, the oldest first, was told last of whether a stream is muted; `None`
    /// where it was told nothing.
    #[must_use]
    pub fn muted(&self, stream: Stream) -> Vec<Option<bool>> {
        let inner = &self.inner;
        let mut network = inner.network.lock();
        let sessions = network.of(inner.owner);
        sessions.map(|(_, end)| end.muted[stream]).collect()
    }

    /// The servers that the last session was to be opened with.
    #[must_use]
    pub fn ice_servers(&self) -> Vec<IceServer> {
        let servers = &self.inner.servers;
        let servers = servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.clone()
    }

    /// How many sessions were ever opened.
    #[must_use]
    pub fn sessions_opened(&self) -> u64 {
        self.inner.opened.load(Ordering::Relaxed)
    }
}

impl MediaTransport for Loopback {
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>> {
        let inner = Arc::clone(&self.inner);
        inner
            .servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&params.ice_servers);
        let failure = {
            let mut failures = inner
                .failures
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            failures.pop_front()
        };
        if let Some(error) = failure {
            return future::ready(Err(error)).boxed();
        }
        async move {
            inner.openings.pass().await;
            if let Some(access) = params.access.clone()
                && access.credentials().await.is_err()
            {
                return Err(TransportError::ServerRefused("no access"));
            }
            inner.opened.fetch_add(1, Ordering::Relaxed);
            let closings = Arc::clone(&inner.closings);
            Ok(session::open(
                &inner.network,
                inner.owner,
                &params,
                closings,
            ))
        }
        .boxed()
    }
}
