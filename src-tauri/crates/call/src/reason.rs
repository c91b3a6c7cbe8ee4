//! Why a call ended: a closed list, apart from errors.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a call ended, from this side's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// This side ended the running call.
    LocalHangup,
    /// The other side ended the running call.
    RemoteHangup,
    /// This side, the caller, gave up before an answer.
    Cancelled,
    /// The other side, the caller, gave up before we answered: a missed call.
    Missed,
    /// This side declined.
    Declined,
    /// The other side declined.
    RemoteDeclined,
    /// The other side is in another call.
    Busy,
    /// Nobody answered in time (caller's view; the callee's is `Missed`).
    NoAnswer,
    /// The other side is not there: its relay does not know it.
    Unreachable,
    /// The relay could not be reached, so the call could not even ring.
    NoRelay,
    /// No path for media was found after the answer, or the session could not be set up.
    NoPath,
    /// The path was lost and did not come back in time, or the session failed.
    ConnectionLost,
    /// The other side vanished without a word: it crashed or was killed.
    PeerGone,
    /// The other side speaks no version that we know.
    Incompatible,
    /// The other side replaced this call by a new one.
    Replaced,
    /// The other side's media does not prove to be the one that was announced: somebody may be in
    /// the middle.
    NotSecure,
    /// No relay of the call gives access to the server that was to carry it.
    NoAccess,
    /// The server that carries the call does not answer, or nothing passes to it and back.
    ServerUnreachable,
    /// The server that was to carry the call does not let us in.
    ServerRefused,
    /// The server that carried the call ended it.
    ServerEnded,
    /// This program failed.
    InternalError,
}

all_variants! {
    /// All reasons, for tables and tests that must not miss one.
    ///
    /// ```
    /// use call::reason::EndReason;
    ///
    /// assert_eq!(EndReason::ALL.len(), 21);
    /// assert!(EndReason::ALL.contains(&EndReason::PeerGone));
    /// ```
    pub EndReason {
        LocalHangup,
        RemoteHangup,
        Cancelled,
        Missed,
        Declined,
        RemoteDeclined,
        Busy,
        NoAnswer,
        Unreachable,
        NoRelay,
        NoPath,
        ConnectionLost,
        PeerGone,
        Incompatible,
        Replaced,
        NotSecure,
        NoAccess,
        ServerUnreachable,
        ServerRefused,
        ServerEnded,
        InternalError,
    }
}

impl EndReason {
    /// Whether nobody wanted the end: a call that was running may go on.
    #[must_use]
    pub fn is_loss(self) -> bool {
        match self {
            Self::ConnectionLost | Self::PeerGone => true,
            Self::LocalHangup
            | Self::RemoteHangup
            | Self::Cancelled
            | Self::Missed
            | Self::Declined
            | Self::RemoteDeclined
            | Self::Busy
            | Self::NoAnswer
            | Self::Unreachable
            | Self::NoRelay
            | Self::NoPath
            | Self::Incompatible
            | Self::Replaced
            | Self::NotSecure
            | Self::NoAccess
            | Self::ServerUnreachable
            | Self::ServerRefused
            | Self::ServerEnded
            | Self::InternalError => false,
        }
    }

    /// Whether the ended screen stays until the user dismisses it. An end that one of the two
    /// wanted leaves the screen by itself.
    ///
    /// ```
    /// use call::reason::EndReason;
    ///
    /// assert!(EndReason::ConnectionLost.stays());
    /// assert!(!EndReason::RemoteHangup.stays());
    /// ```
    #[must_use]
    pub fn stays(self) -> bool {
        match self {
            Self::LocalHangup
            | Self::RemoteHangup
            | Self::Cancelled
            | Self::Declined
            | Self::Replaced => false,
            Self::Missed
            | Self::RemoteDeclined
            | Self::Busy
            | Self::NoAnswer
            | Self::Unreachable
            | Self::NoRelay
            | Self::NoPath
            | Self::ConnectionLost
            | Self::PeerGone
            | Self::Incompatible
            | Self::NotSecure
            | Self::NoAccess
            | Self::ServerUnreachable
            | Self::ServerRefused
            | Self::ServerEnded
            | Self::InternalError => true,
        }
    }
}
