//! Listens at the caller's own devices: what the microphone takes in and what the speaker plays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media::backend::audio::{AudioBackend, AudioDevices, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceId, DeviceStream};

use crate::DELAY;
use crate::loudness::{Loudness, Step};

/// Devices at which somebody listens, for as long as the backend is used.
#[derive(Clone, Debug)]
pub struct Hearing {
    said: Arc<Loudness>,
    heard: Arc<Loudness>,
    /// Whether anybody listens: else the devices work as if nobody stood beside them.
    listens: Arc<AtomicBool>,
}

/// What was said came back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Echoed {
    /// How much later than [`DELAY`]: from this mouth to the other ear, and from that mouth back to
    /// this ear.
    pub(crate) late: Duration,
    /// How alike the loudness of both is, 0 to 1.
    pub(crate) similarity: f32,
    /// How much louder it came back, decibels; negative where it is quieter.
    pub(crate) gain_db: f32,
}

impl Hearing {
    /// The same devices, and who listens at them.
    #[must_use]
    pub fn at(backend: Arc<dyn AudioBackend>) -> (Arc<dyn AudioBackend>, Self) {
        let epoch = Instant::now();
        let hearing = Self {
            said: Arc::new(Loudness::new(epoch)),
            heard: Arc::new(Loudness::new(epoch)),
            listens: Arc::new(AtomicBool::new(true)),
        };
        let listened_at = Listened {
            backend,
            hearing: hearing.clone(),
        };
        (Arc::new(listened_at), hearing)
    }

    /// Listens from now on, or does not any more: a program whose devices are used for other calls
    /// has no need of it in them.
    pub fn listen(&self, listens: bool) {
        self.listens.store(listens, Ordering::Relaxed);
    }

    /// Whether what the speaker played in the last two seconds is what the microphone took in
    /// before, and how late it came. `None` where it is something else, and where nobody spoke.
    #[must_use]
    pub(crate) fn echo(&self, now: Instant) -> Option<Echoed> {
        let bounds = [DELAY, DELAY + LATEST];
        let found = self.heard.find(&self.said, now, bounds)?;
        (found.similarity >= ALIKE).then(|| Echoed {
            late: found.lag.saturating_sub(DELAY),
            similarity: found.similarity,
            gain_db: found.gain_db,
        })
    }

    /// Whether the microphone took in something like speech in the last two seconds.
    #[must_use]
    pub(crate) fn spoke(&self, now: Instant) -> bool {
        self.said.is_lively(now)
    }
}

/// The same devices.
#[derive(Debug)]
struct Listened {
    backend: Arc<dyn AudioBackend>,
    hearing: Hearing,
}

impl AudioBackend for Listened {
    fn list(&self) -> Result<AudioDevices, DeviceError> {
        self.backend.list()
    }

    fn open_microphone(
        &self,
        id: Option<&DeviceId>,
        sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let sink = Tapped::new(sink, &self.hearing.said, &self.hearing.listens);
        self.backend.open_microphone(id, Box::new(sink))
    }

    fn open_speaker(
        &self,
        id: Option<&DeviceId>,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let source = Tapped::new(source, &self.hearing.heard, &self.hearing.listens);
        self.backend.open_speaker(id, Box::new(source))
    }
}

/// One end of a device, with somebody who listens.
struct Tapped<T> {
    end: T,
    loudness: Arc<Loudness>,
    listens: Arc<AtomicBool>,
    step: Step,
}

impl<T> Tapped<T> {
    /// What was heard at the device before is forgotten: an echo of it would tell of that one.
    fn new(end: T, loudness: &Arc<Loudness>, listens: &Arc<AtomicBool>) -> Self {
        loudness.forget();
        Self {
            end,
            loudness: Arc::clone(loudness),
            listens: Arc::clone(listens),
            step: Step::default(),
        }
    }

    fn take(&mut self, samples: &[f32], at: Instant) {
        if self.listens.load(Ordering::Relaxed) {
            self.loudness.push(&mut self.step, samples, at);
        }
    }
}

impl SampleSink for Tapped<Box<dyn SampleSink>> {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        self.take(samples, captured_at);
        self.end.samples(samples, captured_at);
    }

    fn failed(&mut self, error: DeviceError) {
        self.end.failed(error);
    }
}

impl SampleSource for Tapped<Box<dyn SampleSource>> {
    fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
        self.end.fill(out, plays_at);
        self.take(out, plays_at);
    }

    fn failed(&mut self, error: DeviceError) {
        self.end.failed(error);
    }
}

/// The most that both ways may take together: later than this, nobody could talk.
const LATEST: Duration = Duration::from_millis(1500);

/// How alike speech and its echo are at least. The test voice came back with 0.93 to 0.98, and with
/// 0.76 on a machine with five times more to do than it can; no speech of people was measured yet.
const ALIKE: f32 = 0.6;
