//! Everything that can happen to a phone.

use std::fmt;
use std::time::Duration;

use crate::carrier::Carrier;
use crate::chat::Text;
use crate::id::{CallId, Peer, RecordingId, SessionId};
use crate::message::{Receipt, Statement};
use crate::view::Lacking;

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// The user wants something.
    Command(Command),
    /// A call message came through signaling from the person whose key proved `from`.
    Message {
        /// Who sent it. The name is not known here; an invite carries it.
        from: String,
        /// What the sender is to the user.
        standing: Standing,
        /// The bytes: remote, unchecked.
        bytes: Vec<u8>,
    },
    /// Signaling could not deliver: nobody is at that address now.
    Undeliverable {
        /// The address that is not there.
        to: String,
        /// Why, as far as signaling knows.
        why: Absence,
    },
    /// No message can be exchanged about this call: the other side proved that it speaks none of
    /// the versions in which messages are sealed.
    Incompatible {
        /// The other side.
        from: String,
        /// The call.
        call: CallId,
    },
    /// [`Output::AskForAccess`](crate::output::Output::AskForAccess) comes to nothing: no relay of the
    /// call gives access to what was to carry it.
    NoAccess {
        /// Which call.
        call: CallId,
    },
    /// The link to signaling came or went.
    Link {
        /// Whether messages can be sent.
        online: bool,
    },
    /// This machine's addresses or routes changed: what paths are made of.
    NetworkChanged,
    /// What a session reports. Late reports of a session that is over are ignored.
    Transport {
        /// Which session.
        session: SessionId,
        /// The report.
        state: Transport,
    },
    /// A session has a parcel for its other end.
    Parcel {
        /// Which session.
        session: SessionId,
        /// Opaque bytes.
        parcel: Vec<u8>,
    },
    /// A message came through a session's own channel: remote, unchecked.
    Data {
        /// Which session.
        session: SessionId,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// This machine cannot make or show the media of the call, whatever carries it.
    Broken {
        /// Which call.
        call: CallId,
    },
    /// The capture gates are in this state now; answers every [`crate::output::Output::SetCapture`].
    /// The other side and the UI are told what this says, never what the user wishes.
    Capture {
        /// Whether the microphone's gate is open.
        microphone: bool,
        /// Whether the camera runs.
        camera: bool,
        /// Which device the user wants and cannot have: why a gate is shut.
        lacking: Lacking,
    },
    /// Whether our screen or a window is shared now; answers every
    /// [`crate::output::Output::SetScreen`], and comes by itself when what is shared is gone.
    Screen {
        /// Whether pictures of it may leave.
        on: bool,
    },
    /// What was captured, heard and shown here in the last second. Once a second while the call has
    /// media.
    Receipt(Receipt),
    /// What somebody signed of a recording was signed by the other side of our call, and speaks of
    /// this call; answers [`crate::output::Output::CheckConsent`], where it is so.
    Consent(Consent),
    /// Our recording cannot be written.
    RecordingFailed {
        /// Which one.
        id: RecordingId,
    },
    /// A deadline of [`crate::phone::Phone::poll_timeout`] passed.
    Tick,
}

/// What the other side signed of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Consent {
    /// They ask to record us.
    Asks {
        /// Which one.
        id: RecordingId,
    },
    /// They agree to be recorded.
    Agrees {
        /// Which one.
        id: RecordingId,
        /// What they signed.
        theirs: Statement,
    },
}

/// What the sender of a message is to the user: whose invitation rings, and what a ring may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The user saved, called or accepted them: they ring, and the camera may warm up meanwhile.
    Known,
    /// Nothing is known of them: they ring within a budget, and no device opens before the answer.
    Stranger,
    /// The user does not want to be rung by people like them. Nothing rings; they get what a call
    /// gets that nobody answers, and are remembered as missed.
    Unwelcome,
    /// The user blocked them: as [`Standing::Unwelcome`], and not even remembered.
    Blocked,
}

/// Why nobody is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Absence {
    /// Their machine closed the connection: the program ended or was killed.
    Closed,
    /// The same, and this machine saw it itself: they were connected to it, or it to them, and their
    /// machine refuses another connection or makes none.
    Ended,
    /// Their machine has not been heard of for too long: its network failed, or it sleeps.
    Silent,
    /// Not known: nobody was there lately, or signaling does not say.
    Unknown,
}

