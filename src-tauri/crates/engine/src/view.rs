//! What the UI shows of the engine: one value, pushed whenever it changes.

mod share;
mod texts;

use std::sync::Arc;

use call::chat::Text;
use call::view::CallView;
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind};
use media::backend::voice::VoiceHealth;
use media::quality::Verdict;
use media::transport::{ConnectionQuality, Path};
use media::units::Size;
use serde::{Deserialize, Serialize};
use signal_client::Problem;
use ts_rs::TS;

pub use self::share::{ScreenStats, ShareProblem, ShareView};
use crate::figures::NetworkFigures;
use crate::recording::RecordingFile;

/// All that the engine has to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EngineView {
    /// The link to the relay.
    pub relay: RelayView,
    /// Our local networks.
    pub lan: LanView,
    /// The call.
    pub call: CallView,
    /// The camera, and the cameras to choose from.
    pub camera: DeviceView,
    /// The microphone, and the microphones to choose from.
    pub microphone: DeviceView,
    /// The speaker, and the speakers to choose from.
    pub speaker: DeviceView,
    /// Loudness of our microphone as others would hear it, 0 to 1, about ten times a second while
    /// it is tried or muted: for meters, and to notice that somebody talks to nobody. Otherwise 0.
    pub microphone_level: f32,
    /// Whether our microphone has given digital silence for five seconds in a call in which we are
    /// not muted: nobody can hear us, and the system or a switch on it is why.
    pub microphone_silent: bool,
    /// Whether what shall be done to our voice works, while a microphone is at work.
    pub voice_health: VoiceHealth,
    /// Loudness of the other side, 0 to 1, in a call.
    pub remote_level: f32,
    /// Whether a local picture can be shown now.
    pub local_picture: bool,
    /// Whether a picture of the other side can be shown now.
    pub remote_picture: bool,
    /// What we share.
    #[serde(default)]
    pub share: ShareView,
    /// The pixels of the other side's screen; null while none can be shown.
    #[serde(default)]
    pub remote_screen: Option<Size>,
    /// Figures of the call, once a second; null outside.
    pub stats: Option<CallStats>,
    /// How good the running call is; null outside, and until it is known.
    pub quality: Option<QualityView>,
    /// What is remembered of the running call, and of the one whose end is shown; null outside.
    pub summary: Option<CallSummary>,
    /// The recording that this machine writes, or wrote of the call that was shown last; null where
    /// there is none.
    pub recording: Option<RecordingFile>,
    /// The conversation of the running call, and of the one whose end is shown; null outside.
    pub chat: Option<ChatView>,
    /// The four words of the running call, equal on both sides unless somebody is in the middle;
    /// null outside, and until the two phones have met.
    pub words: Option<[String; 4]>,
}

/// What is said in text in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatView {
    /// The call's id in hexadecimal.
    pub call: String,
    /// What was said last, the oldest first: about 100 texts and 64 KiB. Shared, for a view is made
    /// after every event and few of them change it.
    #[serde(with = "texts")]
    #[ts(as = "Vec<ChatText>")]
    pub texts: Arc<Vec<ChatText>>,
    /// How many texts of the other side came since the user looked last.
    pub unread: u32,
    /// Whether the other side writes.
    pub typing: bool,
    /// Whether the other side's phone takes texts; null until it says so.
    pub takes: Option<bool>,
}

/// One text of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatText {
    /// Counted from 0 in each call, for each side.
    pub number: u32,
    /// When it was said, or came: milliseconds since 1970 (UTC).
    #[ts(type = "number")]
    pub at: u64,
    /// What.
    #[ts(type = "string")]
    pub text: Text,
    /// Whose it is, and what became of it.
    pub state: TextState,
}

/// Whose a text is, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TextState {
    /// Theirs.
    Received,
    /// Ours, on its way.
    Sent,
    /// Ours; the other side has it.
    Delivered,
    /// Ours; it was not delivered, and will not be.
    Failed,
}

impl TextState {
    /// Whether we said it.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        match self {
            Self::Received => false,
            Self::Sent | Self::Delivered | Self::Failed => true,
        }
    }
}

/// How good a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QualityView {
    /// What we send.
    pub send: Verdict,
    /// What the other side sends.
    pub receive: Verdict,
}

impl QualityView {
    /// The worse of the two.
    #[must_use]
    pub fn worst(&self) -> ConnectionQuality {
        self.send.level.min(self.receive.level)
    }
}

