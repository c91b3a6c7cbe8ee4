//! How the sessions wake the task of one connection.

use std::sync::{Arc, OnceLock};

use signal_wire::{ErrorCode, RelayFrame};
use tokio::sync::Notify;

use crate::quota::Permit;

/// A connection as its session knows it: the session notifies, the task of the connection waits.
#[derive(Debug, Default)]
pub(crate) struct ConnectionHandle {
    /// There are frames to write, or the connection has been evicted.
    woken: Notify,
    eviction: OnceLock<Eviction>,
    permit: Option<Arc<Permit>>,
}

/// Why a connection has lost its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eviction {
    /// The same client came back by another connection.
    Resumed,
    /// Another client proved the same address.
    TakenOver,
    /// The client acknowledges nothing of what it is sent.
    TooSlow,
}

impl ConnectionHandle {
    /// Of the connection that has this right to be here.
    pub(crate) fn of(permit: Arc<Permit>) -> Self {
        Self {
            permit: Some(permit),
            ..Self::default()
        }
    }

    /// Whether its client is on this machine.
    pub(crate) fn is_own(&self) -> bool {
        let permit = self.permit.as_ref();
        permit.is_some_and(|it| it.ip().is_loopback())
    }

    /// Whether it may have to make room for another one.
    pub(crate) fn is_visitors(&self) -> bool {
        self.permit.as_ref().is_some_and(|it| it.is_visitors())
    }

    /// A client of this machine speaks with its client: it stays when there are too many.
    pub(crate) fn keep(&self) {
        if let Some(permit) = &self.permit {
            permit.keep();
        }
    }

    /// There is something to write.
    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    /// The connection has lost its session and shall end. The first eviction counts.
    pub(crate) fn evict(&self, eviction: Eviction) {
        self.eviction.get_or_init(|| eviction);
        self.woken.notify_one();
    }

    /// Waits until there may be something to write, or the connection has been evicted.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Whether the connection has been evicted, and why.
    pub(crate) fn evicted(&self) -> Option<Eviction> {
        self.eviction.get().copied()
    }
}

impl Eviction {
    /// The last frame on the connection; none when the client has already left it.
    pub(crate) const fn final_frame(self) -> Option<RelayFrame> {
        match self {
            Self::Resumed => None,
            Self::TakenOver => Some(RelayFrame::TakenOver),
            Self::TooSlow => Some(RelayFrame::Error {
                code: ErrorCode::TooSlow,
            }),
        }
    }
}
