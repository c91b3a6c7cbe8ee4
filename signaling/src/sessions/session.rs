//! One session.

use std::sync::Arc;
use std::time::Duration;

use signal_wire::{Absence, Address, Resume, SessionToken};
use tokio::time::Instant;

use super::Disconnect;
use super::correspondents::Correspondents;
use crate::config::Limits;
use crate::handle::{ConnectionHandle, Eviction};
use crate::outbox::{Admission, Envelope, Lane, Outbox};
use crate::source::Prefix;

#[derive(Debug)]
pub(super) struct Session {
    token: SessionToken,
    /// Where its client is, as far as outboxes of others care.
    pub(super) network: Prefix,
    /// The last number that arrived from the client.
    pub(super) received: u64,
    pub(super) outbox: Outbox,
    pub(super) presence: Presence,
    correspondents: Correspondents,
}

/// Whether the client is connected.
#[derive(Debug)]
pub(super) enum Presence {
    Attached(Arc<ConnectionHandle>),
    Detached {
        since: Instant,
        until: Instant,
        disconnect: Disconnect,
    },
}

impl Session {
    pub(super) fn new(
        token: SessionToken,
        network: Prefix,
        connection: Arc<ConnectionHandle>,
        limits: &Limits,
    ) -> Self {
        Self {
            token,
            network,
            received: 0,
            outbox: Outbox::new(limits),
            presence: Presence::Attached(connection),
            correspondents: Correspondents::default(),
        }
    }

    /// Goes on over another connection, if the client names this session and says nothing about it
    /// that cannot be. Returns its token and the last number that arrived.
    pub(super) fn resume(
        &mut self,
        resume: Resume,
        connection: Arc<ConnectionHandle>,
        network: Prefix,
        now: Instant,
    ) -> Option<(SessionToken, u64)> {
        if self.token != resume.session || self.outbox.resumed(resume.received, now).is_err() {
            return None;
        }
        self.evict(Eviction::Resumed);
        connection.wake();
        self.presence = Presence::Attached(connection);
        self.network = network;
        Some((self.token, self.received))
    }

    pub(super) const fn token(&self) -> SessionToken {
        self.token
    }

    /// Notes whom the client writes to: what they sent before has a lane of its own from now on.
    pub(super) fn wrote_to(&mut self, to: Address, network: Option<Prefix>, now: Instant) {
        if self.correspondents.note(to, network, now) {
            self.outbox.promote(&to);
        }
    }

    /// The lane for what a sender in this network sends.
    pub(super) fn lane(&self, sender: Address, network: Prefix, now: Instant) -> Lane {
        let waiting = self.outbox.lane_of(&sender);
        waiting.unwrap_or_else(|| {
            if self.correspondents.contain(&sender, now) {
                Lane::Correspondent(sender)
            } else {
                Lane::Strangers(network)
            }
        })
    }

    /// Takes an envelope for the client, if there is room.
    pub(super) fn take(&mut self, lane: Lane, envelope: Envelope) -> Admission {
        let admission = self.outbox.push(lane, envelope);
        self.wake();
        admission
    }

    /// There is something to write.
    pub(super) fn wake(&self) {
        match &self.presence {
            Presence::Attached(connection) => connection.wake(),
            Presence::Detached { .. } => {}
        }
    }

    pub(super) fn evict(&self, eviction: Eviction) {
        match &self.presence {
            Presence::Attached(connection) => connection.evict(eviction),
            Presence::Detached { .. } => {}
        }
    }

    /// Whether its client is connected from this machine.
    pub(super) fn is_own(&self) -> bool {
        match &self.presence {
            Presence::Attached(connection) => connection.is_own(),
            Presence::Detached { .. } => false,
        }
    }

    /// Whether its client wrote to somebody lately.
    pub(super) fn speaks_with(&self, address: &Address, now: Instant) -> bool {
        self.correspondents.contain(address, now)
    }

    /// Its connection stays when there are too many.
    pub(super) fn keep(&self) {
        match &self.presence {
            Presence::Attached(connection) => connection.keep(),
            Presence::Detached { .. } => {}
        }
    }

    pub(super) fn is_served_by(&self, connection: &Arc<ConnectionHandle>) -> bool {
        match &self.presence {
            Presence::Attached(attached) => Arc::ptr_eq(attached, connection),
            Presence::Detached { .. } => false,
        }
    }

    /// Since when it waits for its client to come back.
    pub(super) const fn waits_since(&self) -> Option<Instant> {
        match &self.presence {
            Presence::Attached(_) => None,
            Presence::Detached { since, .. } => Some(*since),
        }
    }

    /// Why its client is not there any more, if the session ends now.
    pub(super) const fn absence(&self) -> Absence {
        match &self.presence {
            Presence::Attached(_) => Absence::Unknown,
            Presence::Detached { disconnect, .. } => match disconnect {
                Disconnect::Reset => Absence::Closed,
                Disconnect::Silent => Absence::Silent,
            },
        }
    }

    /// Why it is over, if it is: its client has not come back in time, or has acknowledged nothing
    /// for so long.
    pub(super) fn end_due(&self, now: Instant, progress: Duration) -> Option<(Eviction, Absence)> {
        match &self.presence {
            Presence::Detached { until, .. } => {
                (now >= *until).then(|| (Eviction::Resumed, self.absence()))
            }
            Presence::Attached(_) => {
                let since = self.outbox.stalled_since()?;
                (now.duration_since(since) >= progress)
                    .then_some((Eviction::TooSlow, Absence::Silent))
            }
        }
    }
}
