//! Why a connection ended, and what the server says when it ends one.

/// Why a connection ended, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// We left.
    #[error("left the room")]
    Left,
    /// The address of the server is none.
    #[error("the address of the LiveKit server cannot be used")]
    BadAddress,
    /// No answer, or none in time. Trying again may help.
    #[error("the LiveKit server does not answer")]
    Unreachable,
    /// Nobody whom this machine trusts vouches for the server's certificate.
    #[error("the certificate of the LiveKit server is not trusted")]
    Untrusted,
    /// The token is not taken (HTTP 401 or 403): expired, or of another key. Only a new one helps.
    #[error("the LiveKit server refused the token")]
    Refused,
    /// There is no `/rtc/v1` (HTTP 404 without a word of a room): a server before 1.9.10. Who runs
    /// it must renew it.
    #[error("the LiveKit server is too old")]
    TooOld,
    /// The server could not start the session (HTTP 5xx): a passing fault, or a full room, which
    /// looks the same.
    #[error("the LiveKit server could not let us in")]
    ServerFault,
    /// Something else answers there.
    #[error("what answers is no LiveKit server")]
    NotLiveKit,
    /// The server closed the connection before it said anything.
    #[error("the LiveKit server closed the connection without a word")]
    HungUp,
    /// The room does not let us in: it is full.
    #[error("the room does not let us in")]
    NotAdmitted,
    /// The room was deleted, or closed after everybody left, and joining does not make it anew.
    #[error("the room is gone")]
    RoomGone,
    /// Somebody with the rights to do so removed us.
    #[error("removed from the room")]
    Removed,
    /// The same identity joined from elsewhere.
    #[error("the same identity joined from elsewhere")]
    Duplicate,
    /// The server shuts down. Another join may find another one.
    #[error("the LiveKit server shuts down")]
    ServerStops,
    /// The server has lost the session, and a new join helps.
    #[error("the LiveKit server wants a new join")]
    JoinAnew,
    /// The server ended the session for a reason of its own.
    #[error("the LiveKit server ended the session")]
    Ended,
    /// What the server sent cannot be read, or is too large.
    #[error("the LiveKit server sent what cannot be read")]
    BadMessage,
}

impl Cause {
    /// Whether joining again, with the same token, may succeed.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        match self {
            Self::Unreachable
            | Self::ServerFault
            | Self::HungUp
            | Self::ServerStops
            | Self::JoinAnew => true,
            Self::Left
            | Self::BadAddress
            | Self::Untrusted
            | Self::Refused
            | Self::TooOld
            | Self::NotLiveKit
            | Self::NotAdmitted
            | Self::RoomGone
            | Self::Removed
            | Self::Duplicate
            | Self::Ended
            | Self::BadMessage => false,
        }
    }

    /// What a leave that ends the session means.
    pub(super) const fn of_leave(action: Action, reason: Reason) -> Self {
        match (action, reason) {
            (_, Reason::ServerShutdown) => Self::ServerStops,
            (Action::JoinAnew | Action::Resume, _)
            | (Action::Disconnect, Reason::StateMismatch | Reason::Migration) => Self::JoinAnew,
            (Action::Disconnect, Reason::ClientInitiated) => Self::Left,
            (Action::Disconnect, Reason::DuplicateIdentity) => Self::Duplicate,
            (Action::Disconnect, Reason::ParticipantRemoved) => Self::Removed,
            (Action::Disconnect, Reason::RoomDeleted | Reason::RoomClosed) => Self::RoomGone,
            (Action::Disconnect, Reason::JoinFailure) => Self::NotAdmitted,
            (
                Action::Disconnect,
                Reason::Unknown
                | Reason::SignalClose
                | Reason::UserUnavailable
                | Reason::UserRejected
                | Reason::ConnectionTimeout
                | Reason::MediaFailure,
            ) => Self::Ended,
        }
    }
}

/// What the server wants done (`LeaveRequest.Action`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: it is over.
    Disconnect,
    /// The session resumed. The connection does that itself.
    Resume,
    /// A new join, with new peer connections.
    JoinAnew,
}

impl Action {
    /// By its number; an unknown one ends the session, as the protocol's default does.
    pub(super) const fn of(number: i32) -> Self {
        match number {
            1 => Self::Resume,
            2 => Self::JoinAnew,
            _ => Self::Disconnect,
        }
    }
}

/// Why a participant left (`DisconnectReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// None was given, or one that this version does not know.
    Unknown,
    /// The participant wanted to.
    ClientInitiated,
    /// Its identity joined again.
    DuplicateIdentity,
    /// The server shuts down.
    ServerShutdown,
    /// Removed through the server's API.
    ParticipantRemoved,
    /// The room was deleted through the server's API.
    RoomDeleted,
    /// A resume of a session that the server does not have.
    StateMismatch,
    /// It never got into the room.
    JoinFailure,
    /// It shall go to another server.
    Migration,
    /// Its signal connection was closed.
    SignalClose,
    /// Everybody had left.
    RoomClosed,
    /// The user did not answer.
    UserUnavailable,
    /// The user declined.
    UserRejected,
    /// The server heard nothing of it for about 20 s.
    ConnectionTimeout,
    /// Its media failed.
    MediaFailure,
}

impl Reason {
    pub(super) const fn of(number: i32) -> Self {
        match number {
            1 => Self::ClientInitiated,
            2 => Self::DuplicateIdentity,
            3 => Self::ServerShutdown,
            4 => Self::ParticipantRemoved,
            5 => Self::RoomDeleted,
            6 => Self::StateMismatch,
            7 => Self::JoinFailure,
            8 => Self::Migration,
            9 => Self::SignalClose,
            10 => Self::RoomClosed,
            11 => Self::UserUnavailable,
            12 => Self::UserRejected,
            14 => Self::ConnectionTimeout,
            15 => Self::MediaFailure,
            _ => Self::Unknown,
        }
    }

    pub(super) const fn number(self) -> i32 {
        match self {
            Self::Unknown => 0,
            Self::ClientInitiated => 1,
            Self::DuplicateIdentity => 2,
            Self::ServerShutdown => 3,
            Self::ParticipantRemoved => 4,
            Self::RoomDeleted => 5,
            Self::StateMismatch => 6,
            Self::JoinFailure => 7,
            Self::Migration => 8,
            Self::SignalClose => 9,
            Self::RoomClosed => 10,
            Self::UserUnavailable => 11,
            Self::UserRejected => 12,
            Self::ConnectionTimeout => 14,
            Self::MediaFailure => 15,
        }
    }
}
