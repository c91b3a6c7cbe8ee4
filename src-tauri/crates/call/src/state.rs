//! The states of a phone.

use crate::time::Timestamp;
use std::fmt;

use crate::id::{CallId, Peer};
use crate::line::Line;
use crate::reason::EndReason;

/// Where a phone stands. At most one call, so one value says it all.
///
/// ```text
///                dial                              invite
///   Dialing <------------- Idle, Ended ----------------------> Incoming
///    |    \                  ^                                   |    |
///    |     \ ringing         | dismissed, seen                   |    |
///    |      v                |                                   |    |
///    |    Ringing ---------> Ended <-----------------------------+    |
///    |      |       over      ^  ^              over, declined        |
///    |      | accepted        |  |                                    |
///    +------+--> Connecting --+  |                           accept   |
///                  ^  |          | over, given up                     |
///                  |  |          |                                    |
///                  +--|----------|------------------------------------+
///                     | connected|
///                     v          |
///                   Active ------+
///                    |  ^        |
///               lost |  | found  |
///                    v  |        |
///                Reconnecting ---+
/// ```
///
/// From Dialing and Ringing the peer's own call may take over (glare), straight to Connecting.
/// From every state of a call an invitation of its peer may take over (recall), to Incoming.
#[derive(Debug, Default)]
pub(crate) enum State {
    /// No call.
    #[default]
    Idle,
    /// Caller: invited, nothing heard yet.
    Dialing(Box<Line>),
    /// Caller: the other device rings. Our session is open so that an answer leads to media.
    Ringing(Box<Line>, Path),
    /// Callee: our device rings. No session, nothing captured.
    Incoming(Box<Line>, Invitation),
    /// Accepted; no media yet.
    Connecting(Box<Line>),
    /// Media flows.
    Active(Box<Line>, Flowing),
    /// Media flowed and shall flow again.
    Reconnecting(Box<Line>, Flowing, Gap),
    /// The call is over and the user has not left its screen.
    Ended(Box<Ended>),
}

/// Whether our session found a path before the word of acceptance came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// Not yet.
    Down,
    /// It did; the word must be near.
    Up,
}

/// What the caller said of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// Whether the caller's camera will be on.
    pub(crate) video: bool,
    /// Whether the user called or accepted them before.
    pub(crate) known: bool,
}

/// A call whose media flowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flowing {
    /// When it did for the first time.
    pub(crate) since: Timestamp,
}

/// How a lost path is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Too short to be worth a word.
    Unseen,
    /// The user knows.
    Shown,
}

/// A call that is over.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) call: CallId,
    pub(crate) peer: Peer,
    pub(crate) reason: EndReason,
    pub(crate) lasted: Option<std::time::Duration>,
    pub(crate) outgoing: bool,
}

/// The name of a state, for decisions that need no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Idle,
    Dialing,
    Ringing,
    Incoming,
    Connecting,
    Active,
    Reconnecting,
    Ended,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl State {
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Idle => Phase::Idle,
            Self::Dialing(_) => Phase::Dialing,
            Self::Ringing(..) => Phase::Ringing,
            Self::Incoming(..) => Phase::Incoming,
            Self::Connecting(_) => Phase::Connecting,
            Self::Active(..) => Phase::Active,
            Self::Reconnecting(..) => Phase::Reconnecting,
            Self::Ended(_) => Phase::Ended,
        }
    }

    /// The call that is not over.
    pub(crate) fn line(&self) -> Option<&Line> {
        match self {
            Self::Idle | Self::Ended(_) => None,
            Self::Dialing(line)
            | Self::Ringing(line, _)
            | Self::Incoming(line, _)
            | Self::Connecting(line)
            | Self::Active(line, _)
            | Self::Reconnecting(line, ..) => Some(line),
        }
    }

    /// The call that is not over.
    pub(crate) fn line_mut(&mut self) -> Option<&mut Line> {
        match self {
            Self::Idle | Self::Ended(_) => None,
            Self::Dialing(line)
            | Self::Ringing(line, _)
            | Self::Incoming(line, _)
            | Self::Connecting(line)
            | Self::Active(line, _)
            | Self::Reconnecting(line, ..) => Some(line),
        }
    }

    /// Takes the call that is not over out of its state, for the next one.
    pub(crate) fn take_line(&mut self) -> Option<Box<Line>> {
        match std::mem::take(self) {
            Self::Idle => None,
            Self::Dialing(line)
            | Self::Ringing(line, _)
            | Self::Incoming(line, _)
            | Self::Connecting(line)
            | Self::Active(line, _)
            | Self::Reconnecting(line, ..) => Some(line),
            ended @ Self::Ended(_) => {
                *self = ended;
                None
            }
        }
    }

    /// When media flowed for the first time in the call that is not over.
    pub(crate) fn flowing(&self) -> Option<Flowing> {
        match self {
            Self::Active(_, flowing) | Self::Reconnecting(_, flowing, _) => Some(*flowing),
            Self::Idle
            | Self::Dialing(_)
            | Self::Ringing(..)
            | Self::Incoming(..)
            | Self::Connecting(_)
            | Self::Ended(_) => None,
        }
    }
}

impl Phase {
    /// Whether a new call can start.
    pub(crate) fn is_free(self) -> bool {
        match self {
            Self::Idle | Self::Ended => true,
            Self::Dialing
            | Self::Ringing
            | Self::Incoming
            | Self::Connecting
            | Self::Active
            | Self::Reconnecting => false,
        }
    }

    /// Whether both sides said yes, so that what is captured may leave.
    pub(crate) fn is_answered(self) -> bool {
        match self {
            Self::Connecting | Self::Active | Self::Reconnecting => true,
            Self::Idle | Self::Dialing | Self::Ringing | Self::Incoming | Self::Ended => false,
        }
    }

    /// Whether messages can go through the session's own channel, as far as we know.
    pub(crate) fn has_channel(self) -> bool {
        match self {
            Self::Active | Self::Reconnecting => true,
            Self::Idle
            | Self::Dialing
            | Self::Ringing
            | Self::Incoming
            | Self::Connecting
            | Self::Ended => false,
        }
    }
}
