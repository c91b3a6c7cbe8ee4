//! Figures of what the network does to a call, beside those of its pipelines.

use media::transport::{Stream, StreamStats, TransportStats};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::call_media::CallMedia;

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

impl NetworkFigures {
    /// The figures of a session between two samples of it.
    pub(crate) fn new(
        media: &CallMedia,
        new: &TransportStats,
        old: &TransportStats,
        last_second: LastSecond,
    ) -> Self {
        let streams = || Stream::ALL.into_iter().map(|it| &new.streams[it]);
        let sum = |of: fn(&StreamStats) -> u64| streams().map(of).sum();
        let remote_loss = |it| remote_loss(&new.streams[it], &old.streams[it]);
        let (sent, received) = (&media.flow.video_out, &media.flow.video_in);
        Self {
            available_outgoing_bitrate: media.estimate.map(|it| it.bps() as f64),
            jitter: new.streams[Stream::Voice].jitter.as_secs_f64(),
            video_jitter: new.streams[Stream::Camera].jitter.as_secs_f64(),
            packets_sent: sum(|it| it.packets_sent),
            retransmitted_packets_sent: sum(|it| it.retransmitted_packets_sent),
            packets_received: sum(|it| it.packets_received),
            packets_lost: streams().map(|it| it.packets_lost).sum(),
            nack_count: sum(|it| it.nack_count),
            pli_count: sum(|it| it.pli_count),
            remote_audio_loss: remote_loss(Stream::Voice),
            remote_video_loss: remote_loss(Stream::Camera),
            concealment: last_second.concealment,
            total_freezes_duration: received.frozen_us.get() as f64 / 1e6,
            frame_width_sent: u32::try_from(sent.width.get()).unwrap_or(0),
            frame_height_sent: u32::try_from(sent.height.get()).unwrap_or(0),
            process_cpu: last_second.process_cpu,
            key_frames_encoded: sent.keyframes.get(),
        }
    }
}

/// What the sampler alone knows of the last second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastSecond {
    pub(crate) concealment: f64,
    pub(crate) process_cpu: Option<f64>,
}

/// What the other side lost of a stream. Of one that pauses nothing is reported, so what was reported
/// last says nothing of it.
fn remote_loss(new: &StreamStats, old: &StreamStats) -> f64 {
    if new.packets_sent > old.packets_sent {
        f64::from(new.remote_fraction_lost)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_of_a_stream_is_forgotten_once_it_pauses() {
        let after = |packets_sent| StreamStats {
            packets_sent,
            remote_fraction_lost: 0.25,
            ..StreamStats::default()
        };
        assert_eq!(remote_loss(&after(20), &after(10)), 0.25);
        assert_eq!(remote_loss(&after(20), &after(20)), 0.0);
    }
}