/// What a call was like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CallSummary {
    /// How the machines reached each other last; null before they did.
    pub path: Option<Path>,
    /// Whether both directions were good all the time.
    pub good: bool,
    /// Whether our camera was wanted last.
    pub video: bool,
    /// Why the relay that the invite names was not there when the call ended or is not there now;
    /// absent when it is, and when the call needs none but our own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[ts(optional)]
    pub guest_relay: Option<RelayProblem>,
}

/// The link to the relay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum RelayView {
    /// None is set.
    None,
    /// On the way.
    Connecting,
    /// People can reach us.
    Online,
    /// Not there. It is tried again, unless the problem says otherwise.
    Offline {
        /// What is wrong.
        problem: RelayProblem,
    },
}

/// Why the relay is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum RelayProblem {
    /// Nothing answers at that place.
    Unreachable,
    /// Something answers that is no Tincan relay.
    NotARelay,
    /// It speaks other versions than we do.
    Refused,
    /// It refuses our proof: a proxy before it changes the address that it is asked for, or it has
    /// another name than the one that we were given.
    BadProof,
    /// The relay takes no more clients now.
    Full,
    /// Another copy of this profile took over the address; tried again only when the user asks.
    TakenOver,
    /// Its certificate comes from nobody whom this machine trusts.
    CertificateUntrusted,
    /// Its certificate is not valid now: expired, or one of the two clocks is wrong.
    CertificateExpired,
    /// Its certificate is for another name.
    CertificateOtherName,
    /// A link or an invite leads to it without encryption, and it is on no network that this
    /// machine is directly on; not tried again.
    Unencrypted,
}

impl From<Problem> for RelayProblem {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unreachable | Problem::Gone => Self::Unreachable,
            Problem::NotARelay => Self::NotARelay,
            Problem::Refused => Self::Refused,
            Problem::BadProof => Self::BadProof,
            Problem::Full => Self::Full,
            Problem::TakenOver => Self::TakenOver,
            Problem::CertificateUntrusted => Self::CertificateUntrusted,
            Problem::CertificateExpired => Self::CertificateExpired,
            Problem::CertificateOtherName => Self::CertificateOtherName,
            Problem::Unencrypted => Self::Unencrypted,
        }
    }
}

/// The local networks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LanView {
    /// Whether we are a member.
    pub state: LanState,
    /// Who is there: only those of whom it is proven.
    pub nearby: Vec<NearbyPerson>,
    /// Where others on our networks reach this program, the best first: `IP:PORT`, `[IP]:PORT`.
    pub places: Vec<String>,
}

impl LanView {
    /// Nobody, for this reason.
    pub(crate) fn of(state: LanState) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }
}

/// Whether we are a member of local networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LanState {
    /// The user wants to be seen by nobody, or the engine was given no local networks.
    #[default]
    Off,
    /// On the way.
    Joining,
    /// A member.
    On,
    /// This machine cannot be one now; it is tried again.
    Failed,
}

/// Somebody on our networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NearbyPerson {
    /// Their address.
    pub address: String,
    /// What they call themselves; empty where they tell it only to whom they know.
    pub name: String,
}

/// One role and the devices for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceView {
    /// What there is to choose from.
    pub available: Vec<DeviceInfo>,
    /// The user's choice; null for the system's default.
    pub chosen: Option<DeviceId>,
    /// What is true now.
    pub now: DeviceNow,
}

/// What is true of a role now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum DeviceNow {
    /// Not in use.
    Off,
    /// At work.
    On {
        /// Its name.
        name: String,
        /// What it really is.
        kind: DeviceKind,
    },
    /// Wanted, but it does not work.
    Failed {
        /// What is wrong.
        problem: DeviceProblem,
        /// The device's name, where one is known.
        name: String,
    },
}

/// Why a device does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceProblem {
    /// There is none.
    Missing,
    /// Another program holds it.
    Busy,
    /// The system refuses access.
    Refused,
    /// It was lost while in use.
    Lost,
    /// It offers nothing that we can use, or a file cannot be read.
    Unusable,
}

impl From<&DeviceError> for DeviceProblem {
    fn from(error: &DeviceError) -> Self {
        match error {
            DeviceError::NotFound(_) => Self::Missing,
            DeviceError::Busy(_) => Self::Busy,
            DeviceError::Refused(_) => Self::Refused,
            DeviceError::Lost(_) => Self::Lost,
            DeviceError::Format(_) | DeviceError::File { .. } | DeviceError::Failed(_) => {
                Self::Unusable
            }
        }
    }
}

