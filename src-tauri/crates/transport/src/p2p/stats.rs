//! Figures of a session: our own counts, and what only the library knows.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use media::transport::{Path, StreamStats, TransportStats};
use rtc::peer_connection::transport::RTCDtlsTransportState;
use webrtc::peer_connection::{PeerConnection, RTCIceCandidateType, StatsSelector};
use webrtc::rtp_transceiver::RtpSender;

use super::net::is_near;
use super::receive::Incoming;
use super::report::SendClocks;
use super::tap::Tapped;
use crate::rtp::sync::Kind;

/// How the machines reach each other over the chosen pair; `None` before there is one.
pub(crate) async fn path(sender: &dyn RtpSender) -> Option<Path> {
    let dtls = sender.transport().await.ok()??;
    let pair = dtls
        .ice_transport()
        .get_selected_candidate_pair()
        .await
        .ok()??;
    let (local, remote) = (pair.local(), pair.remote());
    let (host, relay) = (RTCIceCandidateType::Host, RTCIceCandidateType::Relay);
    let near = || match (local.address.parse(), remote.address.parse()) {
        (Ok(ours), Ok(theirs)) => is_near(ours, theirs),
        (_, _) => false,
    };
    Some(if local.typ == relay || remote.typ == relay {
        Path::Relayed
    } else if local.typ == host && near() {
        Path::Local
    } else {
        Path::Direct
    })
}

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

/// All counts of a session; `sent` figures of ours, `received` of the other side.
pub(crate) struct Counts<'a> {
    pub(crate) clocks: &'a SendClocks,
    pub(crate) incoming: &'a Incoming,
    pub(crate) tapped: &'a Tapped,
    /// Keyframes that we asked for.
    pub(crate) plis: u64,
    pub(crate) remote_loss: [f32; 2],
}

impl Counts<'_> {
    pub(crate) fn figures(&self, rtt: Option<Duration>) -> TransportStats {
        let [audio_loss, video_loss] = self.remote_loss;
        TransportStats {
            current_round_trip_time: rtt,
            audio: self.stream(Kind::Audio, audio_loss, 0),
            video: self.stream(Kind::Video, video_loss, self.plis),
        }
    }

    fn stream(&self, kind: Kind, remote_fraction_lost: f32, pli_count: u64) -> StreamStats {
        let sent = self.clocks.stream(kind);
        let received = self.incoming.of(kind);
        let repairs = self.tapped.repairs(kind);
        StreamStats {
            packets_sent: sent.packets.load(Ordering::Relaxed),
            bytes_sent: sent.bytes.load(Ordering::Relaxed),
            retransmitted_packets_sent: repairs.retransmitted.load(Ordering::Relaxed),
            packets_received: received.packets.load(Ordering::Relaxed),
            bytes_received: received.bytes.load(Ordering::Relaxed),
            packets_lost: received.lost.load(Ordering::Relaxed),
            jitter: Duration::from_micros(received.jitter_micros.load(Ordering::Relaxed)),
            nack_count: repairs.nacks.load(Ordering::Relaxed),
            pli_count,
            remote_fraction_lost,
        }
    }
}
