//! The states of a phone.

use std::time::Duration;

use crate::call::Call;
use crate::carrier::Carrier;
use crate::id::{CallId, Peer};
use crate::reason::EndReason;
use crate::time::Timestamp;

/// Whether a phone is in a call. At most one, so one value says it all.
///
/// The stages of a call, and how a phone gets from one to the next:
///
/// ```text
///                dial                              invite
///   Dialing <------------- Idle, Ended ----------------------> Incoming
///    |    \                  ^                                   |    |
///    |     \ ringing         | dismissed, timed out              |    |
///    |      v                |                                   |    |
///    |    Ringing ---------> Ended <-----------------------------+    |
///    |      |       over      ^  ^              over, declined        |
///    |      | accept          |  |                                    |
///    +------+--> Connecting --+  |                           accepted |
///                  ^  |          | over, failed, given up             |
///                  |  |          |                                    |
///                  +--|----------|------------------------------------+
///                     | connected|
///                     v          |
///                   Active ------+
///                    |  ^        |
///               lost |  | heard  |
///                    v  |        |
///                Reconnecting ---+
/// ```
///
/// From Dialing and Ringing the peer's own call may take over (glare), straight to Connecting.
/// From every other stage an invitation of its peer may take over (recall), to Incoming.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// No call.
    #[default]
    Idle,
    /// A call that is not over.
    Call(Box<Call>, Stage),
    /// The call is over and the user has not left its screen.
    Ended(Box<Ended>),
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// Caller: invited, nothing heard yet.
    Dialing,
    /// Caller: the other device rings. Our session is open so that an answer leads to media.
    Ringing(Connectivity),
    /// Callee: our device rings. No session, and the gates are shut.
    Incoming(Invitation),
    /// Accepted; no media yet.
    Connecting,
    /// Media flows.
    Active {
        /// When media flowed for the first time.
        connected_at: Timestamp,
    },
    /// The path is lost: media flowed and shall flow again.
    Reconnecting {
        /// When media flowed for the first time.
        connected_at: Timestamp,
        /// Whether the user is told.
        outage: Outage,
    },
}

/// Whether the caller's session has connected before the message of acceptance arrives. The two
/// travel different ways, so either can be first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Connectivity {
    /// Not yet, or not any more.
    Checking,
    /// It has; the acceptance must be near.
    Connected,
}

/// What the caller said of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Invitation {
    /// Whether the caller's camera will be on.
    pub(crate) video: bool,
    /// Whether the user called or accepted the caller before.
    pub(crate) known: bool,
    /// How long the caller waits for an answer.
    pub(crate) ring: Duration,
}

/// Whether a lost path is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outage {
    /// Too short to be shown.
    Hidden,
    /// The user is told.
    Shown,
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ended {
    pub(crate) call: CallId,
    pub(crate) peer: Peer,
    pub(crate) reason: EndReason,
    /// How long media flowed; none when it never did.
    pub(crate) lasted: Option<Duration>,
    pub(crate) outgoing: bool,
    /// What carried it, and would carry it on.
    pub(crate) carrier: Carrier,
    pub(crate) resumption: Resumption,
}

/// Whether a lost call shall go on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resumption {
    /// There is nothing to go on with, or it is too late.
    None,
    /// The user may want it.
    Offered {
        /// The other side's invitation, when they want it already.
        theirs: Option<Box<Call>>,
    },
    /// The user wants it, and we had called: we invite again.
    Inviting {
        /// The call that takes the place of the one that was lost.
        call: CallId,
        /// Whether our camera will be on.
        video: bool,
    },
    /// The user wants it, and the other side had called: we wait for their invitation.
    Expecting {
        /// Whether our camera will be on.
        video: bool,
    },
}

impl State {
    /// The call that is not over.
    pub(crate) fn call(&self) -> Option<&Call> {
        match self {
            Self::Idle | Self::Ended(_) => None,
            Self::Call(call, _) => Some(call),
        }
    }

    /// The call that is not over.
    pub(crate) fn call_mut(&mut self) -> Option<&mut Call> {
        match self {
            Self::Idle | Self::Ended(_) => None,
            Self::Call(call, _) => Some(call),
        }
    }

    /// How far the call is that is not over.
    pub(crate) fn stage(&self) -> Option<Stage> {
        match self {
            Self::Idle | Self::Ended(_) => None,
            Self::Call(_, stage) => Some(*stage),
        }
    }

    /// For the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Call(_, Stage::Dialing) => "dialing",
            Self::Call(_, Stage::Ringing(_)) => "ringing",
            Self::Call(_, Stage::Incoming(_)) => "incoming",
            Self::Call(_, Stage::Connecting) => "connecting",
            Self::Call(_, Stage::Active { .. }) => "active",
            Self::Call(_, Stage::Reconnecting { .. }) => "reconnecting",
            Self::Ended(_) => "ended",
        }
    }
}

impl Stage {
    /// Whether both sides said yes, so that what is captured may leave.
    pub(crate) fn is_accepted(self) -> bool {
        match self {
            Self::Connecting | Self::Active { .. } | Self::Reconnecting { .. } => true,
            Self::Dialing | Self::Ringing(_) | Self::Incoming(_) => false,
        }
    }

    /// Whether the call has a session. The caller's opens while the other device rings; the
    /// callee's not before the user accepts, because it gives network addresses away.
    pub(crate) fn has_session(self) -> bool {
        match self {
            Self::Ringing(_)
            | Self::Connecting
            | Self::Active { .. }
            | Self::Reconnecting { .. } => true,
            Self::Dialing | Self::Incoming(_) => false,
        }
    }

    /// When media flowed for the first time.
    pub(crate) fn connected_at(self) -> Option<Timestamp> {
        match self {
            Self::Active { connected_at } | Self::Reconnecting { connected_at, .. } => {
                Some(connected_at)
            }
            Self::Dialing | Self::Ringing(_) | Self::Incoming(_) | Self::Connecting => None,
        }
    }
}
