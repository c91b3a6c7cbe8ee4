//! What two phones say to each other, and its form on the wire.
//!
//! One message is one JSON object, `{"v":1,"call":"<16 hex digits>","do":"…",…}`, the same through
//! signaling and through the session's own channel. Every version keeps `v`, `call` and `do`, so
//! that versions can at least tell each other that they do not fit. The bytes are a stranger's:
//! parsing never panics and allocates no more than a small multiple of [`MAX_MESSAGE`].

mod chat;
mod parcel;
mod receipt;
mod recording;
mod report;

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::carrier::{Carrier, Carriers};
use crate::chat::Text;
use crate::id::{CallId, Peer};

pub use chat::Chat;
pub use parcel::Parcel;
pub use receipt::Receipt;
pub use recording::{Allows, Record, RecordOver, Recorded, Statement, Wants};
pub use report::ControlsReport;

/// The version that this phone speaks.
pub const VERSION: u16 = 1;

/// The largest message, in bytes: what an envelope of the relay carries, sealed.
pub const MAX_MESSAGE: usize = 47 * 1024;

/// The largest parcel, in bytes: in base64 it fits a message.
pub const MAX_PARCEL: usize = 32 * 1024;

/// The largest message through the session's own channel, in bytes: the longest text, with all of it
/// escaped, and what stands around it.
pub const MAX_DATA: usize = 36 * 1024;

const _: () = assert!(2 * Text::MAX + 1024 <= MAX_DATA && MAX_DATA <= MAX_MESSAGE);

/// What one phone says to the other about one call.
///
/// ```
/// use call::id::CallId;
/// use call::message::{Body, Message, MessageError};
///
/// let message = Message { call: CallId(1), body: Body::Ringing };
/// let bytes = message.encode();
/// assert_eq!(bytes, br#"{"v":1,"call":"0000000000000001","do":"ringing"}"#);
/// assert_eq!(Message::parse(&bytes), Ok(message));
/// assert_eq!(Message::parse(b"hello"), Err(MessageError::Malformed));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Message {
    /// Which call.
    pub call: CallId,
    /// What is said.
    pub body: Body,
}

/// What is said about a call.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Body {
    /// Caller: shall we talk? Repeated until there is an answer.
    Invite {
        /// What the caller calls themselves; clean after parsing.
        name: String,
        /// Whether the caller's camera will be on.
        video: bool,
        /// Milliseconds for which the caller waits for an answer.
        ring_ms: u32,
        /// The call between the two that was lost, when the caller wants to go on with it. A callee
        /// who wants that too is connected without being rung.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resumes: Option<CallId>,
        /// What can carry the call, as far as the caller goes.
        #[serde(default, skip_serializing_if = "Carriers::is_direct_only")]
        via: Carriers,
    },
    /// Callee: the user is being told.
    Ringing,
    /// Callee: yes. Repeated until media flows.
    Accept {
        /// What the callee calls themselves; clean after parsing.
        name: String,
        /// The callee's own call to the caller that gave way to this one.
        instead_of: Option<CallId>,
        /// Which of what the invitation names carries the call.
        #[serde(default, skip_serializing_if = "is_direct")]
        via: Carrier,
    },
    /// Either: a parcel of our end of a session for yours. Repeated until it is acknowledged. One of a
    /// session with a higher number than any before begins that session; only the caller's does.
    Parcel {
        /// [`SessionId::number`](crate::id::SessionId::number).
        session: u32,
        /// Counted from 0 in each session.
        number: u32,
        /// Opaque; at most [`MAX_PARCEL`].
        parcel: Parcel,
    },
    /// Either: all parcels of your end of a session with a lower number have arrived.
    Received {
        /// [`SessionId::number`](crate::id::SessionId::number).
        session: u32,
        /// The number that comes next.
        next: u32,
    },
    /// Callee: begin a session of this number or above, because my network changed or I hear nothing.
    /// Repeated until there is one while the path is lost.
    Renew {
        /// [`SessionId::number`](crate::id::SessionId::number).
        session: u32,
    },
    /// Either: what I really send and lack. On every change and once a second.
    Controls(ControlsReport),
    /// Either: what I heard and showed in the last second. Once a second while media flows.
    Receipt(Receipt),
    /// Either: what I say of the recording that I want.
    Record(Record),
    /// Either: what I say of the recording that you want.
    Recorded(Recorded),
    /// Either: a text, or word of texts.
    Chat(Chat),
    /// Either: are you still in this call? Answered only when not.
    Still,
    /// Either: the call is over for me.
    Over {
        /// Why.
        why: Over,
    },
}

