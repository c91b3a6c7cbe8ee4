//! Once a second: the call's figures out of the pipelines' counters and the session's own.

mod network;
mod screen;

use std::time::{Duration, Instant};

use call::view::CallView;
use media::transport::{Stream, StreamStats, TransportStats};

use self::network::LastSecond;
use crate::call_media::{CallMedia, Flow};
use crate::counters::AudioOut;
use crate::view::CallStats;

/// Samples the figures of one call at a time.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    /// When it was accepted, microseconds after the engine's epoch.
    accepted_at: Option<i64>,
    last: Option<(Instant, Counted)>,
    transport: Pair<TransportStats>,
    stats: Option<CallStats>,
}

/// The last two of something, so that a difference can be taken.
#[derive(Debug, Default)]
struct Pair<T> {
    old: Option<T>,
    new: Option<T>,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    video_out_bytes: u64,
    video_out_frames: u64,
    audio_out_bytes: u64,
    audio_out_energy: u64,
    audio_out_chunks: u64,
    encode_us: u64,
    video_in_bytes: u64,
    decoded: u64,
    decode_us: u64,
    audio_in_bytes: u64,
    waited_us: u64,
    emitted: u64,
    screen: screen::Counted,
    samples: u64,
    concealed: u64,
    process_time: Option<Duration>,
}

impl Sampler {
    /// The figures of the last second.
    pub(crate) fn stats(&self) -> Option<&CallStats> {
        self.stats.as_ref()
    }

    /// Remembers when the call was accepted; `micros` is now, after the engine's epoch.
    pub(crate) fn follow(&mut self, view: &CallView, micros: i64) {
        match view {
            CallView::Outgoing { .. } | CallView::Incoming { .. } => self.accepted_at = None,
            CallView::Active { .. } => {
                self.accepted_at.get_or_insert(micros);
            }
            CallView::Idle | CallView::Ended { .. } => {}
        }
    }

    /// The session's own figures came.
    pub(crate) fn transport(&mut self, stats: TransportStats) {
        self.transport.old = self.transport.new.replace(stats);
    }

    /// Another session carries the call: it counts from its own start.
    pub(crate) fn another_session(&mut self) {
        self.transport = Pair::default();
    }

    /// The call's media is gone.
    pub(crate) fn forget(&mut self) {
        self.last = None;
        self.transport = Pair::default();
        self.stats = None;
    }

