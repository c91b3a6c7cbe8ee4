//! Whether the microphone hears and the speaker takes sound. Both block, so they run on threads that
//! may; what the callbacks tell goes through atomics, since a callback never waits.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use engine::view::DeviceProblem;
use media::backend::audio::{AudioBackend, SAMPLE_RATE_HZ, SampleSink, SampleSource};
use media::backend::device::DeviceError;
use media::level::loudness;

use crate::finding::Finding;
use crate::subjects::Device;

/// Opens the microphone and listens for a second.
pub(crate) fn listen(microphone: Device<dyn AudioBackend>) -> Finding {
    let Device::Try { backend, chosen } = microphone else {
        return Finding::DeviceInUseHere;
    };
    let told = Arc::new(Told::default());
    let sink = Box::new(Callback(Arc::clone(&told)));
    let stream = match backend.open_microphone(chosen.as_ref(), sink) {
        Ok(stream) => stream,
        Err(error) => return failed(&error),
    };
    told.wait_for(ENOUGH_HEARD);
    let name = stream.info().name;
    if let Some(error) = told.error() {
        return failed(&error);
    }
    match told.samples() {
        0 => Finding::DeviceSilent { name },
        _ if !told.has_sound() => Finding::MicrophoneHearsNothing { name },
        _ => Finding::MicrophoneHears {
            name,
            kind: stream.info().kind,
            level: told.level(),
        },
    }
}

/// Opens the speaker and gives it silence.
pub(crate) fn play(speaker: Device<dyn AudioBackend>) -> Finding {
    let Device::Try { backend, chosen } = speaker else {
        return Finding::DeviceInUseHere;
    };
    let told = Arc::new(Told::default());
    let source = Box::new(Callback(Arc::clone(&told)));
    let stream = match backend.open_speaker(chosen.as_ref(), source) {
        Ok(stream) => stream,
        Err(error) => return failed(&error),
    };
    told.wait_for(ENOUGH_PLAYED);
    let name = stream.info().name;
    match (told.error(), told.samples()) {
        (Some(error), _) => failed(&error),
        (None, 0) => Finding::DeviceSilent { name },
        (None, _) => Finding::SpeakerPlays {
            name,
            kind: stream.info().kind,
        },
    }
}

fn failed(error: &DeviceError) -> Finding {
    Finding::DeviceFails {
        problem: DeviceProblem::from(error),
    }
}

/// What a callback told so far.
#[derive(Default)]
struct Told {
    samples: AtomicUsize,
    /// Whether any of them was not zero.
    sound: AtomicBool,
    /// The loudest stretch, 0 to 1, as the bits of an `f32`: for values above zero they are in order.
    level: AtomicU32,
    /// Written outside of the callback only.
    error: Mutex<Option<DeviceError>>,
}

impl Told {
    /// Waits until there were so many samples, the device failed, or it is late.
    fn wait_for(&self, samples: usize) {
        let until = Instant::now() + PATIENCE;
        while self.samples() < samples && self.error().is_none() && Instant::now() < until {
            sleep(LOOK);
        }
    }

    fn samples(&self) -> usize {
        self.samples.load(Ordering::Relaxed)
    }

    fn has_sound(&self) -> bool {
        self.sound.load(Ordering::Relaxed)
    }

    fn level(&self) -> f32 {
        f32::from_bits(self.level.load(Ordering::Relaxed))
    }

    fn error(&self) -> Option<DeviceError> {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        error.clone()
    }

    fn fail(&self, error: DeviceError) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

struct Callback(Arc<Told>);

impl SampleSink for Callback {
    fn samples(&mut self, samples: &[f32], _captured_at: Instant) {
        if samples.iter().any(|it| *it != 0.0) {
            self.0.sound.store(true, Ordering::Relaxed);
        }
        let level = loudness(samples).to_bits();
        self.0.level.fetch_max(level, Ordering::Relaxed);
        self.0.samples.fetch_add(samples.len(), Ordering::Relaxed);
    }

    fn failed(&mut self, error: DeviceError) {
        self.0.fail(error);
    }
}

impl SampleSource for Callback {
    fn fill(&mut self, out: &mut [f32], _plays_at: Instant) {
        out.fill(0.0);
        self.0.samples.fetch_add(out.len(), Ordering::Relaxed);
    }

    fn failed(&mut self, error: DeviceError) {
        self.0.fail(error);
    }
}

/// How long a device that was opened is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A second of sound: the first tenths of many microphones are silent.
const ENOUGH_HEARD: usize = SAMPLE_RATE_HZ as usize;

/// A tenth of a second: more than a device takes at once and then stops.
const ENOUGH_PLAYED: usize = SAMPLE_RATE_HZ as usize / 10;

/// How often one looks for what came.
const LOOK: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use devices::{MicrophoneChoice, SpeakerChoice, audio};

    use super::*;

    fn tried(microphone: MicrophoneChoice) -> Device<dyn AudioBackend> {
        Device::Try {
            backend: audio(microphone, SpeakerChoice::None),
            chosen: None,
        }
    }

    #[test]
    fn a_voice_is_heard() {
        let Finding::MicrophoneHears { level, .. } = listen(tried(MicrophoneChoice::Synthetic))
        else {
            panic!("it hears")
        };
        assert!((0.1..=1.0).contains(&level), "{level}");
    }

    #[test]
    fn no_microphone_is_a_missing_one() {
        let problem = DeviceProblem::Missing;
        assert_eq!(
            listen(tried(MicrophoneChoice::None)),
            Finding::DeviceFails { problem }
        );
    }

    #[test]
    fn perfect_silence_is_no_sound() {
        let told = Arc::new(Told::default());
        let mut callback = Callback(Arc::clone(&told));
        callback.samples(&[0.0; 480], Instant::now());
        assert_eq!((told.samples(), told.has_sound()), (480, false));
        callback.samples(&[0.0, 1e-6], Instant::now());
        assert!(told.has_sound());
    }

    #[test]
    fn a_speaker_that_takes_sound_plays() {
        let found = play(tried(MicrophoneChoice::None));
        assert!(matches!(found, Finding::SpeakerPlays { .. }), "{found:?}");
    }
}
