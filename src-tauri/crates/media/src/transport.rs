//! The transport seam: encoded frames in decode order, not delayed for playout.
//!
//! Above it, every transport shares everything: capture, mute, encode, jitter, decode,
//! lifecycle. Below it are, for instance, RTP, NACK, congestion feedback, ICE and DTLS.
//! Negotiation crosses it as opaque [`Parcel`]s; no type of a runtime or of a WebRTC library does.

mod access;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::frame::{EncodedFrame, ReceivedFrame};
use crate::queue::Queue;
use crate::units::Bitrate;

pub use access::{Access, Credentials, NoAccess};
pub use stream::{AUDIO_IN_CAPACITY, Kind, Stream, Streams, VIDEO_IN_CAPACITY};

/// Carries encoded media for one call at a time. Knows nothing of calls, codecs or devices.
pub trait MediaTransport: Send + Sync + fmt::Debug {
    /// Opens the session of one call. The future ends as soon as the session can take parcels and
    /// frames, long before it is connected.
    fn open(&self, params: OpenParams) -> BoxFuture<'static, Result<Session, TransportError>>;
}

/// What a session needs to know of its call.
#[derive(Clone, Debug)]
pub struct OpenParams {
    /// The number of the call, for the spans of logs and for whoever carries the media.
    pub call: u64,
    /// Which session of the call it is, counted from 0. Both sides count alike; a later one takes
    /// over from those before it.
    pub number: u32,
    /// Who makes the offers.
    pub role: Role,
    /// The most that this side wants to send, sound and picture together.
    pub max_send: Bitrate,
    /// STUN and TURN servers for this call, beside those that the transport was set up with.
    pub ice_servers: Vec<IceServer>,
    /// Access to the server that carries the session; `None` where none does.
    pub access: Option<Access>,
}

/// A server that helps to find a path.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:` (RFC 7064) or `turn:` (RFC 7065), over UDP.
    pub url: String,
    /// For TURN, else empty.
    pub username: String,
    /// For TURN, else empty.
    pub credential: String,
}

impl fmt::Debug for IceServer {
    /// Never shows servers, which may be private, or credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer").finish_non_exhaustive()
    }
}

/// Which side makes the offer of a session; so offers never cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The caller: makes the offer.
    Offerer,
    /// The callee: answers.
    Answerer,
}

/// An open session. Dropping `control` closes it hard; [`SessionControl::close`] is the polite way.
pub struct Session {
    /// Steers the session; may be shared.
    pub control: Arc<dyn SessionControl>,
    /// Takes what is encoded of each stream.
    pub out: Streams<Arc<dyn FrameSink>>,
    /// Hands out each stream of the other side: sound possibly reordered or with gaps, see
    /// `sequence`; pictures in decode order.
    pub input: Streams<FrameSource>,
    /// What happens to the session. Ends after the session closed.
    pub events: BoxStream<'static, TransportEvent>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// Steers one session. No method blocks.
pub trait SessionControl: Send + Sync {
    /// Takes a parcel of the other side's session. Parcels that come early are kept (bounded),
    /// those that make no sense are dropped with a warning: they are remote bytes.
    fn parcel(&self, parcel: Parcel);

    /// Asks the other side for a keyframe of a stream of pictures (PLI, RFC 4585, 6.3.1). Callers
    /// limit how often.
    fn request_keyframe(&self, stream: Stream);

    /// Says that nothing is captured of a stream for now, or that something is again. It stops and
    /// starts nothing: what is sent follows from the frames alone. A server that carries the session
    /// would else take a stream that pauses for one that is lost.
    fn mute(&self, stream: Stream, muted: bool);

    /// Sends a message to the other side, reliably and in order.
    ///
    /// # Errors
    /// [`TransportError::NotConnected`] before the channel is open or after it closed,
    /// [`TransportError::TooLarge`] beyond [`MAX_DATA`].
    fn send_data(&self, message: Bytes) -> Result<(), TransportError>;

    /// Carries nothing for so long, in both directions, and tells nobody: the path is lost on purpose,
    /// to see what follows. The session itself has to notice the silence.
    fn fail_path(&self, time: Duration);

    /// Figures of the moment.
    fn stats(&self) -> BoxFuture<'static, TransportStats>;

    /// Tells the other side, frees sockets and tasks. Ends within a second whatever happens.
    fn close(&self) -> BoxFuture<'static, ()>;
}

/// Takes encoded frames; called by encoder threads, never blocks.
pub trait FrameSink: Send + Sync {
    /// Hands over one frame. A session that is not connected, or whose queue is full, drops it.
    fn send(&self, frame: EncodedFrame) -> Sent;
}

/// What became of a frame that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    Queued,
    /// There is no path yet or no longer, or the other side does not take this stream: not an error,
    /// nothing to repair.
    NotConnected,
    /// The queue was full: for pictures, the next one must be a keyframe.
    Dropped,
}

/// Where received frames wait for the decoder. When it is full frames are dropped. Pictures come in
/// through a [`DecodeQueue`](crate::decode_queue::DecodeQueue), so that the next one to come out then
/// is a keyframe or is `after_loss`: no picture that depends on a dropped one may look whole.
pub type FrameSource = Queue<ReceivedFrame>;

/// The largest message of [`SessionControl::send_data`], bytes. Call messages are a few hundred; the
/// longest text of the chat has 16 KiB, and twice as much where JSON escapes all of it.
pub const MAX_DATA: usize = 36 * 1024;

