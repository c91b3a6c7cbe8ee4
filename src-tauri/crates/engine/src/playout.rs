//! The speaker's side of the engine: playout thread → ring → device callback.
//!
//! The thread lives as long as the engine and makes sound when the device asks for it, 10 ms at a
//! time: the other side's voice out of the jitter buffer, and the sounds of the phone. The ring
//! holds one callback's worth and no more, so the jitter buffer is the only place where sound
//! waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, Thread};
use std::time::Instant;

use media::backend::audio::{SAMPLE_RATE_HZ, SampleSource};
use media::backend::device::DeviceError;
use media::jitter::audio::PULL;
use media::level::Meter;
use tokio::sync::mpsc;

use crate::command::DeviceRole;
use crate::counters::Level;
use crate::event::Event;
use crate::microphone::{duration_of, micros_between};
use crate::tone::{Tone, Tones};
use crate::voice::Voice;
use crate::worker::{Stop, Worker};

/// Handle of the playout thread.
#[derive(Debug)]
pub(crate) struct Playout {
    worker: Worker,
    orders: SyncSender<Order>,
    level: Arc<Level>,
    epoch: Instant,
}

enum Order {
    Ring(Ring),
    Attach(Box<dyn FnOnce() -> Option<Voice> + Send>),
    Detach,
    Tone(Tone),
}

/// The thread's end of the ring, and what the callback tells.
struct Ring {
    producer: rtrb::Producer<f32>,
    demand: Arc<Demand>,
}

/// What the callback tells the thread.
#[derive(Debug, Default)]
struct Demand {
    /// Samples that the last callback took.
    block: AtomicUsize,
    /// Microseconds from the epoch to when the sample after that callback's block plays.
    plays_until: AtomicI64,
}

impl Playout {
    /// Starts the thread. `epoch` is where the engine's own timeline begins.
    pub(crate) fn start(epoch: Instant) -> std::io::Result<Self> {
        let (orders, inbox) = sync_channel(ORDERS);
        let level = Arc::new(Level::default());
        let meter = Arc::clone(&level);
        let worker = Worker::start("playout", move |stop| {
            let meter = (Meter::new(), meter);
            Body {
                inbox,
                epoch,
                meter,
                ring: None,
                voice: None,
                tones: Tones::default(),
            }
            .run(stop);
        })?;
        Ok(Self {
            worker,
            orders,
            level,
            epoch,
        })
    }

    /// A source for a device that is about to be opened; the thread feeds it from now on.
    pub(crate) fn source(&self, events: mpsc::Sender<Event>, turn: u64) -> Box<dyn SampleSource> {
        let (producer, consumer) = rtrb::RingBuffer::new(RING);
        let demand = Arc::new(Demand::default());
        self.order(Order::Ring(Ring {
            producer,
            demand: Arc::clone(&demand),
        }));
        let thread = self.worker.thread().cloned();
        Box::new(Source {
            consumer,
            demand,
            epoch: self.epoch,
            thread,
            events,
            turn,
        })
    }

    /// Plays this voice from now on; `make` runs on the thread, where the decoder then lives.
    pub(crate) fn attach(&self, make: impl FnOnce() -> Option<Voice> + Send + 'static) {
        self.order(Order::Attach(Box::new(make)));
    }

    /// Plays no voice from now on.
    pub(crate) fn detach(&self) {
        self.order(Order::Detach);
    }

    /// Plays this from now on.
    pub(crate) fn play(&self, tone: Tone) {
        self.order(Order::Tone(tone));
    }

    /// Loudness of the voice.
    pub(crate) fn level(&self) -> f32 {
        self.level.get()
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::error!("the playout thread takes no orders");
        }
        if let Some(thread) = self.worker.thread() {
            thread.unpark();
        }
    }
}

/// The device's end of the ring.
struct Source {
    consumer: rtrb::Consumer<f32>,
    demand: Arc<Demand>,
    epoch: Instant,
    thread: Option<Thread>,
    events: mpsc::Sender<Event>,
    turn: u64,
}

impl SampleSource for Source {
    fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
        let ready = self.consumer.slots().min(out.len());
        if let Ok(samples) = self.consumer.read_chunk(ready) {
            let (first, second) = samples.as_slices();
            out[..first.len()].copy_from_slice(first);
            out[first.len()..ready].copy_from_slice(second);
            samples.commit_all();
        }
        out[ready..].fill(0.0);
        let until = plays_at + duration_of(out.len());
        self.demand
            .plays_until
            .store(micros_between(self.epoch, until), Ordering::Relaxed);
        self.demand.block.store(out.len(), Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }

    fn failed(&mut self, error: DeviceError) {
        let role = DeviceRole::Speaker;
        // Fails only when the engine is gone.
        let _ = self.events.blocking_send(Event::DeviceFailed {
            role,
            turn: self.turn,
            error,
        });
    }
}

struct Body {
    inbox: Receiver<Order>,
    epoch: Instant,
    meter: (Meter, Arc<Level>),
    ring: Option<Ring>,
    voice: Option<Voice>,
    tones: Tones,
}

impl Body {
    fn run(mut self, stop: &Stop) {
        while !stop.is_set() {
            if !self.obey() {
                return;
            }
            self.refill();
            thread::park();
        }
    }

    /// Carries out what was ordered; false when nobody can order any more.
    fn obey(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Order::Ring(ring)) => self.ring = Some(ring),
                Ok(Order::Attach(make)) => self.voice = make(),
                Ok(Order::Detach) => {
                    self.voice = None;
                    self.meter.0 = Meter::new();
                    self.meter.1.set(0.0);
                }
                Ok(Order::Tone(tone)) => self.tones.play(tone),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Tops the ring up to what the next callback will take.
    fn refill(&mut self) {
        let Some(ring) = &mut self.ring else { return };
        let target = ring.demand.block.load(Ordering::Acquire).min(RING);
        if target == 0 {
            return;
        }
        loop {
            let waiting = RING - ring.producer.slots();
            if waiting >= target {
                return;
            }
            let mut block = [0.0; PULL];
            let plays_at = ring.demand.plays_until.load(Ordering::Relaxed)
                + duration_of(waiting).as_micros() as i64;
            if let Some(voice) = &mut self.voice {
                voice.next_block(self.epoch, plays_at, &mut block);
                self.meter.0.push(&block);
                self.meter.1.set(self.meter.0.level());
            }
            self.tones.mix(&mut block);
            let Ok(chunk) = ring.producer.write_chunk_uninit(PULL) else {
                return;
            };
            chunk.fill_from_iter(block);
        }
    }
}

/// 100 ms: the largest callback that is served without gaps, with room for one block more.
const RING: usize = SAMPLE_RATE_HZ as usize / 10;

/// Orders wait here for at most one wake-up of the thread.
const ORDERS: usize = 32;
