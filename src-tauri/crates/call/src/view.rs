//! What a person may see of the call: plain data for the UI.
//!
//! ```
//! use call::phone::{Config, Phone};
//! use call::time::Timestamp;
//! use call::view::CallView;
//!
//! let phone = Phone::new(Config::default());
//! let view = phone.view(Timestamp::default());
//! assert_eq!(view, CallView::Idle);
//! assert_eq!(serde_json::to_string(&view).unwrap(), r#"{"state":"idle"}"#);
//! ```

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{Peer, RecordingId};
use crate::reason::EndReason;

/// The call as the UI shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum CallView {
    /// No call.
    Idle,
    /// We call somebody.
    Outgoing {
        /// The call's id in hexadecimal, for keys and logs.
        call: String,
        /// Whom.
        peer: Peer,
        /// How far it is.
        phase: OutgoingPhase,
        /// What we will send.
        local: Controls,
    },
    /// Somebody calls us.
    Incoming {
        /// The call's id in hexadecimal.
        call: String,
        /// Who.
        peer: Peer,
        /// Whether the caller's camera is on.
        video: bool,
        /// Whether we called or accepted them before. For a stranger no camera opens.
        known: bool,
    },
    /// We are in the call, or on the way into it after the answer.
    Active {
        /// The call's id in hexadecimal.
        call: String,
        /// With whom.
        peer: Peer,
        /// Whether media flows.
        phase: ActivePhase,
        /// What we send.
        local: Controls,
        /// What the user wants to send; it differs from `local` while a device opens, or when it
        /// failed.
        wish: Controls,
        /// What the other side says that it sends.
        remote: Controls,
        /// Which device the other side wants to use and cannot.
        remote_lacking: Lacking,
        /// Who shares a screen or a window.
        #[serde(default)]
        sharing: Sharing,
        /// Milliseconds since media flowed for the first time, at the moment of this view; null
        /// before.
        #[ts(type = "number | null")]
        connected_for_ms: Option<u64>,
        /// Whether the other side receives what we send.
        received: Received,
        /// Who is to blame for what one of the two does not hear or see; null while all is well.
        culprit: Option<Culprit>,
        /// What is recorded of the call.
        #[serde(default)]
        recording: RecordingView,
    },
    /// The call is over. Shown until dismissed, or for three seconds when somebody wanted it so.
    Ended {
        /// The call's id in hexadecimal.
        call: String,
        /// With whom.
        peer: Peer,
        /// Why.
        reason: EndReason,
        /// How long media flowed, in milliseconds; null when it never did.
        #[ts(type = "number | null")]
        lasted_ms: Option<u64>,
        /// Who had called.
        outgoing: bool,
        /// Whether it may go on.
        resume: Resume,
    },
}

impl CallView {
    /// The call's id in hexadecimal.
    #[must_use]
    pub fn call(&self) -> Option<&str> {
        match self {
            Self::Idle => None,
            Self::Outgoing { call, .. }
            | Self::Incoming { call, .. }
            | Self::Active { call, .. }
            | Self::Ended { call, .. } => Some(call),
        }
    }

    /// Whether this call occupies the phone.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Idle | Self::Ended { .. } => false,
            Self::Outgoing { .. } | Self::Incoming { .. } | Self::Active { .. } => true,
        }
    }
}

/// Whether a call that was lost may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Resume {
    /// It is over for good: somebody wanted so, media never flowed, or it is too late.
    No,
    /// The user may want it.
    Offered,
    /// The other side wants it, and waits for the user.
    Wanted,
    /// The user wants it, and waits for a path and the other side.
    Waiting,
}

/// How far an outgoing call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OutgoingPhase {
    /// The other device has not confirmed yet.
    Calling,
    /// The other device rings.
    Ringing,
}

/// Whether media flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ActivePhase {
    /// Accepted; the path is being set up.
    Connecting,
    /// Media flows.
    Connected,
    /// The path was lost; another one is looked for.
    Reconnecting,
}

/// Whether the other side receives what we send, as it says itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// Whether they hear us; null while our microphone is off, or nothing is known.
    pub heard: Option<bool>,
    /// Whether they see us; null while our camera is off, or nothing is known.
    pub seen: Option<bool>,
}

/// What is recorded of a call, and by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecordingView {
    /// The recording that we write, or want to.
    pub ours: OurRecording,
    /// The one that the other side writes, or wants to.
    pub theirs: TheirRecording,
}

/// The recording that we write, or want to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum OurRecording {
    /// Never asked for in this call.
    #[default]
    Off,
    /// The other side has been asked.
    Asking,
    /// It is written.
    Running {
        /// Milliseconds for which the call had lasted when it began.
        #[ts(type = "number")]
        since_ms: u64,
    },
    /// Not any more.
    Over {
        /// Why.
        why: RecordingEnd,
    },
}

/// The recording that the other side writes, or wants to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum TheirRecording {
    /// Never asked for in this call.
    #[default]
    Off,
    /// They ask.
    Asked {
        /// Which one: an answer names it.
        id: RecordingId,
    },
    /// They write it.
    Running {
        /// Milliseconds for which the call had lasted when we agreed.
        #[ts(type = "number")]
        since_ms: u64,
    },
    /// Not any more.
    Over {
        /// Why.
        why: RecordingEnd,
    },
}

/// Why a recording is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RecordingEnd {
    /// Our user stopped it, or withdrew the question.
    StoppedByUs,
    /// Theirs did.
    StoppedByThem,
    /// Who was asked does not want it.
    Refused,
    /// Who was asked did not answer.
    NoAnswer,
    /// The other side's program knows nothing of recordings.
    NotSupported,
    /// It could not be written.
    Failed,
}

/// What keeps one of the two from hearing or seeing the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Culprit {
    /// Our microphone is on and delivers nothing but silence.
    MyMicrophone,
    /// Our camera is on and no picture of it leaves.
    MyCamera,
    /// What one side sends does not arrive.
    Network,
    /// Their sound arrives, and no speaker here takes it.
    MySpeaker,
    /// Their pictures arrive, and none can be shown here.
    MyScreen,
    /// Their microphone is on and delivers nothing but silence.
    TheirMicrophone,
    /// Their camera is on and no picture of it leaves.
    TheirCamera,
    /// Our sound arrives, and no speaker there takes it.
    TheirSpeaker,
    /// Our pictures arrive, and none can be shown there.
    TheirScreen,
}

all_variants! {
    /// All of them, those first that explain others.
    pub Culprit {
        MyMicrophone,
        MyCamera,
        Network,
        MySpeaker,
        MyScreen,
        TheirMicrophone,
        TheirCamera,
        TheirSpeaker,
        TheirScreen,
    }
}

/// Devices that one side wants to use and that do not work there: none is there, or it is refused,
/// taken or broken. The gate of such a device is shut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Lacking {
    /// No microphone.
    pub microphone: bool,
    /// No camera.
    pub camera: bool,
}

/// Who shares a screen or a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Sharing {
    /// We do: pictures of it leave.
    pub ours: bool,
    /// They say that they do.
    pub theirs: bool,
}

/// What one side sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Controls {
    /// Whether the microphone is live.
    pub microphone: bool,
    /// Whether the camera is on.
    pub camera: bool,
}
