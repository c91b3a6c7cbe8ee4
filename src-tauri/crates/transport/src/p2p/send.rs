//! Frames out: encoder threads hand over, one task cuts them into packets and writes them.
//!
//! Sound goes first: between any two packets of a picture the task looks whether sound waits. A
//! large picture is spread a little, so that it does not overrun a router's queue.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::frame::EncodedFrame;
use media::rate;
use media::transport::{FrameSink, Path, Sent};
use media::units::Bitrate;
use rtc::rtp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use super::pace::{Pace, Pacer};
use super::packet_size::PacketSize;
use super::report::SendClocks;
use crate::rtp::packetise::packetise;
use crate::rtp::sync::Kind;

/// How to send, as the session task sets it: whether there is a path, with which payload types, how
/// fast. Read by the encoders' sinks and the writer.
#[derive(Debug, Default)]
pub(crate) struct SendParameters {
    open: AtomicBool,
    audio_type: AtomicU8,
    video_type: AtomicU8,
    /// Bits per second, 0 on a local network.
    estimate: AtomicU64,
    /// Between the writer and what is sent again; held for a sum only, because the driver waits.
    pacer: Mutex<Pacer>,
}

impl SendParameters {
    pub(crate) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }

    pub(crate) fn set_payload_type(&self, kind: Kind, payload_type: u8) {
        self.payload_type(kind)
            .store(payload_type, Ordering::Relaxed);
    }

    /// Sets the pace that a path begins with: an estimate of the one before says nothing of it.
    pub(crate) fn begin_path(&self, path: Path) {
        self.set_pace(match path {
            Path::Local => Pace::Local,
            Path::Direct | Path::Relayed => Pace::Estimated(rate::START),
        });
    }

    pub(crate) fn set_pace(&self, pace: Pace) {
        let estimate = match pace {
            Pace::Local => 0,
            Pace::Estimated(estimate) => estimate.bps().max(1),
        };
        self.estimate.store(estimate, Ordering::Relaxed);
    }

    fn pace(&self) -> Pace {
        match self.estimate.load(Ordering::Relaxed) {
            0 => Pace::Local,
            bps => Pace::Estimated(Bitrate::from_bps(bps)),
        }
    }

    /// How long a packet of `bytes` of a picture of `picture` bytes has to wait at `now`.
    fn wait(&self, now: Instant, bytes: usize, picture: usize) -> Duration {
        self.pacer().wait(now, bytes, picture, self.pace())
    }

    /// Makes room for a packet of `bytes` that is sent again at `now`.
    ///
    /// # Errors
    /// How long it has to wait until it asks again.
    pub(crate) fn room_to_resend(&self, now: Instant, bytes: usize) -> Result<(), Duration> {
        self.pacer().resend(now, bytes, self.pace())
    }

    fn pacer(&self) -> MutexGuard<'_, Pacer> {
        self.pacer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    const fn payload_type(&self, kind: Kind) -> &AtomicU8 {
        match kind {
            Kind::Audio => &self.audio_type,
            Kind::Video => &self.video_type,
        }
    }
}

/// Where an encoder hands its frames over.
#[derive(Debug)]
struct Sink {
    parameters: Arc<SendParameters>,
    queue: mpsc::Sender<EncodedFrame>,
}

impl FrameSink for Sink {
    fn send(&self, frame: EncodedFrame) -> Sent {
        if !self.parameters.is_open() {
            return Sent::NotConnected;
        }
        match self.queue.try_send(frame) {
            Ok(()) => Sent::Queued,
            Err(mpsc::error::TrySendError::Full(_)) => Sent::Dropped,
            Err(mpsc::error::TrySendError::Closed(_)) => Sent::NotConnected,
        }
    }
}

/// The two ends of the outgoing side.
pub(crate) struct Outgoing {
    pub(crate) audio: Arc<dyn FrameSink>,
    pub(crate) video: Arc<dyn FrameSink>,
    pub(crate) writer: Writer,
}

/// The task that writes.
pub(crate) struct Writer {
    parameters: Arc<SendParameters>,
    clocks: Arc<SendClocks>,
    audio: mpsc::Receiver<EncodedFrame>,
    video: mpsc::Receiver<EncodedFrame>,
    audio_track: Stream,
    video_track: Stream,
    packet_size: Arc<PacketSize>,
}

