//! Sound on its last way: playout thread → ring → callback of the speaker.
//!
//! The thread lives as long as the engine and makes sound when the device asks for it, 10 ms at a
//! time: the other side's voice out of the jitter buffer, and the sounds of the phone. The ring
//! holds one callback's worth and no more, so the jitter buffer is the only place where sound
//! waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread::{self, Thread};
use std::time::Instant;

use media::backend::audio::{SAMPLE_RATE_HZ, SampleSource};
use media::backend::device::DeviceError;
use media::jitter::audio::PULL;
use media::level::Meter;
use tokio::sync::mpsc;

use crate::audio_thread::AudioThread;
use crate::clock::Clock;
use crate::command::DeviceRole;
use crate::counters::Level;
use crate::device::{News, Reporter};
use crate::machine::Machine;
use crate::timed_ring;
use crate::timeline::{duration_of, media_time, micros_between};
use crate::tone::{Tone, Tones};
use crate::voice::{self, Voice};
use crate::work::{Stop, Work};

/// Handle of the playout thread.
#[derive(Debug)]
pub(crate) struct Playout {
    thread: AudioThread<Message>,
    level: Arc<Level>,
    clock: Clock,
    epoch: Instant,
}

enum Message {
    Ring(Ring),
    Attach(voice::Parts),
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
    /// Samples that the device takes at once.
    block: AtomicUsize,
    /// Microseconds from the epoch to when the sample after that callback's block plays.
    plays_until: AtomicI64,
}

impl Playout {
    /// Starts the thread. `epoch` is where the engine's own timeline begins.
    pub(crate) fn start(machine: &Machine, epoch: Instant) -> std::io::Result<Self> {
        let level = Arc::new(Level::default());
        let meter = Arc::clone(&level);
        let clock = machine.clock.clone();
        let thread = AudioThread::start(&machine.threads, "playout", move |inbox| Playing {
            inbox,
            clock,
            epoch,
            meter: (Meter::new(), meter),
            ring: None,
            voice: None,
            tones: Tones::default(),
        })?;
        Ok(Self {
            thread,
            level,
            clock: machine.clock.clone(),
            epoch,
        })
    }

    /// A source for a device that is about to be opened; the thread feeds it from now on. All that
    /// the device is given goes into `played` too.
    pub(crate) fn source(
        &self,
        news: mpsc::Sender<News>,
        turn: u64,
        played: timed_ring::Writer,
    ) -> Box<dyn SampleSource> {
        let (producer, consumer) = rtrb::RingBuffer::new(RING);
        let demand = Arc::new(Demand::default());
        self.thread.send(Message::Ring(Ring {
            producer,
            demand: Arc::clone(&demand),
        }));
        let thread = self.thread.thread();
        Box::new(Source {
            consumer,
            played,
            demand,
            clock: self.clock.clone(),
            epoch: self.epoch,
            thread,
            reporter: Reporter::new(news, DeviceRole::Speaker, turn),
            bursts: Bursts::default(),
        })
    }

    /// Plays this voice from now on. It is put together on the thread, where its decoder lives.
    ///
    /// # Errors
    /// When the thread is gone.
    pub(crate) fn attach(&self, voice: voice::Parts) -> std::io::Result<()> {
        let taken = self.thread.send(Message::Attach(voice));
        taken
            .then_some(())
            .ok_or_else(|| std::io::ErrorKind::BrokenPipe.into())
    }

    /// Plays no voice from now on.
    pub(crate) fn detach(&self) {
        self.thread.send(Message::Detach);
    }

    /// Plays this from now on.
    pub(crate) fn play(&self, tone: Tone) {
        self.thread.send(Message::Tone(tone));
    }

    /// Loudness of the voice.
    pub(crate) fn level(&self) -> f32 {
        self.level.get()
    }
}

/// The device's end of the ring.
struct Source {
    consumer: rtrb::Consumer<f32>,
    /// What the microphone may hear of it.
    played: timed_ring::Writer,
    demand: Arc<Demand>,
    clock: Clock,
    epoch: Instant,
    thread: Option<Thread>,
    reporter: Reporter,
    bursts: Bursts,
}

/// How many samples a device takes at once. One callback may ask several times, a few
/// microseconds apart, when its block is long or is resampled; nobody can refill in between.
#[derive(Debug, Default)]
struct Bursts {
    /// Samples taken so far in the current burst.
    sum: usize,
    /// When samples were taken last, and how many.
    last: Option<(Instant, usize)>,
    /// The samples of the bursts before: sizes may alternate.
    recent: [usize; 8],
    next: usize,
}