/// What the user can want of a phone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Call somebody. While that very person calls us, this accepts their call instead.
    Dial {
        /// The new call: a fresh random id.
        call: CallId,
        /// Whom.
        peer: Peer,
        /// Camera on from the start.
        video: bool,
        /// What carries the call.
        via: Carrier,
    },
    /// Answer, with our camera or without.
    Accept {
        /// Camera on from the start.
        video: bool,
    },
    /// Do not answer.
    Decline,
    /// Cancel, hang up or decline, whichever fits the state.
    End,
    /// Go on with the call whose loss is shown, as soon as there is a path and the other side wants
    /// it too.
    Resume {
        /// The call that takes its place, if this side had called: a fresh random id.
        call: CallId,
        /// Camera on from the start.
        video: bool,
    },
    /// Leave the ended screen.
    Dismiss,
    /// Mute or unmute.
    SetMicrophone(bool),
    /// Camera on or off.
    SetCamera(bool),
    /// Share a screen or a window, or stop sharing. Nothing follows before the call is accepted.
    Share(bool),
    /// Ask the other side to let us record the call.
    AskToRecord {
        /// The recording: a fresh random id.
        id: RecordingId,
        /// What we sign.
        statement: Statement,
    },
    /// Let the other side record the call.
    AgreeToRecord {
        /// The recording that was asked for.
        id: RecordingId,
        /// What we sign.
        statement: Statement,
    },
    /// Do not let them.
    RefuseToRecord {
        /// The recording that was asked for.
        id: RecordingId,
    },
    /// End recordings, whoever writes them, and withdraw our question.
    StopRecording,
    /// Say this, where [`may_say`](crate::phone::Phone::may_say) allows it.
    Say(Text),
    /// The user writes.
    Typing,
}

/// What a session reports. These are facts; what follows from them is the phone's to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Media and data flow.
    Connected,
    /// The session lost its path, which may come back by itself.
    Disconnected,
    /// Nothing has been heard from the other side for this long. Told again and again while it
    /// lasts, and once as zero when something is heard.
    Silent(Duration),
    /// The other side closed its session.
    ClosedByPeer,
    /// The network or the other side made it impossible: the secure channel could not be set up.
    /// Final: nothing brings this session back.
    Failed,
    /// The other side's media does not prove to be the one that was announced. Final.
    Insecure,
    /// The server that carries the session fails it. Final.
    Server(ServerFault),
    /// A fault of this machine: no thread left, a library that stopped. Final.
    Broken,
    /// [`crate::output::Output::CloseTransport`] is carried out; answers each one, whatever
    /// became of the session before.
    Closed,
}

/// What a server that carries a session did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerFault {
    /// It does not answer, or nothing passes to it and back.
    Unreachable,
    /// It does not let us in, or speaks none of our versions.
    Refused,
    /// It ended the session on purpose.
    Ended,
}

impl fmt::Debug for Input {
    /// Message bytes and addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => write!(f, "Command({command:?})"),
            Self::Message {
                standing, bytes, ..
            } => write!(f, "Message({standing:?}, {} bytes)", bytes.len()),
            Self::Undeliverable { why, .. } => write!(f, "Undeliverable({why:?})"),
            Self::Incompatible { call, .. } => write!(f, "Incompatible({call})"),
            Self::NoAccess { call } => write!(f, "NoAccess({call})"),
            Self::Link { online } => write!(f, "Link(online: {online})"),
            Self::NetworkChanged => f.write_str("NetworkChanged"),
            Self::Transport { session, state } => write!(f, "Transport({session}, {state:?})"),
            Self::Parcel { session, parcel } => {
                write!(f, "Parcel({session}, {} bytes)", parcel.len())
            }
            Self::Data { session, bytes } => write!(f, "Data({session}, {} bytes)", bytes.len()),
            Self::Broken { call } => write!(f, "Broken({call})"),
            Self::Capture {
                microphone,
                camera,
                lacking,
            } => {
                write!(
                    f,
                    "Capture(microphone: {microphone}, camera: {camera}, {lacking:?})"
                )
            }
            Self::Screen { on } => write!(f, "Screen(on: {on})"),
            Self::Receipt(receipt) => write!(f, "{receipt:?}"),
            Self::Consent(consent) => write!(f, "{consent:?}"),
            Self::RecordingFailed { id } => write!(f, "RecordingFailed({id})"),
            Self::Tick => f.write_str("Tick"),
        }
    }
}
