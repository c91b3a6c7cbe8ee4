//! What the connections of one relay share.

use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::arrivals::Arrivals;
use crate::config::{Config, Limits};
use crate::drain::Drain;
use crate::hosts::KnownHosts;
use crate::ice::Issuer;
use crate::livekit::LiveKit;
use crate::metrics::{Gauges, Metrics, Refusal};
use crate::pending::Pending;
use crate::proofs::ProofBudget;
use crate::quota::{ConnectionQuota, Permit};
use crate::sessions::Sessions;

/// One relay.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) config: Config,
    pub(crate) hosts: KnownHosts,
    pub(crate) drain: Drain,
    /// Every connection, from its first byte to its last.
    pub(crate) tasks: TaskTracker,
    /// Tells clients of STUN and TURN servers.
    pub(crate) ice: Issuer,
    /// Lets the parties of calls into rooms, where there is a server.
    pub(crate) livekit: Option<LiveKit>,
    pub(crate) metrics: Metrics,
    /// Those that have not proven an address yet.
    pub(crate) pending: Pending,
    arrivals: Arrivals,
    quota: ConnectionQuota,
    /// For the machine itself, where the relay is embedded.
    own_quota: Option<ConnectionQuota>,
    sessions: Mutex<Sessions>,
    proofs: Mutex<ProofBudget>,
}

impl Relay {
    /// A relay that listens at these ports.
    ///
    /// # Errors
    /// When there is a LiveKit server to which no connection is possible.
    pub(crate) fn new(mut config: Config, listening: &[u16]) -> io::Result<Self> {
        let now = Instant::now();
        // The secret is in one place.
        let livekit = config.livekit.take();
        let Limits {
            connections,
            connections_per_ip,
            ..
        } = config.limits;
        let livekit = livekit.map(|it| LiveKit::new(it, connections, connections_per_ip));
        let quota = if config.embedded {
            ConnectionQuota::of_neighbours(&config.limits)
        } else {
            ConnectionQuota::new(&config.limits)
        };
        Ok(Self {
            hosts: KnownHosts::new(&config.hosts, listening, config.embedded),
            drain: Drain::default(),
            tasks: TaskTracker::new(),
            metrics: Metrics::default(),
            pending: Pending::new(config.limits.unauthenticated),
            arrivals: Arrivals::new(&config.limits, now),
            quota,
            own_quota: config.embedded.then(|| ConnectionQuota::of_one(OWN)),
            ice: Issuer::new(config.ice.clone(), config.limits.connections),
            livekit: livekit.transpose()?,
            sessions: Mutex::new(Sessions::new(&config)),
            proofs: Mutex::new(ProofBudget::new(&config.limits, now)),
            config,
        })
    }

    /// Takes a connection in, if the limits of its source and of the relay allow.
    pub(crate) fn admit(&self, ip: IpAddr) -> Result<Permit, Refusal> {
        if let Some(own) = self.own_quota.as_ref().filter(|_| ip.is_loopback()) {
            return own.acquire(ip).ok_or(Refusal::Full);
        }
        if !self.arrivals.admit(ip, Instant::now()) {
            return Err(Refusal::Rate);
        }
        self.quota.acquire(ip).ok_or(Refusal::Full)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.quota.is_full()
    }

    pub(crate) fn gauges(&self) -> Gauges {
        Gauges {
            connections: self.quota.len() + self.own_quota.as_ref().map_or(0, ConnectionQuota::len),
            pending: self.pending.len(),
            sessions: self.sessions().len(),
            livekit_rooms: self.livekit.as_ref().map_or(0, LiveKit::rooms),
            draining: self.drain.has_begun(),
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

/// Connections from the machine itself to a relay that is embedded: the application has one, and opens
/// another before the relay knows that the first has broken.
const OWN: usize = 8;
