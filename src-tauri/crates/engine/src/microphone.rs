//! Outgoing sound: device callback → ring → encoder thread → gate → session.
//!
//! The thread lives as long as the engine. It meters whatever the device delivers, and while a
//! call's [`Outlet`] is attached and the gate is open it encodes and sends 20 ms at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::{self, Thread};
use std::time::Instant;

use bytes::Bytes;
use media::backend::audio::{SAMPLE_RATE_HZ, SampleSink};
use media::backend::codec::{AudioEncoder, AudioTarget, CodecBackend, OPUS_FRAME};
use media::backend::device::DeviceError;
use media::frame::EncodedFrame;
use media::level::{self, Meter};
use media::time::MediaTime;
use media::transport::{FrameSink, Sent};
use tokio::sync::mpsc;
use tracing::Span;

use crate::audio_thread::AudioThread;
use crate::command::DeviceRole;
use crate::counters::{AudioOut, Level};
use crate::device::{News, Reporter};
use crate::gate::Gate;
use crate::session::Fault;
use crate::threads::Threads;
use crate::timeline::{duration_of, micros_between};
use crate::work::{Stop, Work};

/// Handle of the microphone thread.
#[derive(Debug)]
pub(crate) struct Microphone {
    thread: AudioThread<Message>,
    gate: Gate,
    level: Arc<Level>,
    epoch: Instant,
}

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

enum Message {
    Ring(rtrb::Consumer<f32>, Arc<AtomicI64>),
    Attach(Outlet),
    Target(AudioTarget),
    Detach,
}

impl Microphone {
    /// Starts the thread. `epoch` is where the media timeline of this engine begins.
    pub(crate) fn start(
        threads: &Threads,
        codec: Arc<dyn CodecBackend>,
        epoch: Instant,
    ) -> std::io::Result<Self> {
        let gate = Gate::default();
        let level = Arc::new(Level::default());
        let (asked, meter) = (gate.clone(), Arc::clone(&level));
        let thread = AudioThread::start(threads, "aenc", move |inbox| Encoding {
            inbox,
            codec,
            gate: asked,
            meter: (Meter::new(), meter),
            ring: None,
            call: None,
        })?;
        Ok(Self {
            thread,
            gate,
            level,
            epoch,
        })
    }

    /// A sink for a device that is about to be opened; the thread listens to it from now on.
    pub(crate) fn sink(&self, news: mpsc::Sender<News>, turn: u64) -> Box<dyn SampleSink> {
        let (producer, consumer) = rtrb::RingBuffer::new(RING);
        let heard_until = Arc::new(AtomicI64::new(0));
        self.thread
            .send(Message::Ring(consumer, Arc::clone(&heard_until)));
        let thread = self.thread.thread();
        Box::new(Sink {
            producer,
            heard_until,
            epoch: self.epoch,
            thread,
            reporter: Reporter::new(news, DeviceRole::Microphone, turn),
        })
    }

    /// Sends into this call from now on.
    ///
    /// # Errors
    /// When the thread is gone.
    pub(crate) fn attach(&self, outlet: Outlet) -> std::io::Result<()> {
        let taken = self.thread.send(Message::Attach(outlet));
        taken
            .then_some(())
            .ok_or_else(|| std::io::ErrorKind::BrokenPipe.into())
    }

    /// Changes rate and protection of the attached call.
    pub(crate) fn set_target(&self, target: AudioTarget) {
        self.thread.send(Message::Target(target));
    }

    /// Sends nowhere from now on.
    pub(crate) fn detach(&self) {
        self.thread.send(Message::Detach);
    }

    /// What stands before the session.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Loudness of the last tenth of a second.
    pub(crate) fn level(&self) -> f32 {
        self.level.get()
    }
}

/// The device's end of the ring.
struct Sink {
    producer: rtrb::Producer<f32>,
    /// Microseconds from the epoch to the end of the last pushed sample.
    heard_until: Arc<AtomicI64>,
    epoch: Instant,
    thread: Option<Thread>,
    reporter: Reporter,
}

impl SampleSink for Sink {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        let fits = samples.len().min(self.producer.slots());
        if let Ok(chunk) = self.producer.write_chunk_uninit(fits) {
            chunk.fill_from_iter(samples.iter().copied());
        }
        let until = captured_at + duration_of(samples.len());
        self.heard_until
            .store(micros_between(self.epoch, until), Ordering::Release);
        let waiting = self.producer.buffer().capacity() - self.producer.slots();
        if waiting >= OPUS_FRAME
            && let Some(thread) = &self.thread
        {
            thread.unpark();
        }
    }

    fn failed(&mut self, error: DeviceError) {
        self.reporter.failed(error);
    }
}

