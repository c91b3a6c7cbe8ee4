//! How the sessions wake the task of one connection.

use signal_wire::{ErrorCode, RelayFrame};
use tokio::sync::{Notify, SetOnce};

/// A connection as its session knows it: the session notifies, the task of the connection waits.
#[derive(Debug, Default)]
pub(crate) struct ConnectionHandle {
    /// There are frames to write.
    pub(crate) outgoing: Notify,
    /// The client wants to be told of servers again.
    pub(crate) ice: Notify,
    /// Something arrived that will have to be acknowledged.
    pub(crate) incoming: Notify,
    /// The connection has lost its session and shall end.
    pub(crate) eviction: SetOnce<Eviction>,
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
    /// The first eviction counts.
    pub(crate) fn evict(&self, eviction: Eviction) {
        let _first: Result<(), _> = self.eviction.set(eviction);
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
