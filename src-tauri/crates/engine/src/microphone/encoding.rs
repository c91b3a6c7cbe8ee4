//! The call that the microphone's sound is sent into: encoder → gate → session.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use media::backend::codec::{AudioEncoder, AudioTarget, CodecBackend, OPUS_FRAME};
use media::backend::voice::VoiceFigures;
use media::frame::EncodedFrame;
use media::level;
use media::time::MediaTime;
use media::transport::{FrameSink, Sent};
use tracing::Span;

use crate::counters::AudioOut;
use crate::gate::Gate;
use crate::session::Fault;
use crate::timeline::duration_of;

/// Where a call's sound goes.
pub(crate) struct Outlet {
    /// The session's sink.
    pub(crate) sink: Arc<dyn FrameSink>,
    /// Rate and protection at first.
    pub(crate) target: AudioTarget,
    /// What was sent.
    pub(crate) counters: Arc<AudioOut>,
    /// Tells that no sound can be sent.
    pub(crate) fault: Fault,
    /// Names the call in log lines.
    pub(crate) span: Span,
}

/// 20 ms as they shall be sent.
pub(super) struct Chunk<'a> {
    pub(super) samples: &'a [f32; OPUS_FRAME],
    /// When the first sample came out of the microphone.
    pub(super) heard_at: MediaTime,
    /// By how much what `samples` begins with was heard earlier.
    pub(super) delay: Duration,
    /// Whether the microphone gave anything but digital silence.
    pub(super) has_sound: bool,
    /// How well the echo is removed.
    pub(super) figures: VoiceFigures,
}

/// The call that is sent into.
pub(super) struct Call {
    sink: Arc<dyn FrameSink>,
    counters: Arc<AudioOut>,
    encoder: Box<dyn AudioEncoder>,
    packet: Vec<u8>,
    clock: ChunkClock,
    /// Tells the control task when this thread panics in the call.
    _fault: Fault,
    /// Names the call in log lines.
    span: Span,
}

impl Call {
    /// A call that goes into `outlet`; `None` when there is no encoder for it, which is reported.
    pub(super) fn new(codec: &dyn CodecBackend, outlet: Outlet) -> Option<Self> {
        let span = outlet.span;
        let _call = span.clone().entered();
        match codec.audio_encoder(outlet.target) {
            Ok(encoder) => Some(Self {
                sink: outlet.sink,
                counters: outlet.counters,
                encoder,
                packet: Vec::with_capacity(1500),
                clock: ChunkClock::default(),
                _fault: outlet.fault,
                span,
            }),
            Err(error) => {
                tracing::error!(%error, "no sound can be sent");
                outlet.fault.report();
                None
            }
        }
    }

    /// Changes rate and protection.
    pub(super) fn set_target(&mut self, target: AudioTarget) {
        let _call = self.span.clone().entered();
        if let Err(error) = self.encoder.set_target(target) {
            tracing::warn!(%error, "the sound encoder keeps its old target");
        }
    }

    /// Counts a chunk, and sends it if it was spoken while the gate was open. What waited in the
    /// processor was spoken earlier than what came out of the microphone last.
    pub(super) fn send(&mut self, chunk: &Chunk<'_>, gate: &Gate) {
        let _call = self.span.clone().entered();
        self.count(chunk);
        let spoken_at = chunk.heard_at - chunk.delay;
        if !gate.admits(spoken_at) {
            self.clock = ChunkClock::default();
            return;
        }
        let time = self.clock.next(spoken_at);
        if let Err(error) = self.encoder.encode(chunk.samples, &mut self.packet) {
            tracing::warn!(%error, "20 ms of sound are lost");
            return;
        }
        let payload = Bytes::copy_from_slice(&self.packet);
        let bytes = payload.len();
        let frame = EncodedFrame {
            time,
            keyframe: true,
            payload,
        };
        match gate.pass(spoken_at, || self.sink.send(frame)) {
            Some(Sent::Queued) => self.counters.sent(bytes),
            Some(Sent::NotConnected | Sent::Dropped) | None => {}
        }
    }

    fn count(&self, chunk: &Chunk<'_>) {
        self.counters.processed(level::energy(chunk.samples));
        if chunk.has_sound {
            self.counters.with_sound.add(1);
        }
        let (echo, figures) = (&self.counters.echo, chunk.figures);
        echo.return_loss.set(figures.echo_return_loss);
        echo.return_loss_enhancement
            .set(figures.echo_return_loss_enhancement);
    }
}

/// Gives consecutive chunks consecutive times, since callbacks come with jitter of their own, and
/// processing that is switched in a call delays by more or less from then on: whoever receives a
/// step of that would fill it with silence. Follows the device's clock when the two are too far
/// apart, and begins anew where nothing is sent.
#[derive(Debug, Default)]
pub(super) struct ChunkClock {
    next: Option<MediaTime>,
}

impl ChunkClock {
    /// The time of the chunk that was spoken at about `spoken_at`.
    pub(super) fn next(&mut self, spoken_at: MediaTime) -> MediaTime {
        let time = match self.next {
            Some(next) if spoken_at.micros_since(next).abs() < Self::TOLERANCE_US => next,
            Some(_) | None => spoken_at,
        };
        self.next = Some(time + duration_of(OPUS_FRAME));
        time
    }

    /// More than the jitter of callbacks on a busy machine and than processing delays, less than
    /// what lips betray.
    const TOLERANCE_US: i64 = 30_000;
}