/// The largest parcel, bytes. An offer with many candidates is about 4 KiB.
pub const MAX_PARCEL: usize = 32 * 1024;

/// The largest access unit of H.264 that is received and decoded, bytes: a 4K keyframe at a very
/// good quality has half of it.
pub const MAX_ACCESS_UNIT: usize = 4 * 1024 * 1024;

/// Opaque bytes from one session to the other during negotiation. Never shown in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel(pub Bytes);

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parcel({} bytes)", self.0.len())
    }
}

/// What happens to a session.
#[derive(Clone, Debug)]
pub enum TransportEvent {
    /// The path changed.
    State(TransportState),
    /// Nothing has been received for this long, since the session was first connected. Told a few
    /// times a second while it lasts, from about a second on and whatever the state, and once as zero
    /// when something is received again.
    Silence(Duration),
    /// To be carried to the other side's session, in this order.
    Parcel(Parcel),
    /// The other side's decoder of this stream needs a keyframe (PLI or FIR).
    KeyframeRequested(Stream),
    /// What the network carries now.
    Estimate(NetworkEstimate),
    /// A message of the other side's [`SessionControl::send_data`]; at most [`MAX_DATA`].
    Data(Bytes),
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportState {
    /// Looking for a path, for the first time, for as long as it takes.
    Connecting,
    /// Media and data flow. Whether anything arrives is told by [`TransportEvent::Silence`].
    Connected(Path),
    /// The path answers no longer; frames are still tried. It may come back by itself, however long
    /// that takes.
    Disconnected,
    /// The other side closed its session on purpose. Final.
    ClosedByPeer,
    /// Nothing brings it back, whatever the network does: the secure channel
    /// was refused, the other side broke the protocol, or the library stopped. Final. A path that is
    /// not found, or lost for long, is no failure: whoever opened the session decides how long to
    /// wait.
    Failed(TransportError),
}

/// How the two machines reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Path {
    /// Both on one network.
    Local,
    /// Direct over the internet.
    Direct,
    /// Through a TURN server.
    Relayed,
    /// Through a server that carries calls, such as LiveKit's.
    Server,
}

/// What the network carries, as far as the sender can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkEstimate {
    /// What may be sent, sound and picture together.
    pub bitrate: Bitrate,
    /// Round trip time, when known.
    pub rtt: Option<Duration>,
    /// Share of our packets that the other side lost lately, 0 to 1.
    pub loss: f32,
}

/// Figures of a session, counted from its start. Names as in W3C webrtc-stats where it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TransportStats {
    /// `RTCIceCandidatePairStats.currentRoundTripTime`.
    pub current_round_trip_time: Option<Duration>,
    /// What the server that carries the session says of both sides.
    pub server_quality: ServerQuality,
    /// Each stream, both directions.
    pub streams: Streams<StreamStats>,
}

/// How good the connections of both sides to the server are that carries the session, as it judges
/// them; `None` while it has not, and where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerQuality {
    /// Ours.
    pub ours: Option<ConnectionQuality>,
    /// The other side's.
    pub theirs: Option<ConnectionQuality>,
}

/// How good a connection is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ConnectionQuality {
    /// Nothing arrives.
    Lost,
    /// Hard to use.
    Poor,
    /// Some loss.
    Good,
    /// As it should be.
    Excellent,
}

/// Figures of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StreamStats {
    /// `RTCSentRtpStreamStats.packetsSent`.
    pub packets_sent: u64,
    /// `RTCSentRtpStreamStats.bytesSent`: payload only.
    pub bytes_sent: u64,
    /// `RTCOutboundRtpStreamStats.retransmittedPacketsSent`.
    pub retransmitted_packets_sent: u64,
    /// `RTCReceivedRtpStreamStats.packetsReceived`.
    pub packets_received: u64,
    /// `RTCInboundRtpStreamStats.bytesReceived`: payload only.
    pub bytes_received: u64,
    /// `RTCReceivedRtpStreamStats.packetsLost`: may fall when late packets come.
    pub packets_lost: i64,
    /// `RTCReceivedRtpStreamStats.jitter`.
    pub jitter: Duration,
    /// `RTCInboundRtpStreamStats.nackCount`.
    pub nack_count: u64,
    /// `RTCInboundRtpStreamStats.pliCount`: keyframes that we asked for.
    pub pli_count: u64,
    /// `RTCRemoteInboundRtpStreamStats.fractionLost`: of what we sent, 0 to 1.
    pub remote_fraction_lost: f32,
}

/// Why a session cannot do what was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TransportError {
    /// The two sides found no path.
    #[error("no path to the other side was found")]
    NoPath,
    /// The secure channel could not be set up: keys or versions do not match.
    #[error("the secure channel could not be set up")]
    Security,
    /// The server that carries the session does not answer, or nothing passes to it and back.
    #[error("the server does not answer")]
    ServerUnreachable,
    /// The server that carries the session does not let us in, or cannot do what we need; the text
    /// is for the log.
    #[error("the server refuses the session: {0}")]
    ServerRefused(&'static str),
    /// The server that carried the session ended it on purpose; the text is for the log.
    #[error("the server ended the session: {0}")]
    ServerEnded(&'static str),
    /// There is no open path.
    #[error("the session is not connected")]
    NotConnected,
    /// The message is larger than the transport takes.
    #[error("a message of {0} bytes is too large")]
    TooLarge(usize),
    /// The library beneath failed, or the other side broke the protocol; the text is for the log.
    #[error("transport failed: {0}")]
    Internal(String),
}
