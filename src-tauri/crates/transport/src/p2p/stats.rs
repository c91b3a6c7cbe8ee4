//! Figures of a session: our own counts, and what only the library knows.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use media::transport::{Path, StreamStats, TransportStats};
use rtc::statistics::report::RTCStatsReport;
use rtc::statistics::report::RTCStatsReportEntry as Entry;
use webrtc::peer_connection::{PeerConnection, RTCIceCandidateType, StatsSelector};

use super::net::is_private;
use super::receive::Incoming;
use super::report::SendClocks;
use super::tap::Tapped;
use crate::rtp::sync::Kind;

/// How the machines reach each other over the chosen pair; `None` before there is one.
pub(crate) async fn path(connection: &dyn PeerConnection) -> Option<Path> {
    let report = connection.get_stats(Instant::now(), StatsSelector::None).await;
    let pair = report.candidate_pairs().find(|it| it.nominated)?;
    let (local, _) = candidate(&report, &pair.local_candidate_id)?;
    let (remote, address) = candidate(&report, &pair.remote_candidate_id)?;
    let host = RTCIceCandidateType::Host;
    Some(if local == RTCIceCandidateType::Relay || remote == RTCIceCandidateType::Relay {
        Path::Relayed
    } else if local == host && (remote == host || address.is_some_and(is_private)) {
        Path::Local
    } else {
        Path::Direct
    })
}

fn candidate(report: &RTCStatsReport, id: &str) -> Option<(RTCIceCandidateType, Option<IpAddr>)> {
    let (Entry::LocalCandidate(it) | Entry::RemoteCandidate(it)) = report.get(id)? else {
        return None;
    };
    Some((it.candidate_type, it.address.as_deref().and_then(|text| text.parse().ok())))
}

/// Round trip time of the chosen pair, from ICE checks.
pub(crate) async fn pair_rtt(connection: &dyn PeerConnection) -> Option<Duration> {
    let report = connection.get_stats(Instant::now(), StatsSelector::None).await;
    let pair = report.candidate_pairs().find(|it| it.nominated)?;
    let seconds = pair.current_round_trip_time;
    (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
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