/// What the thread does.
struct Encoding {
    inbox: Receiver<Message>,
    codec: Arc<dyn CodecBackend>,
    gate: Gate,
    meter: (Meter, Arc<Level>),
    ring: Option<(rtrb::Consumer<f32>, Arc<AtomicI64>)>,
    call: Option<Call>,
}

/// The call that is sent into.
struct Call {
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

impl Work for Encoding {
    fn step(&mut self) -> bool {
        if !self.take_messages() {
            return false;
        }
        let mut chunk = [0.0; OPUS_FRAME];
        while let Some(time) = self.next_chunk(&mut chunk) {
            self.meter.0.push(&chunk);
            self.meter.1.set(self.meter.0.level());
            self.send(&chunk, time);
        }
        true
    }

    fn wait(&mut self, _: &Stop) {
        thread::park();
    }
}

impl Encoding {
    /// Carries out what the channel holds; false when its other end is gone.
    fn take_messages(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Message::Ring(ring, heard_until)) => {
                    self.ring = Some((ring, heard_until));
                    self.meter.1.set(0.0);
                }
                Ok(Message::Attach(outlet)) => self.attach(outlet),
                Ok(Message::Target(target)) => {
                    if let Some(call) = &mut self.call
                        && let Err(error) = call.encoder.set_target(target)
                    {
                        tracing::warn!(%error, "the sound encoder keeps its old target");
                    }
                }
                Ok(Message::Detach) => self.call = None,
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn attach(&mut self, outlet: Outlet) {
        self.call = None;
        let span = outlet.span;
        let _call = span.clone().entered();
        self.call = match self.codec.audio_encoder(outlet.target) {
            Ok(encoder) => Some(Call {
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
        };
    }

    /// The next 20 ms, if they are there, and when their first sample was heard.
    fn next_chunk(&mut self, chunk: &mut [f32; OPUS_FRAME]) -> Option<MediaTime> {
        let (ring, heard_until) = self.ring.as_mut()?;
        let until = heard_until.load(Ordering::Acquire);
        let waiting = ring.slots();
        let samples = ring.read_chunk(OPUS_FRAME).ok()?;
        let (first, second) = samples.as_slices();
        chunk[..first.len()].copy_from_slice(first);
        chunk[first.len()..].copy_from_slice(second);
        samples.commit_all();
        Some(MediaTime::from_micros(until) - duration_of(waiting))
    }

    fn send(&mut self, chunk: &[f32; OPUS_FRAME], heard_at: MediaTime) {
        let Some(call) = &mut self.call else { return };
        let _call = call.span.clone().entered();
        let time = call.clock.next(heard_at);
        call.counters.loudest.raise(level::energy(chunk));
        if !self.gate.admits(heard_at) {
            return;
        }
        if let Err(error) = call.encoder.encode(chunk, &mut call.packet) {
            tracing::warn!(%error, "20 ms of sound are lost");
            return;
        }
        let payload = Bytes::copy_from_slice(&call.packet);
        let bytes = payload.len();
        let frame = EncodedFrame {
            time,
            keyframe: true,
            payload,
        };
        match self.gate.pass(heard_at, || call.sink.send(frame)) {
            Some(Sent::Queued) => call.counters.sent(bytes),
            Some(Sent::NotConnected | Sent::Dropped) | None => {}
        }
    }
}

/// Gives consecutive chunks consecutive times, since callbacks come with jitter of their own;
/// follows the device's clock when the two are too far apart.
#[derive(Debug, Default)]
struct ChunkClock {
    next: Option<MediaTime>,
}

impl ChunkClock {
    /// The time of the chunk that was heard at about `heard_at`.
    fn next(&mut self, heard_at: MediaTime) -> MediaTime {
        let time = match self.next {
            Some(next) if heard_at.micros_since(next).abs() < Self::TOLERANCE_US => next,
            Some(_) | None => heard_at,
        };
        self.next = Some(time + duration_of(OPUS_FRAME));
        time
    }

    /// More than the jitter of callbacks on a busy machine, less than what lips betray.
    const TOLERANCE_US: i64 = 30_000;
}

/// 200 ms: beyond that the encoder thread is stuck and newer sound is dropped.
const RING: usize = SAMPLE_RATE_HZ as usize / 5;

#[cfg(test)]
mod tests;