struct Stream {
    kind: Kind,
    track: Arc<TrackLocalStaticRTP>,
    sequence: u16,
}

impl Outgoing {
    pub(crate) fn new(
        parameters: &Arc<SendParameters>,
        clocks: Arc<SendClocks>,
        audio_track: Arc<TrackLocalStaticRTP>,
        video_track: Arc<TrackLocalStaticRTP>,
        packet_size: Arc<PacketSize>,
    ) -> Self {
        let (audio_queue, audio) = mpsc::channel(AUDIO_QUEUE);
        let (video_queue, video) = mpsc::channel(VIDEO_QUEUE);
        let sink = |queue| {
            Arc::new(Sink {
                parameters: Arc::clone(parameters),
                queue,
            }) as Arc<dyn FrameSink>
        };
        let stream = |kind, track| Stream {
            kind,
            track,
            sequence: clocks.stream(kind).first_sequence,
        };
        let (audio_track, video_track) = (
            stream(Kind::Audio, audio_track),
            stream(Kind::Video, video_track),
        );
        Self {
            audio: sink(audio_queue),
            video: sink(video_queue),
            writer: Writer {
                parameters: Arc::clone(parameters),
                clocks,
                audio,
                video,
                audio_track,
                video_track,
                packet_size,
            },
        }
    }
}

impl Writer {
    /// Writes until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            loop {
                tokio::select! {
                    biased;
                    Some(frame) = self.audio.recv() => self.write_audio(frame).await,
                    Some(frame) = self.video.recv() => self.write_video(frame).await,
                    else => break,
                }
            }
        })
        .await;
    }

    async fn write_audio(&mut self, frame: EncodedFrame) {
        let timestamp = self.clocks.stamp(Kind::Audio, frame.time, Instant::now());
        let packet = self.audio_track.packet(
            &self.parameters,
            &self.clocks,
            frame.payload,
            timestamp,
            false,
        );
        self.audio_track.write(packet).await;
    }

    /// Writes the sound that waits, and for `time` more, that which comes.
    async fn write_sound_for(&mut self, time: Duration) {
        while let Ok(sound) = self.audio.try_recv() {
            self.write_audio(sound).await;
        }
        if time.is_zero() {
            return;
        }
        let until = tokio::time::Instant::now() + time;
        while let Ok(Some(sound)) = tokio::time::timeout_at(until, self.audio.recv()).await {
            self.write_audio(sound).await;
        }
        // Sinks that the session closed leave the queue empty at once: the pace still holds.
        tokio::time::sleep_until(until).await;
    }

    async fn write_video(&mut self, frame: EncodedFrame) {
        let payloads = packetise(&frame.payload, self.packet_size.payload());
        let timestamp = self.clocks.stamp(Kind::Video, frame.time, Instant::now());
        let size = frame.payload.len();
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.into_iter().enumerate() {
            let wait = self.parameters.wait(Instant::now(), payload.len(), size);
            self.write_sound_for(wait).await;
            let marker = index == last;
            let packet =
                self.video_track
                    .packet(&self.parameters, &self.clocks, payload, timestamp, marker);
            self.video_track.write(packet).await;
        }
    }
}

impl Stream {
    fn packet(
        &mut self,
        parameters: &SendParameters,
        clocks: &SendClocks,
        payload: Bytes,
        timestamp: u32,
        marker: bool,
    ) -> rtp::Packet {
        let clock = clocks.stream(self.kind);
        clock.packets.fetch_add(1, Ordering::Relaxed);
        clock
            .bytes
            .fetch_add(payload.len() as u64, Ordering::Relaxed);
        let sequence_number = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        rtp::Packet {
            header: rtp::Header {
                version: 2,
                marker,
                payload_type: parameters.payload_type(self.kind).load(Ordering::Relaxed),
                sequence_number,
                timestamp,
                ssrc: clock.ssrc,
                ..rtp::Header::default()
            },
            payload,
        }
    }

    /// Waits while the library is busy: the frames behind wait in the bounded queues then.
    async fn write(&self, packet: rtp::Packet) {
        if self.track.write_rtp(packet).await.is_err() {
            tracing::trace!(kind = ?self.kind, "the library took no packet");
        }
    }
}

/// How many sound packets may wait: 160 ms, beyond which they would come too late.
const AUDIO_QUEUE: usize = 8;

/// How many pictures may wait: the one being written and two behind it.
const VIDEO_QUEUE: usize = 3;
