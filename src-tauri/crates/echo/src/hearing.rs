//! Listens at the caller's own devices: what the microphone takes in and what the speaker plays.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::backend::audio::{AudioBackend, AudioDevices, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceId, DeviceStream};

use crate::DELAY;
use crate::loudness::{Loudness, Step};

/// Devices at which somebody listens, for as long as the backend is used.
///
/// ```
/// use std::time::Instant;
///
/// use devices::{MicrophoneChoice, SpeakerChoice};
/// use echo::Hearing;
///
/// let devices = devices::audio(MicrophoneChoice::Synthetic, SpeakerChoice::None);
/// let (_devices, hearing) = Hearing::at(devices);
/// assert_eq!(hearing.echo(Instant::now()), None);
/// ```
#[derive(Clone, Debug)]
pub struct Hearing {
    said: Arc<Loudness>,
    heard: Arc<Loudness>,
}

/// What was said came back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Echoed {
    /// How much later than [`DELAY`]: from this mouth to the other ear, and from that mouth back to
    /// this ear.
    pub late: Duration,
    /// How alike the loudness of both is, 0 to 1.
    pub similarity: f32,
}

impl Hearing {
    /// The same devices, and who listens at them.
    #[must_use]
    pub fn at(backend: Arc<dyn AudioBackend>) -> (Arc<dyn AudioBackend>, Self) {
        let epoch = Instant::now();
        let hearing = Self {
            said: Arc::new(Loudness::new(epoch)),
            heard: Arc::new(Loudness::new(epoch)),
        };
        let listened_at = Listened {
            backend,
            hearing: hearing.clone(),
        };
        (Arc::new(listened_at), hearing)
    }

    /// Whether what the speaker played in the last two seconds is what the microphone took in
    /// before, and how late it came. `None` where it is something else, and where nobody spoke.
    #[must_use]
    pub fn echo(&self, now: Instant) -> Option<Echoed> {
        let bounds = [DELAY, DELAY + LATEST];
        let found = self.heard.find(&self.said, now, bounds)?;
        (found.similarity >= ALIKE).then(|| Echoed {
            late: found.lag.saturating_sub(DELAY),
            similarity: found.similarity,
        })
    }

    /// Whether the microphone took in something like speech in the last two seconds.
    #[must_use]
    pub fn spoke(&self, now: Instant) -> bool {
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
        let sink = Tapped::new(sink, &self.hearing.said);
        self.backend.open_microphone(id, Box::new(sink))
    }

    fn open_speaker(
        &self,
        id: Option<&DeviceId>,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let source = Tapped::new(source, &self.hearing.heard);
        self.backend.open_speaker(id, Box::new(source))
    }
}

/// One end of a device, with somebody who listens.
struct Tapped<T> {
    end: T,
    loudness: Arc<Loudness>,
    step: Step,
}

impl<T> Tapped<T> {
    fn new(end: T, loudness: &Arc<Loudness>) -> Self {
        Self {
            end,
            loudness: Arc::clone(loudness),
            step: Step::default(),
        }
    }
}

impl SampleSink for Tapped<Box<dyn SampleSink>> {
    fn samples(&mut self, samples: &[f32], captured_at: Instant) {
        self.loudness.push(&mut self.step, samples, captured_at);
        self.end.samples(samples, captured_at);
    }

    fn failed(&mut self, error: DeviceError) {
        self.end.failed(error);
    }
}

impl SampleSource for Tapped<Box<dyn SampleSource>> {
    fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
        self.end.fill(out, plays_at);
        self.loudness.push(&mut self.step, out, plays_at);
    }

    fn failed(&mut self, error: DeviceError) {
        self.end.failed(error);
    }
}

/// The most that both ways may take together: later than this, nobody could talk.
const LATEST: Duration = Duration::from_millis(1500);

/// How alike speech and its echo are at least: Opus leaves more than nine tenths of its ups and
/// downs, other speech has less than half of them.
const ALIKE: f32 = 0.6;
