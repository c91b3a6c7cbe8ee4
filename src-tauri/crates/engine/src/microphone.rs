//! Outgoing sound: device callback → ring → processor → encoder → gate → session.
//!
//! The thread lives as long as the engine. It takes 20 ms at a time of what the device delivers,
//! has noise and the speaker's echo taken out of them ([`processing`]), meters what is left, and
//! sends that while a call's [`Outlet`] is attached and the gate is open ([`encoding`]). The device
//! runs only for a call or a meter, so whatever comes is processed: while it rings already, that
//! the echo of the ring-back tone teaches the processor the room.

mod encoding;
mod pace;
mod processing;
pub mod reference;

use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use media::backend::audio::{SAMPLE_RATE_HZ, SampleSink};
use media::backend::codec::{AudioTarget, CodecBackend, OPUS_FRAME};
use media::backend::device::DeviceError;
use media::backend::voice::{VoiceBackend, VoiceHealth, VoiceSettings};
use media::level::Meter;
use media::time::MediaTime;
use tokio::sync::mpsc;

pub(crate) use self::encoding::Outlet;
use self::encoding::{Call, Chunk};
use self::processing::Processing;
pub(crate) use self::reference::ring as reference_ring;
use crate::audio_thread::AudioThread;
use crate::command::DeviceRole;
use crate::counters::{Gauge, Level};
use crate::device::{News, Reporter};
use crate::gate::Gate;
use crate::threads::Threads;
use crate::timed_ring::{Reader, Writer, timed_ring};
use crate::timeline::media_time;
use crate::work::{Stop, Work};

/// Handle of the microphone thread.
#[derive(Debug)]
pub(crate) struct Microphone {
    thread: AudioThread<Message>,
    gate: Gate,
    told: Arc<Told>,
    epoch: Instant,
}

/// Makes the encoders of the thread and its processor of the voice.
#[derive(Debug)]
pub(crate) struct Makers {
    /// Makes encoders.
    pub(crate) codec: Arc<dyn CodecBackend>,
    /// Makes what processes the voice.
    pub(crate) voice: Arc<dyn VoiceBackend>,
}

/// What the thread tells of the microphone.
#[derive(Debug, Default)]
struct Told {
    /// Loudness of what is sent.
    sent: Level,
    /// Loudness of what the microphone hears.
    heard: Level,
    /// When anything but digital silence was heard last, microseconds after the epoch.
    sound_at: Gauge,
    /// Whether what is done to the voice works.
    health: Mutex<VoiceHealth>,
}

enum Message {
    Ring(Reader),
    Reference(Reader),
    Voice(VoiceSettings),
    Attach(Outlet),
    Target(AudioTarget),
    Detach,
}

impl Microphone {
    /// Starts the thread. `epoch` is where the media timeline of this engine begins.
    pub(crate) fn start(
        threads: &Threads,
        makers: Makers,
        settings: VoiceSettings,
        epoch: Instant,
    ) -> std::io::Result<Self> {
        let gate = Gate::default();
        let told = Arc::<Told>::default();
        let (asked, tells) = (gate.clone(), Arc::clone(&told));
        let thread = AudioThread::start(threads, "aenc", move |inbox| Listening {
            inbox,
            codec: makers.codec,
            gate: asked,
            processing: Processing::new(makers.voice, settings),
            meters: Meters::default(),
            told: tells,
            ring: None,
            call: None,
        })?;
        Ok(Self {
            thread,
            gate,
            told,
            epoch,
        })
    }

    /// A sink for a device that is about to be opened; the thread listens to it from now on.
    pub(crate) fn sink(&self, news: mpsc::Sender<News>, turn: u64) -> Box<dyn SampleSink> {
        let (writer, reader) = timed_ring(RING);
        self.thread.send(Message::Ring(reader));
        let thread = self.thread.thread();
        Box::new(Sink {
            writer,
            epoch: self.epoch,
            thread,
            reporter: Reporter::new(news, DeviceRole::Microphone, turn),
        })
    }

    /// What the speaker plays comes out of this ring from now on.
    pub(crate) fn hear_speaker(&self, ring: Reader) {
        self.thread.send(Message::Reference(ring));
    }