/// Why a call is over, as its side tells the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Over {
    /// Callee: the user does not want to.
    Declined,
    /// Callee: in another call.
    Busy,
    /// Caller: gave up before an answer.
    Cancelled,
    /// The user ended the running call.
    HungUp,
    /// No path for media was found.
    NoPath,
    /// The path was lost for too long.
    Lost,
    /// I know of no such call.
    Gone,
    /// I speak none of your versions, or can use nothing that could carry the call for you.
    Incompatible,
    /// Nobody gives access to the server that was to carry the call.
    NoAccess,
    /// That server cannot be reached from here.
    NoServer,
    /// It does not let this side in.
    ServerRefused,
    /// It ended the call.
    ServerEnded,
    /// Your media does not prove to be the one that you announced.
    NotSecure,
    /// A reason of a later version.
    #[serde(other)]
    Unknown,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// Longer than [`MAX_MESSAGE`].
    #[error("a call message of {0} bytes is too large")]
    TooLarge(usize),
    /// It is a message, but of another version.
    #[error("a call message has version {version}")]
    Version {
        /// Theirs.
        version: u16,
        /// The call it is about.
        call: CallId,
        /// Whether it is an invitation, which deserves an answer.
        invite: bool,
    },
    /// Not what this version looks like.
    #[error("bytes are no call message")]
    Malformed,
}

impl Message {
    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let frame = Frame {
            v: VERSION,
            call: self.call,
            body: &self.body,
        };
        serde_json::to_vec(&frame).expect("a message of strings and numbers always serializes")
    }

    /// Reads a stranger's bytes.
    ///
    /// # Errors
    /// When they are too many, of another version, or no message.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > MAX_MESSAGE {
            return Err(MessageError::TooLarge(bytes.len()));
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| MessageError::Malformed)?;
        if head.v != VERSION {
            let invite = head.what == "invite";
            return Err(MessageError::Version {
                version: head.v,
                call: head.call,
                invite,
            });
        }
        let body: Body = serde_json::from_slice(bytes).map_err(|_| MessageError::Malformed)?;
        Ok(Self {
            call: head.call,
            body: body.cleaned(),
        })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.call, self.body)
    }
}

impl Body {
    /// Cleans the names: they are shown to the user.
    fn cleaned(self) -> Self {
        match self {
            Self::Invite {
                name,
                video,
                ring_ms,
                resumes,
                via,
            } => Self::Invite {
                name: Peer::clean_name(&name),
                video,
                ring_ms,
                resumes,
                via,
            },
            Self::Accept {
                name,
                instead_of,
                via,
            } => Self::Accept {
                name: Peer::clean_name(&name),
                instead_of,
                via,
            },
            Self::Ringing
            | Self::Parcel { .. }
            | Self::Received { .. }
            | Self::Renew { .. }
            | Self::Controls(_)
            | Self::Receipt(_)
            | Self::Record(_)
            | Self::Recorded(_)
            | Self::Chat(_)
            | Self::Still
            | Self::Over { .. } => self,
        }
    }
}

impl fmt::Debug for Body {
    /// Names and parcels stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invite { video, via, .. } => write!(f, "Invite(video: {video}, {via:?})"),
            Self::Ringing => f.write_str("Ringing"),
            Self::Accept { via, .. } => write!(f, "Accept(via: {via:?})"),
            Self::Parcel {
                session,
                number,
                parcel,
            } => write!(f, "Parcel({session}, {number}, {parcel:?})"),
            Self::Received { session, next } => write!(f, "Received({session}, {next})"),
            Self::Renew { session } => write!(f, "Renew({session})"),
            Self::Controls(report) => fmt::Debug::fmt(report, f),
            Self::Receipt(receipt) => fmt::Debug::fmt(receipt, f),
            Self::Record(record) => fmt::Debug::fmt(record, f),
            Self::Recorded(recorded) => fmt::Debug::fmt(recorded, f),
            Self::Chat(chat) => fmt::Debug::fmt(chat, f),
            Self::Still => f.write_str("Still"),
            Self::Over { why } => write!(f, "Over({why:?})"),
        }
    }
}

fn is_direct(via: &Carrier) -> bool {
    *via == Carrier::Direct
}

#[derive(Serialize)]
struct Frame<'a> {
    v: u16,
    call: CallId,
    #[serde(flatten)]
    body: &'a Body,
}

#[derive(Deserialize)]
struct Head {
    v: u16,
    call: CallId,
    #[serde(rename = "do")]
    what: String,
}
