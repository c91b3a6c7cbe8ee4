//! Everything that a phone wants done.

use std::fmt;
use std::time::Duration;

use crate::carrier::Carrier;
use crate::chat;
use crate::id::{CallId, Peer, RecordingId, SessionId};
use crate::message::Statement;
use crate::reason::EndReason;

/// One thing to do, in order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Output {
    /// Send a call message through signaling.
    Send {
        /// To whom.
        to: String,
        /// The call that it is about: ours, or any other that the receiver speaks of.
        call: CallId,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Open a session. The first of a call carries its media from the start; a later one is set up
    /// beside it, until [`Output::UseTransport`]. At most four are held at a time, those that are
    /// closing included.
    OpenTransport {
        /// The session.
        session: SessionId,
        /// Whether this side makes the offers.
        offerer: bool,
        /// What carries it.
        via: Carrier,
    },
    /// Ask whoever gives access to what carries the call, and keep it for the sessions of the call.
    /// Answered by [`crate::input::Input::NoAccess`] when there is none to be had. Kept until
    /// [`Output::ReleaseAccess`]. A call that rings for nobody to hear asks too: its caller is
    /// given access only when both have asked, and could tell otherwise.
    AskForAccess {
        /// The call.
        call: CallId,
        /// The other side's address: access is given to two who name each other.
        with: String,
    },
    /// Give the access to this call back: it is over.
    ReleaseAccess {
        /// The call.
        call: CallId,
    },
    /// Let this session carry the media from now on: it is connected. The one before stays open for
    /// a moment, because the other side may still send through it.
    UseTransport {
        /// The session.
        session: SessionId,
    },
    /// Close a session; answered by [`crate::input::Transport::Closed`].
    CloseTransport {
        /// The session.
        session: SessionId,
    },
    /// Hand a parcel of the other end to the session.
    Parcel {
        /// The session.
        session: SessionId,
        /// Opaque bytes.
        parcel: Vec<u8>,
    },
    /// Send a message through a session's own channel.
    Data {
        /// The session.
        session: SessionId,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Open or shut the capture gates: the only authority over mute. Answered by
    /// [`crate::input::Input::Capture`] with what is true afterwards. Nothing may leave before the
    /// first one of a call; a preview on our own screen is no capture.
    SetCapture {
        /// Whether sound may leave.
        microphone: bool,
        /// Whether the camera shall run.
        camera: bool,
    },
    /// Let the screen or window that the user chose be seen, or not any more: the only authority
    /// over it. Answered by [`crate::input::Input::Screen`] with what is true afterwards. Told to be
    /// off at the end of each call that it was wanted in.
    SetScreen {
        /// Whether pictures of it may leave.
        on: bool,
    },
    /// Find out whether the other side signed this; answered by
    /// [`crate::input::Input::Consent`] where it did, else by nothing.
    CheckConsent {
        /// Which recording it is about.
        id: RecordingId,
        /// What they say to have signed: remote, unchecked.
        by: Statement,
        /// Whether it says that they agree to our recording; else that they ask for theirs.
        agrees: bool,
    },
    /// Write a recording of the call from now on: both sides agree to it.
    Record {
        /// Which one.
        id: RecordingId,
        /// What we signed.
        ours: Statement,
        /// What they signed.
        theirs: Statement,
    },
    /// Write nothing more.
    StopRecording,
    /// Something happened in the conversation of a call.
    Chat {
        /// The call. It may be over.
        call: CallId,
        /// What.
        event: chat::Event,
    },
    /// Play this, until the next `Sound`.
    Sound(Sound),
    /// The call is over. Always the last output of a call but for its `CloseTransport`s.
    Ended {
        /// The call.
        call: CallId,
        /// With whom.
        peer: Peer,
        /// Why. [`EndReason::Replaced`] goes without an ended screen: the next call is there.
        reason: EndReason,
        /// Whether we had called.
        outgoing: bool,
        /// How long media flowed; none when it never did.
        lasted: Option<Duration>,
    },
    /// Somebody called and it did not ring: we were in another call, or the user does not want to
    /// be rung by them, or strangers rang too often. For the history.
    Missed {
        /// Who.
        peer: Peer,
    },
}

/// What the user hears besides the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sound {
    /// Nothing.
    Silence,
    /// Somebody calls us; loops.
    RingTone,
    /// The other device rings; loops.
    RingBack,
    /// Media flows for the first time; once.
    Connected,
    /// The path was lost; once.
    Lost,
    /// The call is over; once.
    Ended,
}

impl fmt::Debug for Output {
    /// Message bytes and addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { call, bytes, .. } => write!(f, "Send({call}, {} bytes)", bytes.len()),
            Self::OpenTransport {
                session,
                offerer,
                via,
            } => {
                write!(f, "OpenTransport({session}, offerer: {offerer}, {via:?})")
            }
            Self::AskForAccess { call, .. } => write!(f, "AskForAccess({call})"),
            Self::ReleaseAccess { call } => write!(f, "ReleaseAccess({call})"),
            Self::UseTransport { session } => write!(f, "UseTransport({session})"),
            Self::CloseTransport { session } => write!(f, "CloseTransport({session})"),
            Self::Parcel { session, parcel } => {
                write!(f, "Parcel({session}, {} bytes)", parcel.len())
            }
            Self::Data { session, bytes } => write!(f, "Data({session}, {} bytes)", bytes.len()),
            Self::SetCapture { microphone, camera } => {
                write!(f, "SetCapture(microphone: {microphone}, camera: {camera})")
            }
            Self::SetScreen { on } => write!(f, "SetScreen(on: {on})"),
            Self::CheckConsent { id, agrees, .. } => {
                write!(f, "CheckConsent({id}, agrees: {agrees})")
            }
            Self::Record { id, .. } => write!(f, "Record({id})"),
            Self::StopRecording => f.write_str("StopRecording"),
            Self::Chat { call, event } => write!(f, "Chat({call}, {event:?})"),
            Self::Sound(sound) => write!(f, "Sound({sound:?})"),
            Self::Ended {
                call,
                reason,
                outgoing,
                lasted,
                peer: _,
            } => {
                write!(
                    f,
                    "Ended({call}, {reason:?}, outgoing: {outgoing}, lasted: {lasted:?})"
                )
            }
            Self::Missed { .. } => f.write_str("Missed"),
        }
    }
}
