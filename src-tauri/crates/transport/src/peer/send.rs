//! Frames out: encoder threads hand over, one task cuts them into packets and writes them.
//!
//! Sound goes first: between any two packets of a picture the task looks whether sound waits. A
//! large picture is spread a little, so that it does not overrun a router's queue. One of a shared
//! screen is spread over as long as the path needs for it, and pictures of the camera go between.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use media::frame::EncodedFrame;
use media::rate;
use media::transport::{FrameSink, Kind, Path, Sent, Stream, Streams};
use media::units::Bitrate;
use rtc::rtp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;

use super::cipher::FrameCipher;
use super::clocks::{SendClocks, StreamClock};
use super::pace::{Pace, Pacer};
use super::packet_size::PacketSize;
use crate::rtp::packetise::packetise;

/// How to send, as the session task sets it: whether there is a path, with which payload types, how
/// fast. Read by the encoders' sinks and the writer.
#[derive(Debug, Default)]
pub(crate) struct SendParameters {
    open: AtomicBool,
    /// 0 for a stream that the other side does not take.
    payload_types: Streams<AtomicU8>,
    /// Bits per second, 0 on a local network.
    estimate: AtomicU64,
    /// Between the writer and what is sent again; held for a sum only, because the driver waits.
    pacer: Mutex<Pacer>,
    /// How often sharing a screen was stopped. What was handed over before a stop is not sent after it,
    /// however long its packets still had to wait.
    screen_stops: AtomicU32,
}

