//! Figures of what the network does to a call, beside those of its pipelines.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the session in use counts, over all streams and from its start unless said otherwise. Names
/// and units as in W3C webrtc-stats where it has one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NetworkFigures {
    /// Bits per second that the network carries, sound and pictures together; null until it is
    /// estimated. `RTCIceCandidatePairStats.availableOutgoingBitrate`.
    pub available_outgoing_bitrate: Option<f64>,
    /// Seconds, of sound. `RTCReceivedRtpStreamStats.jitter`.
    pub jitter: f64,
    /// Seconds, of pictures. `RTCReceivedRtpStreamStats.jitter`.
    pub video_jitter: f64,
    /// `RTCSentRtpStreamStats.packetsSent`.
    #[ts(type = "number")]
    pub packets_sent: u64,
    /// `RTCOutboundRtpStreamStats.retransmittedPacketsSent`.
    #[ts(type = "number")]
    pub retransmitted_packets_sent: u64,
    /// `RTCReceivedRtpStreamStats.packetsReceived`.
    #[ts(type = "number")]
    pub packets_received: u64,
    /// `RTCReceivedRtpStreamStats.packetsLost`: falls when late ones come.
    #[ts(type = "number")]
    pub packets_lost: i64,
    /// `RTCInboundRtpStreamStats.nackCount`.
    #[ts(type = "number")]
    pub nack_count: u64,
    /// `RTCInboundRtpStreamStats.pliCount`.
    #[ts(type = "number")]
    pub pli_count: u64,
    /// Share of our packets of sound that the other side lost lately, 0 to 1; 0 while we send none.
    /// `RTCRemoteInboundRtpStreamStats.fractionLost`.
    pub remote_audio_loss: f64,
    /// The same of pictures.
    pub remote_video_loss: f64,
    /// Share of the last second's samples that were made up, 0 to 1:
    /// `RTCInboundRtpStreamStats.concealedSamples / totalSamplesReceived`.
    pub concealment: f64,
    /// Whole call, seconds. `RTCInboundRtpStreamStats.totalFreezesDuration`.
    pub total_freezes_duration: f64,
    /// Pixels. `RTCOutboundRtpStreamStats.frameWidth`.
    pub frame_width_sent: u32,
    /// Pixels. `RTCOutboundRtpStreamStats.frameHeight`.
    pub frame_height_sent: u32,
    /// Processors that this process kept busy, 1 for all of one; null where that is not known.
    pub process_cpu: Option<f64>,
    /// Whole call. `RTCOutboundRtpStreamStats.keyFramesEncoded`.
    #[ts(type = "number")]
    pub key_frames_encoded: u64,
}