impl Bursts {
    /// Notes that `samples` are taken at `now`, and tells how many must lie ready.
    fn took(&mut self, samples: usize, now: Instant) -> usize {
        // A new callback comes when most of what was taken has been played. One that asks before
        // half of it has been is the same callback asking again.
        let goes_on = self
            .last
            .is_some_and(|(at, taken)| now.saturating_duration_since(at) < duration_of(taken) / 2);
        if !goes_on {
            self.recent[self.next] = self.sum;
            self.next = (self.next + 1) % self.recent.len();
            self.sum = 0;
        }
        self.sum = (self.sum + samples).min(RING);
        self.last = Some((now, samples));
        self.recent.iter().copied().fold(self.sum, usize::max)
    }
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
        self.played.write(out, media_time(self.epoch, plays_at));
        let until = plays_at + duration_of(out.len());
        self.demand
            .plays_until
            .store(micros_between(self.epoch, until), Ordering::Relaxed);
        let block = self.bursts.took(out.len(), self.clock.media_now());
        self.demand.block.store(block, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }

    fn failed(&mut self, error: DeviceError) {
        self.reporter.failed(error);
    }
}

/// What the thread does.
struct Playing {
    inbox: Receiver<Message>,
    clock: Clock,
    epoch: Instant,
    meter: (Meter, Arc<Level>),
    ring: Option<Ring>,
    voice: Option<Voice>,
    tones: Tones,
}

impl Work for Playing {
    fn step(&mut self) -> bool {
        let goes_on = self.take_messages();
        if goes_on {
            self.refill();
        }
        goes_on
    }

    fn wait(&mut self, _: &Stop) {
        thread::park();
    }
}

impl Playing {
    /// Carries out what the channel holds; false when its other end is gone.
    fn take_messages(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Message::Ring(ring)) => {
                    self.ring = Some(ring);
                    // What waited while there was no speaker is old.
                    if let Some(voice) = &mut self.voice {
                        voice.forget();
                    }
                }
                Ok(Message::Attach(voice)) => {
                    self.voice = None;
                    self.voice = Voice::new(voice);
                }
                Ok(Message::Detach) => {
                    self.voice = None;
                    self.meter.0 = Meter::new();
                    self.meter.1.set(0.0);
                }
                Ok(Message::Tone(tone)) => self.tones.play(tone),
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
                voice.next_block(self.clock.media_now(), self.epoch, plays_at, &mut block);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::threads::Executor;

    /// What must lie ready after callbacks of `blocks` fills each, 10 ms of sound apart.
    fn ready(callbacks: &[&[usize]]) -> Vec<usize> {
        let mut bursts = Bursts::default();
        let mut now = Instant::now();
        let mut ready = Vec::new();
        for fills in callbacks {
            let mut demand = 0;
            for (n, samples) in fills.iter().enumerate() {
                demand = bursts.took(*samples, now + Duration::from_micros(20 * n as u64));
            }
            ready.push(demand);
            now += duration_of(fills.iter().sum());
        }
        ready
    }

    #[test]
    fn a_callback_that_asks_once_needs_what_it_takes() {
        assert_eq!(ready(&[&[480], &[480], &[480]]), [480; 3]);
        assert_eq!(ready(&[&[64], &[64], &[64]]), [64; 3]);
    }

    #[test]
    fn all_that_one_callback_asks_for_lies_ready() {
        assert_eq!(ready(&[&[480, 480, 64], &[480, 480, 64]]), [1024; 2]);
        assert_eq!(
            ready(&[&[240, 240], &[240, 240, 240], &[240, 240]]),
            [480, 720, 720]
        );
    }

    #[test]
    fn a_large_callback_is_forgotten_when_it_does_not_come_again() {
        let mut callbacks: Vec<&[usize]> = vec![&[480; 4]];
        callbacks.extend([&[480usize][..]; 9]);
        assert_eq!(ready(&callbacks).last(), Some(&480));
    }

    #[test]
    fn all_that_the_device_is_given_is_told_with_its_time() {
        let (mut executor, epoch) = (Executor::default(), Instant::now());
        let machine = Machine {
            threads: executor.threads(),
            ..Machine::default()
        };
        let playout = Playout::start(&machine, epoch).unwrap();
        let (played, mut told) = timed_ring::timed_ring(4800);
        let mut source = playout.source(mpsc::channel(1).0, 1, played);
        playout.play(Tone::Play(media::sounds::Sound::Connected));
        executor.step();
        let mut given = [1.0; 2 * PULL];
        let (first, second) = given.split_at_mut(PULL);
        source.fill(first, epoch + Duration::from_millis(30));
        executor.step();
        source.fill(second, epoch + Duration::from_millis(40));
        let mut heard = [1.0; 2 * PULL];
        let at = told.read(&mut heard).unwrap();
        assert_eq!(at.micros(), 30_000);
        assert_eq!(heard, given);
        assert_eq!(given[0], 0.0, "nothing was made yet");
        assert_ne!(given[PULL + 100], 0.0, "the tone");
    }

    #[test]
    fn a_device_without_end_is_served_from_a_bounded_ring() {
        assert_eq!(ready(&[&[480; 40]]), [RING]);
    }
}
