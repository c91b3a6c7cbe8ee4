//! What the session counts, as figures of the call.

use media::transport::{Stream, StreamStats, TransportStats};

use crate::call_media::CallMedia;
use crate::figures::NetworkFigures;

/// What the sampler alone knows of the last second.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastSecond {
    pub(super) concealment: f64,
    pub(super) process_cpu: Option<f64>,
}

/// The figures of a session between two samples of it.
pub(super) fn figures(
    media: &CallMedia,
    new: &TransportStats,
    old: &TransportStats,
    last_second: LastSecond,
) -> NetworkFigures {
    let streams = || Stream::ALL.into_iter().map(|it| &new.streams[it]);
    let sum = |of: fn(&StreamStats) -> u64| streams().map(of).sum();
    let remote_loss = |it| remote_loss(&new.streams[it], &old.streams[it]);
    let (sent, received) = (&media.flow.video_out, &media.flow.video_in);
    NetworkFigures {
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