    /// Takes a sample. `process_time` is what this process has used of processors.
    pub(crate) fn sample(
        &mut self,
        now: Instant,
        process_time: Option<Duration>,
        media: &CallMedia,
    ) {
        let counted = Counted {
            process_time,
            ..count(&media.flow)
        };
        let Some((then, before)) = self.last.replace((now, counted)) else {
            return;
        };
        let seconds = now.saturating_duration_since(then).as_secs_f64().max(0.001);
        let rate = |new: u64, old: u64| new.saturating_sub(old) as f64 / seconds;
        let bits = |new: u64, old: u64| 8.0 * rate(new, old);
        let video = &media.flow.video_in;
        let audio = &media.flow.audio_in;
        let echo = &media.flow.audio_out.echo;
        let session = self.transport.new.unwrap_or_default();
        let earlier = self.transport.old.unwrap_or_default();
        let lost = |it| loss(&session.streams[it], &earlier.streams[it]);
        let concealment = mean(
            counted.concealed.saturating_sub(before.concealed),
            counted.samples.saturating_sub(before.samples),
        );
        let process_cpu = counted
            .process_time
            .zip(before.process_time)
            .map(|(new, old)| new.saturating_sub(old).as_secs_f64() / seconds);
        let last_second = LastSecond {
            concealment,
            process_cpu,
        };
        let network = network::figures(media, &session, &earlier, last_second);
        self.stats = Some(CallStats {
            path: media.path,
            current_round_trip_time: session.current_round_trip_time.map(|it| it.as_secs_f64()),
            connection_quality: session.server_quality.ours,
            remote_connection_quality: session.server_quality.theirs,
            target_bitrate: media.video_target().bitrate.bps() as f64,
            video_send_bitrate: bits(counted.video_out_bytes, before.video_out_bytes),
            video_receive_bitrate: bits(counted.video_in_bytes, before.video_in_bytes),
            audio_send_bitrate: bits(counted.audio_out_bytes, before.audio_out_bytes),
            audio_level: level(
                counted
                    .audio_out_energy
                    .saturating_sub(before.audio_out_energy),
                counted
                    .audio_out_chunks
                    .saturating_sub(before.audio_out_chunks),
            ),
            echo_return_loss: echo.return_loss.get(),
            echo_return_loss_enhancement: echo.return_loss_enhancement.get(),
            audio_receive_bitrate: bits(counted.audio_in_bytes, before.audio_in_bytes),
            frames_per_second_sent: rate(counted.video_out_frames, before.video_out_frames),
            frames_per_second_received: rate(counted.decoded, before.decoded),
            frame_width: u32::try_from(video.width.get()).unwrap_or(0),
            frame_height: u32::try_from(video.height.get()).unwrap_or(0),
            frames_decoded: counted.decoded,
            frames_dropped: video.dropped.get(),
            key_frames_decoded: video.keyframes.get(),
            freeze_count: video.freezes.get(),
            video_loss: lost(Stream::Camera),
            audio_loss: lost(Stream::Voice),
            remote_loss: network.remote_audio_loss.max(network.remote_video_loss),
            audio_jitter_buffer_delay: mean(
                counted.waited_us.saturating_sub(before.waited_us),
                counted.emitted.saturating_sub(before.emitted),
            ) / 1e6,
            concealed: mean(audio.concealed.get(), audio.samples.get()),
            lip_sync: video.lip_sync.get().map(|it| it as f64 / 1e6),
            accept_to_first_frame_ms: self.since_accept(video.first_decoded.get()),
            accept_to_first_audio_ms: self.since_accept(audio.first_played.get()),
            encode_ms: mean(
                counted.encode_us.saturating_sub(before.encode_us),
                counted
                    .video_out_frames
                    .saturating_sub(before.video_out_frames),
            ) / 1e3,
            decode_ms: mean(
                counted.decode_us.saturating_sub(before.decode_us),
                counted.decoded.saturating_sub(before.decoded),
            ) / 1e3,
            screen: counted.screen.since(&before.screen, seconds, &media.flow),
            network,
        });
    }

    fn since_accept(&self, at: Option<i64>) -> Option<f64> {
        Some((at? - self.accepted_at?) as f64 / 1e3)
    }
}

fn count(flow: &Flow) -> Counted {
    Counted {
        video_out_bytes: flow.video_out.bytes.get(),
        video_out_frames: flow.video_out.frames.get(),
        audio_out_bytes: flow.audio_out.bytes.get(),
        audio_out_energy: flow.audio_out.energy.get(),
        audio_out_chunks: flow.audio_out.chunks.get(),
        encode_us: flow.video_out.encode_us.get(),
        video_in_bytes: flow.video_in.bytes.get(),
        decoded: flow.video_in.decoded.get(),
        decode_us: flow.video_in.decode_us.get(),
        audio_in_bytes: flow.audio_in.bytes.get(),
        waited_us: flow.audio_in.waited_us.get(),
        emitted: flow.audio_in.emitted.get(),
        screen: screen::Counted::now(flow),
        samples: flow.audio_in.samples.get(),
        concealed: flow.audio_in.concealed.get(),
        process_time: None,
    }
}

/// Share of the packets between two samples that were lost.
fn loss(new: &StreamStats, old: &StreamStats) -> f64 {
    let lost = (new.packets_lost - old.packets_lost).max(0) as f64;
    let received = new.packets_received.saturating_sub(old.packets_received) as f64;
    if lost + received > 0.0 {
        lost / (lost + received)
    } else {
        0.0
    }
}

/// Root mean square of chunks with this energy.
fn level(energy: u64, chunks: u64) -> f64 {
    (mean(energy, chunks) * AudioOut::ENERGY_UNIT).sqrt()
}

fn mean(sum: u64, count: u64) -> f64 {
    if count > 0 {
        sum as f64 / count as f64
    } else {
        0.0
    }
}