impl SendParameters {
    pub(crate) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }

    /// Sets with which payload type a stream is sent; `None` when the other side does not take it.
    pub(crate) fn set_payload_type(&self, stream: Stream, payload_type: Option<u8>) {
        self.payload_types[stream].store(payload_type.unwrap_or(0), Ordering::Relaxed);
    }

    /// Sets the pace that a path begins with: an estimate of the one before says nothing of it.
    pub(crate) fn begin_path(&self, path: Path) {
        self.set_pace(match path {
            Path::Local => Pace::Local,
            Path::Direct | Path::Relayed | Path::Server => Pace::Estimated(rate::START),
        });
    }

    /// Nothing leaves any more of what was handed over of a shared screen.
    pub(crate) fn stop_screen(&self) {
        self.screen_stops.fetch_add(1, Ordering::AcqRel);
    }

    fn screen_stops(&self) -> u32 {
        self.screen_stops.load(Ordering::Acquire)
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

    /// How long a packet of `bytes` of a shared screen has to wait at `now`.
    fn wait_patiently(&self, now: Instant, bytes: usize) -> Duration {
        self.pacer().wait_patiently(now, bytes, self.pace())
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

    fn is_open(&self, stream: Stream) -> bool {
        self.open.load(Ordering::Relaxed) && self.payload_type(stream) != 0
    }

    fn payload_type(&self, stream: Stream) -> u8 {
        self.payload_types[stream].load(Ordering::Relaxed)
    }
}

/// Where an encoder hands its frames over.
#[derive(Debug)]
struct Sink {
    stream: Stream,
    parameters: Arc<SendParameters>,
    queue: mpsc::Sender<EncodedFrame>,
}

impl FrameSink for Sink {
    fn send(&self, frame: EncodedFrame) -> Sent {
        if !self.parameters.is_open(self.stream) {
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
    pub(crate) sinks: Streams<Arc<dyn FrameSink>>,
    pub(crate) writer: Writer,
}

/// The task that writes.
pub(crate) struct Writer {
    parameters: Arc<SendParameters>,
    clocks: Arc<SendClocks>,
    queues: Streams<mpsc::Receiver<EncodedFrame>>,
    packetisers: Streams<Packetiser>,
    packet_size: Arc<PacketSize>,
    cipher: Option<Arc<dyn FrameCipher>>,
}

/// Makes the packets of one stream.
struct Packetiser {
    stream: Stream,
    track: Arc<TrackLocalStaticRTP>,
    sequence: u16,
}

impl Outgoing {
    /// The sinks of all streams and the task that writes what they take to `tracks`.
    pub(crate) fn new(
        parameters: &Arc<SendParameters>,
        clocks: Arc<SendClocks>,
        tracks: &Streams<Arc<TrackLocalStaticRTP>>,
        packet_size: Arc<PacketSize>,
        cipher: Option<Arc<dyn FrameCipher>>,
    ) -> Self {
        let (sinks, queues) = Streams::from_fn(|stream| {
            let (queue, queued) = mpsc::channel(match stream.kind() {
                Kind::Audio => AUDIO_QUEUE,
                Kind::Video => VIDEO_QUEUE,
            });
            let sink = Sink {
                stream,
                parameters: Arc::clone(parameters),
                queue,
            };
            (Arc::new(sink) as Arc<dyn FrameSink>, queued)
        })
        .unzip();
        let packetisers = Streams::from_fn(|stream| Packetiser {
            stream,
            track: Arc::clone(&tracks[stream]),
            sequence: clocks.stream(stream).first_sequence,
        });
        let writer = Writer {
            parameters: Arc::clone(parameters),
            clocks,
            queues,
            packetisers,
            packet_size,
            cipher,
        };
        Self { sinks, writer }
    }
}

impl Writer {
    /// Writes until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            while let Some((stream, frame)) = self.next_of(&BY_PRIORITY).await {
                match stream {
                    Stream::Voice | Stream::ScreenSound => self.write_sound(stream, frame).await,
                    Stream::Camera => self.write_picture(stream, frame).await,
                    Stream::Screen => self.write_screen(frame).await,
                }
            }
        })
        .await;
    }

    /// The next frame of one of `streams` as it leaves, of the foremost that has one; `None` when no
    /// sink is left.
    async fn next_of(&mut self, streams: &[Stream]) -> Option<(Stream, EncodedFrame)> {
        loop {
            let (stream, frame) = self.next_encoded(streams).await?;
            let Some(cipher) = &self.cipher else {
                return Some((stream, frame));
            };
            if let Some(payload) = cipher.seal(stream, frame.payload) {
                return Some((stream, EncodedFrame { payload, ..frame }));
            }
        }
    }

    async fn next_encoded(&mut self, streams: &[Stream]) -> Option<(Stream, EncodedFrame)> {
        poll_fn(|cx| {
            let mut closed = true;
            for &stream in streams {
                match self.queues[stream].poll_recv(cx) {
                    Poll::Ready(Some(frame)) => return Poll::Ready(Some((stream, frame))),
                    Poll::Ready(None) => {}
                    Poll::Pending => closed = false,
                }
            }
            if closed {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        })
        .await
    }

    async fn write_sound(&mut self, stream: Stream, frame: EncodedFrame) {
        let timestamp = self.clocks.stamp(stream, frame.time, Instant::now());
        self.write(stream, frame.payload, timestamp, false).await;
    }

    /// Writes the sound that waits, and for `time` more, that which comes.
    async fn write_sound_for(&mut self, time: Duration) {
        while let Some(Some((stream, sound))) = self.next_of(&SOUND).now_or_never() {
            self.write_sound(stream, sound).await;
        }
        if time.is_zero() {
            return;
        }
        let until = tokio::time::Instant::now() + time;
        while let Ok(Some((stream, sound))) =
            tokio::time::timeout_at(until, self.next_of(&SOUND)).await
        {
            self.write_sound(stream, sound).await;
        }
        // Sinks that the session closed leave the queues empty at once: the pace still holds.
        tokio::time::sleep_until(until).await;
    }

    async fn write_picture(&mut self, stream: Stream, frame: EncodedFrame) {
        let payloads = packetise(&frame.payload, self.packet_size.payload());
        let timestamp = self.clocks.stamp(stream, frame.time, Instant::now());
        let size = frame.payload.len();
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.into_iter().enumerate() {
            let wait = self.parameters.wait(Instant::now(), payload.len(), size);
            self.write_sound_for(wait).await;
            self.write(stream, payload, timestamp, index == last).await;
        }
    }

    /// Writes a picture of a shared screen, and what comes meanwhile between its packets.
    async fn write_screen(&mut self, frame: EncodedFrame) {
        let stops = self.parameters.screen_stops();
        let payloads = packetise(&frame.payload, self.packet_size.payload());
        let timestamp = self
            .clocks
            .stamp(Stream::Screen, frame.time, Instant::now());
        let last = payloads.len().saturating_sub(1);
        for (index, payload) in payloads.into_iter().enumerate() {
            let wait = self
                .parameters
                .wait_patiently(Instant::now(), payload.len());
            self.write_others_for(wait).await;
            if self.parameters.screen_stops() != stops {
                // What waits behind it is as old. Where it is of the next share already, the other side
                // asks for a keyframe.
                while self.queues[Stream::Screen].try_recv().is_ok() {}
                return;
            }
            self.write(Stream::Screen, payload, timestamp, index == last)
                .await;
        }
    }

    /// Writes what is not of the screen and waits, and for `time` more, that which comes.
    async fn write_others_for(&mut self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        loop {
            let next = self.next_of(&BEFORE_SCREEN);
            let next = if time.is_zero() {
                next.now_or_never()
            } else {
                tokio::time::timeout_at(until, next).await.ok()
            };
            match next {
                Some(Some((Stream::Camera, picture))) => {
                    self.write_picture(Stream::Camera, picture).await;
                }
                Some(Some((stream, sound))) => self.write_sound(stream, sound).await,
                // Sinks that the session closed leave the queues empty at once: the pace still holds.
                Some(None) | None => break,
            }
        }
        tokio::time::sleep_until(until).await;
    }

    async fn write(&mut self, stream: Stream, payload: Bytes, timestamp: u32, marker: bool) {
        let payload_type = self.parameters.payload_type(stream);
        let clock = self.clocks.stream(stream);
        let packetiser = &mut self.packetisers[stream];
        let packet = packetiser.packet(clock, payload_type, payload, timestamp, marker);
        packetiser.write(packet).await;
    }
}

impl Packetiser {
    fn packet(
        &mut self,
        clock: &StreamClock,
        payload_type: u8,
        payload: Bytes,
        timestamp: u32,
        marker: bool,
    ) -> rtp::Packet {
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
                payload_type,
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
            tracing::trace!(stream = ?self.stream, "the library took no packet");
        }
    }
}

/// Which of several frames that wait is written first.
const BY_PRIORITY: [Stream; 4] = [
    Stream::Voice,
    Stream::ScreenSound,
    Stream::Camera,
    Stream::Screen,
];

/// What goes between the packets of a picture.
const SOUND: [Stream; 2] = [Stream::Voice, Stream::ScreenSound];

/// What goes between the packets of a shared screen.
const BEFORE_SCREEN: [Stream; 3] = [Stream::Voice, Stream::ScreenSound, Stream::Camera];

/// How many sound packets of a stream may wait: 160 ms, beyond which they would come too late.
const AUDIO_QUEUE: usize = 8;

/// How many pictures of a stream may wait: the one being written and two behind it.
const VIDEO_QUEUE: usize = 3;