    /// Does this to the voice from now on.
    pub(crate) fn set_voice(&self, settings: VoiceSettings) {
        self.thread.send(Message::Voice(settings));
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

    /// Loudness of what is sent, or would be if the gate was open, over the last tenth of a second.
    pub(crate) fn sent_level(&self) -> f32 {
        self.told.sent.get()
    }

    /// Loudness of what the microphone hears, the speaker too.
    pub(crate) fn heard_level(&self) -> f32 {
        self.told.heard.get()
    }

    /// Whether what is done to the voice works.
    pub(crate) fn voice_health(&self) -> VoiceHealth {
        *self.told.health()
    }

    /// Whether somebody who is not muted has been sending digital silence for a while at `now`,
    /// which is nothing that a microphone at work hears: it is switched off, or the system mutes
    /// it.
    pub(crate) fn is_silent(&self, now: MediaTime) -> bool {
        let Some(open_since) = self.gate.open_since() else {
            return false;
        };
        let sound_at = self.told.sound_at.get().map(MediaTime::from_micros);
        let since = sound_at.map_or(open_since, |it| it.max(open_since));
        now.micros_since(since) >= SILENT_AFTER.as_micros() as i64
    }
}

impl Told {
    fn health(&self) -> MutexGuard<'_, VoiceHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device's end of the ring.
struct Sink {
    writer: Writer,
    epoch: Instant,
    thread: Option<Thread>,
    reporter: Reporter,
}

impl SampleSink for Sink {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        let heard_at = media_time(self.epoch, captured_at);
        self.writer.write(samples, heard_at);
        if self.writer.waiting() >= OPUS_FRAME
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
struct Listening {
    inbox: Receiver<Message>,
    codec: Arc<dyn CodecBackend>,
    gate: Gate,
    processing: Processing,
    meters: Meters,
    told: Arc<Told>,
    ring: Option<Reader>,
    call: Option<Call>,
}

/// How loud it is before and after the processor.
#[derive(Debug, Default)]
struct Meters {
    sent: Meter,
    heard: Meter,
}

impl Work for Listening {
    fn step(&mut self) -> bool {
        if !self.take_messages() {
            return false;
        }
        let mut samples = [0.0; OPUS_FRAME];
        while let Some(heard_at) = self.ring.as_mut().and_then(|it| it.read(&mut samples)) {
            self.take(&mut samples, heard_at);
        }
        true
    }

    fn wait(&mut self, _: &Stop) {
        thread::park();
    }
}

impl Listening {
    /// Carries out what the channel holds; false when its other end is gone.
    fn take_messages(&mut self) -> bool {
        loop {
            match self.inbox.try_recv() {
                Ok(Message::Ring(ring)) => {
                    self.ring = Some(ring);
                    self.processing.another_microphone();
                    self.meters = Meters::default();
                    self.told.sent.set(0.0);
                    self.told.heard.set(0.0);
                }
                Ok(Message::Reference(ring)) => self.processing.another_speaker(ring),
                Ok(Message::Voice(settings)) => self.processing.set(settings),
                Ok(Message::Attach(outlet)) => {
                    self.call = None;
                    self.call = Call::new(self.codec.as_ref(), outlet);
                }
                Ok(Message::Target(target)) => {
                    if let Some(call) = &mut self.call {
                        call.set_target(target);
                    }
                }
                Ok(Message::Detach) => self.call = None,
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    /// Takes 20 ms, of which the first sample was heard at `heard_at`.
    fn take(&mut self, samples: &mut [f32; OPUS_FRAME], heard_at: MediaTime) {
        let has_sound = samples.iter().any(|it| it.abs() > DIGITAL_SILENCE);
        if has_sound {
            self.told.sound_at.set(heard_at.micros());
        }
        self.meters.heard.push(samples);
        self.told.heard.set(self.meters.heard.level());
        let delay = self.processing.process(samples, heard_at);
        self.meters.sent.push(samples);
        self.told.sent.set(self.meters.sent.level());
        *self.told.health() = self.processing.health();
        if let Some(call) = &mut self.call {
            let chunk = Chunk {
                samples,
                heard_at,
                delay,
                has_sound,
                figures: self.processing.figures(),
            };
            call.send(&chunk, &self.gate);
        }
    }
}

/// 200 ms: beyond that the thread is stuck and newer sound is dropped.
const RING: usize = SAMPLE_RATE_HZ as usize / 5;

/// Half a step of 16 bits: a converter at work gives more by its own noise, and what a system mutes
/// is zero, up to what resampling makes of it.
const DIGITAL_SILENCE: f32 = 1.0 / 65_536.0;

/// How long digital silence lasts before it is told: some devices give it while they start.
const SILENT_AFTER: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
