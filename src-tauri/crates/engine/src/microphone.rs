//! The microphone's side of the engine: device callback → ring → encoder thread.
//!
//! The thread lives as long as the engine. It meters whatever the device delivers, and while a
//! call's [`Outlet`] is attached and the gate is open it encodes and sends 20 ms at a time. The
//! gate is the only place where mute happens; when shut, not a packet leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::{self, Thread};
use std::time::Instant;

use bytes::Bytes;
use media::backend::audio::{SAMPLE_RATE_HZ, SampleSink};
use media::backend::codec::{AudioEncoder, AudioTarget, CodecBackend, OPUS_FRAME};
use media::backend::device::DeviceError;
use media::frame::EncodedFrame;
use media::level::Meter;
use media::time::MediaTime;
use media::transport::{FrameSink, Sent};
use tokio::sync::mpsc;

use crate::command::DeviceRole;
use crate::counters::{AudioOut, Level};
use crate::event::Event;
use crate::orders::Orders;
use crate::reporter::Reporter;
use crate::timeline::{duration_of, micros_between};
use crate::worker::Stop;

/// Handle of the microphone thread.
#[derive(Debug)]
pub(crate) struct Microphone {
    orders: Orders<Order>,
    gate: Arc<AtomicBool>,
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
}

enum Order {
    Ring(rtrb::Consumer<f32>, Arc<AtomicI64>),
    Attach(Outlet),
    Target(AudioTarget),
    Detach,
}

impl Microphone {
    /// Starts the thread. `epoch` is where the media timeline of this engine begins.
    pub(crate) fn start(codec: Arc<dyn CodecBackend>, epoch: Instant) -> std::io::Result<Self> {
        let gate = Arc::new(AtomicBool::new(false));
        let level = Arc::new(Level::default());
        let (open, meter) = (Arc::clone(&gate), Arc::clone(&level));
        let orders = Orders::start("aenc", move |inbox, stop| {
            let meter = (Meter::new(), meter);
            Body {
                inbox,
                codec,
                gate: open,
                meter,
                ring: None,
                call: None,
            }
            .run(stop);
        })?;
        Ok(Self {
            orders,
            gate,
            level,
            epoch,
        })
    }

    /// A sink for a device that is about to be opened; the thread listens to it from now on.
    pub(crate) fn sink(&self, events: mpsc::Sender<Event>, turn: u64) -> Box<dyn SampleSink> {
        let (producer, consumer) = rtrb::RingBuffer::new(RING);
        let heard_until = Arc::new(AtomicI64::new(0));
        self.orders
            .give(Order::Ring(consumer, Arc::clone(&heard_until)));
        let thread = self.orders.thread();
        Box::new(Sink {
            producer,
            heard_until,
            epoch: self.epoch,
            thread,
            reporter: Reporter::new(events, DeviceRole::Microphone, turn),
        })
    }

    /// Sends into this call from now on.
    pub(crate) fn attach(&self, outlet: Outlet) {
        self.orders.give(Order::Attach(outlet));
    }

    /// Changes rate and protection of the attached call.
    pub(crate) fn set_target(&self, target: AudioTarget) {
        self.orders.give(Order::Target(target));
    }

    /// Sends nowhere from now on.
    pub(crate) fn detach(&self) {
        self.orders.give(Order::Detach);
    }

    /// Opens or shuts the gate. When this returns, no later sound passes a shut gate.
    pub(crate) fn set_gate(&self, open: bool) {
        self.gate.store(open, Ordering::SeqCst);
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

struct Body {
    inbox: Receiver<Order>,
    codec: Arc<dyn CodecBackend>,
    gate: Arc<AtomicBool>,
    meter: (Meter, Arc<Level>),
    ring: Option<(rtrb::Consumer<f32>, Arc<AtomicI64>)>,
    call: Option<Call>,
}

struct Call {
    outlet: Outlet,
    encoder: Box<dyn AudioEncoder>,
    packet: Vec<u8>,
    clock: ChunkClock,
}

impl Body {
    fn run(mut self, stop: &Stop) {
        let mut chunk = [0.0; OPUS_FRAME];
        while !stop.is_set() {
            if !self.obey() {
                return;
            }
            while let Some(time) = self.next_chunk(&mut chunk) {
                self.meter.0.push(&chunk);
                self.meter.1.set(self.meter.0.level());
                self.send(&chunk, time);
            }
            thread::park();
        }
    }

    /// Carries out what was ordered; false when nobody can order any more.
    fn obey(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Order::Ring(ring, heard_until)) => {
                    self.ring = Some((ring, heard_until));
                    self.meter.1.set(0.0);
                }
                Ok(Order::Attach(outlet)) => self.attach(outlet),
                Ok(Order::Target(target)) => {
                    if let Some(call) = &mut self.call
                        && let Err(error) = call.encoder.set_target(target)
                    {
                        tracing::warn!(%error, "the sound encoder keeps its old target");
                    }
                }
                Ok(Order::Detach) => self.call = None,
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn attach(&mut self, outlet: Outlet) {
        self.call = match self.codec.audio_encoder(outlet.target) {
            Ok(encoder) => Some(Call {
                outlet,
                encoder,
                packet: Vec::with_capacity(1500),
                clock: ChunkClock::default(),
            }),
            Err(error) => {
                tracing::error!(%error, "no sound can be sent");
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
        let time = call.clock.next(heard_at);
        if !self.gate.load(Ordering::SeqCst) {
            return;
        }
        if let Err(error) = call.encoder.encode(chunk, &mut call.packet) {
            tracing::warn!(%error, "20 ms of sound are lost");
            return;
        }
        let payload = Bytes::copy_from_slice(&call.packet);
        let bytes = payload.len();
        match call.outlet.sink.send(EncodedFrame {
            time,
            keyframe: true,
            payload,
        }) {
            Sent::Queued => call.outlet.counters.sent(bytes),
            Sent::NotConnected | Sent::Dropped => {}
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
mod tests {
    use super::*;

    #[test]
    fn chunks_are_20_ms_apart_however_callbacks_jitter() {
        let mut clock = ChunkClock::default();
        let first = clock.next(MediaTime::from_micros(1_000));
        let second = clock.next(MediaTime::from_micros(29_000));
        assert_eq!(second.micros_since(first), 20_000);
    }

    #[test]
    fn a_gap_of_the_device_shows_in_the_times() {
        let mut clock = ChunkClock::default();
        let first = clock.next(MediaTime::from_micros(0));
        let second = clock.next(MediaTime::from_micros(520_000));
        assert_eq!(second.micros_since(first), 520_000);
    }
}