/// Figures of a call, over the last second unless said otherwise. Names and units as in W3C
/// webrtc-stats where it has one, else explained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CallStats {
    /// How the machines reach each other.
    pub path: Option<Path>,
    /// Seconds. `RTCIceCandidatePairStats.currentRoundTripTime`.
    pub current_round_trip_time: Option<f64>,
    /// How good our connection to the server is that carries the call, as the server judges it; null
    /// without one.
    pub connection_quality: Option<ConnectionQuality>,
    /// The same of the other side.
    pub remote_connection_quality: Option<ConnectionQuality>,
    /// Bits per second. What rate control lets us send.
    pub target_bitrate: f64,
    /// Bits per second of pictures that left.
    pub video_send_bitrate: f64,
    /// Bits per second of pictures that came.
    pub video_receive_bitrate: f64,
    /// Bits per second of sound that left.
    pub audio_send_bitrate: f64,
    /// Loudness of what we send after processing, muted or not: root mean square, 0 to 1 of full
    /// scale. `RTCAudioSourceStats.audioLevel`, over a second.
    pub audio_level: f64,
    /// dB by which what the microphone hears of the speaker is quieter than what that played; null
    /// until it is known. `RTCAudioSourceStats.echoReturnLoss`.
    pub echo_return_loss: Option<f64>,
    /// dB by which the echo is taken down further.
    /// `RTCAudioSourceStats.echoReturnLossEnhancement`.
    pub echo_return_loss_enhancement: Option<f64>,
    /// Bits per second of sound that came.
    pub audio_receive_bitrate: f64,
    /// Pictures encoded per second. `RTCOutboundRtpStreamStats.framesPerSecond`.
    pub frames_per_second_sent: f64,
    /// Pictures decoded per second. `RTCInboundRtpStreamStats.framesPerSecond`.
    pub frames_per_second_received: f64,
    /// Pixels. `RTCInboundRtpStreamStats.frameWidth`.
    pub frame_width: u32,
    /// Pixels. `RTCInboundRtpStreamStats.frameHeight`.
    pub frame_height: u32,
    /// Whole call. `RTCInboundRtpStreamStats.framesDecoded`.
    #[ts(type = "number")]
    pub frames_decoded: u64,
    /// Whole call. `RTCInboundRtpStreamStats.framesDropped`.
    #[ts(type = "number")]
    pub frames_dropped: u64,
    /// Whole call. `RTCInboundRtpStreamStats.keyFramesDecoded`.
    #[ts(type = "number")]
    pub key_frames_decoded: u64,
    /// Whole call. `RTCInboundRtpStreamStats.freezeCount`.
    #[ts(type = "number")]
    pub freeze_count: u64,
    /// Share of picture packets that we lost, 0 to 1.
    pub video_loss: f64,
    /// Share of sound packets that we lost, 0 to 1.
    pub audio_loss: f64,
    /// Share of our packets that the other side lost, 0 to 1.
    pub remote_loss: f64,
    /// Seconds. Mean time from arrival to playout of sound,
    /// `RTCInboundRtpStreamStats.jitterBufferDelay / jitterBufferEmittedCount`.
    pub audio_jitter_buffer_delay: f64,
    /// Whole call, share of all samples. `RTCInboundRtpStreamStats.concealedSamples / totalSamplesReceived`.
    pub concealed: f64,
    /// Seconds by which the picture is later than the sound on the screen and in the ear;
    /// negative when earlier; null until the sender's clocks are known.
    pub lip_sync: Option<f64>,
    /// Milliseconds from the accepted answer to the first decoded picture of the other side.
    pub accept_to_first_frame_ms: Option<f64>,
    /// Milliseconds from the accepted answer to the first played sound of the other side.
    pub accept_to_first_audio_ms: Option<f64>,
    /// Milliseconds that the encoder took for a picture, mean.
    pub encode_ms: f64,
    /// Milliseconds that the decoder took for a picture, mean.
    pub decode_ms: f64,
    /// Of shared screens.
    #[serde(default)]
    pub screen: ScreenStats,
    /// What the network does to it.
    #[serde(flatten)]
    pub network: NetworkFigures,
}
