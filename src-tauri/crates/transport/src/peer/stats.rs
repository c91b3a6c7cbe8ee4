//! Figures of a session: our own counts, and what only the library knows.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use media::transport::{ServerQuality, Stream, StreamStats, Streams, TransportStats};
use rtc::peer_connection::transport::RTCDtlsTransportState;
use webrtc::peer_connection::{PeerConnection, StatsSelector};
use webrtc::rtp_transceiver::RtpSender;

use super::clocks::SendClocks;
use super::receive::ReceiveCounters;
use super::rtcp::RtcpState;

/// Whether the other side closed the secure channel.
pub(crate) async fn is_closed(sender: &dyn RtpSender) -> bool {
    let Ok(Some(dtls)) = sender.transport().await else {
        return false;
    };
    dtls.state()
        .await
        .is_ok_and(|it| it == RTCDtlsTransportState::Closed)
}

/// Round trip time of the chosen pair, from ICE checks.
pub(crate) async fn pair_rtt(connection: &dyn PeerConnection) -> Option<Duration> {
    let report = connection
        .get_stats(Instant::now(), StatsSelector::None)
        .await;
    let chosen = &report.transport()?.selected_candidate_pair_id;
    let pair = report.candidate_pairs().find(|it| it.stats.id == *chosen)?;
    let seconds = pair.current_round_trip_time;
    (seconds > 0.0)
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}

/// All counts of a session.
pub(crate) struct Counts<'a> {
    pub(crate) clocks: &'a SendClocks,
    pub(crate) received: &'a ReceiveCounters,
    pub(crate) rtcp: &'a RtcpState,
    /// What the other side tells, and what it is asked.
    pub(crate) feedback: &'a Streams<FeedbackCounters>,
}

/// Figures of the feedback about one stream.
#[derive(Debug, Default)]
pub(crate) struct FeedbackCounters {
    /// Keyframes that we asked for.
    pub(crate) plis: AtomicU64,
    /// `f32` bits of what the other side lost of ours, 0 to 1.
    pub(crate) remote_loss: AtomicU32,
}

impl Counts<'_> {
    pub(crate) fn figures(
        &self,
        rtt: Option<Duration>,
        server_quality: ServerQuality,
    ) -> TransportStats {
        TransportStats {
            current_round_trip_time: rtt,
            server_quality,
            streams: Streams::from_fn(|it| self.stream(it)),
        }
    }

    fn stream(&self, stream: Stream) -> StreamStats {
        let sent = self.clocks.stream(stream);
        let received = &self.received.streams[stream];
        let repairs = self.rtcp.repairs(stream);
        let feedback = &self.feedback[stream];
        StreamStats {
            packets_sent: sent.packets.load(Ordering::Relaxed),
            bytes_sent: sent.bytes.load(Ordering::Relaxed),
            retransmitted_packets_sent: repairs.retransmitted.load(Ordering::Relaxed),
            packets_received: received.packets.load(Ordering::Relaxed),
            bytes_received: received.bytes.load(Ordering::Relaxed),
            packets_lost: received.lost.load(Ordering::Relaxed),
            jitter: Duration::from_micros(received.jitter_micros.load(Ordering::Relaxed)),
            nack_count: repairs.nacks.load(Ordering::Relaxed),
            pli_count: feedback.plis.load(Ordering::Relaxed),
            remote_fraction_lost: f32::from_bits(feedback.remote_loss.load(Ordering::Relaxed)),
        }
    }
}
