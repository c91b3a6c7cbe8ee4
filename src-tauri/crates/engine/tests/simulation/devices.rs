//! The devices of one machine, which deliver when the simulation says so.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use media::backend::audio::{AudioBackend, AudioDevices, SAMPLE_RATE_HZ, SampleSink, SampleSource};
use media::backend::camera::{CameraBackend, PictureSink, VideoMode};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind, DeviceStream};
use media::picture::{Captured, Picture};

use crate::codecs::SIZE;

/// A camera that sees a face, a microphone that hears a voice, and a speaker that is listened to.
/// Clones are the same machine.
#[derive(Clone, Debug)]
pub(crate) struct Devices {
    /// Whose, 0 or 1.
    side: usize,
    camera: Device<Box<dyn PictureSink>>,
    microphone: Device<Box<dyn SampleSink>>,
    speaker: Device<Box<dyn SampleSource>>,
    heard: Arc<Mutex<Option<Instant>>>,
}

/// One of them.
struct Device<S>(Arc<Mutex<State<S>>>);

struct State<S> {
    /// What opening it ends with.
    failure: Option<DeviceError>,
    /// What it fills or empties while it runs.
    end: Option<S>,
}

impl<S> Clone for Device<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Default for Device<S> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State {
            failure: None,
            end: None,
        })))
    }
}

impl<S> std::fmt::Debug for Device<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Device")
    }
}

impl<S: Send + 'static> Device<S> {
    fn open(&self, end: S) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let mut state = self.0.lock().unwrap();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        assert!(state.end.is_none(), "a device is opened twice");
        state.end = Some(end);
        drop(state);
        Ok(Box::new(Running {
            device: self.clone(),
            info: info(),
        }))
    }

    fn is_running(&self) -> bool {
        self.0.lock().unwrap().end.is_some()
    }

    /// Takes what the running device fills or empties.
    fn lose(&self, failure: &DeviceError) -> Option<S> {
        let mut state = self.0.lock().unwrap();
        state.failure = Some(failure.clone());
        state.end.take()
    }

    fn mend(&self) {
        self.0.lock().unwrap().failure = None;
    }
}

/// Dropping it lets the device go.
struct Running<S> {
    device: Device<S>,
    info: DeviceInfo,
}

impl<S> std::fmt::Debug for Running<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

impl<S: Send> DeviceStream for Running<S> {
    fn info(&self) -> DeviceInfo {
        self.info.clone()
    }
}

impl<S> Drop for Running<S> {
    fn drop(&mut self) {
        self.device.0.lock().unwrap().end = None;
    }
}

impl Devices {
    /// Those of this side.
    pub(crate) fn of(side: usize) -> Self {
        Self {
            side,
            camera: Device::default(),
            microphone: Device::default(),
            speaker: Device::default(),
            heard: Arc::default(),
        }
    }

    /// Lets `period` pass, in which the devices that run do what they do.
    pub(crate) fn work(&self, now: Instant, period: Duration, takes_picture: bool) {
        let samples = SAMPLE_RATE_HZ as usize * period.as_millis() as usize / 1000;
        if takes_picture && let Some(sink) = &mut self.camera.0.lock().unwrap().end {
            let mut picture = Picture::black(SIZE);
            picture.planes_mut()[0].fill(FACES[self.side]);
            sink.picture(Captured {
                picture: Arc::new(picture),
                at: now,
            });
        }
        if let Some(sink) = &mut self.microphone.0.lock().unwrap().end {
            sink.samples(&vec![VOICES[self.side]; samples], now - period);
        }
        if let Some(source) = &mut self.speaker.0.lock().unwrap().end {
            let mut out = vec![0.0; samples];
            source.fill(&mut out, now);
            let sounds = |voice| out.windows(NO_TONE).any(|it| is_voice(it, voice));
            assert!(!sounds(VOICES[self.side]), "somebody hears themselves");
            if sounds(VOICES[1 - self.side]) {
                *self.heard.lock().unwrap() = Some(now);
            }
        }
    }

    /// The camera is unplugged, or another program takes it.
    pub(crate) fn lose_camera(&self, failure: &DeviceError) {
        if let Some(mut sink) = self.camera.lose(failure) {
            sink.failed(failure.clone());
        }
    }

    /// The same of the microphone.
    pub(crate) fn lose_microphone(&self, failure: &DeviceError) {
        if let Some(mut sink) = self.microphone.lose(failure) {
            sink.failed(failure.clone());
        }
    }

    /// The same of the speaker.
    pub(crate) fn lose_speaker(&self, failure: &DeviceError) {
        if let Some(mut source) = self.speaker.lose(failure) {
            source.failed(failure.clone());
        }
    }

    /// All of them work again.
    pub(crate) fn mend(&self) {
        self.camera.mend();
        self.microphone.mend();
        self.speaker.mend();
    }

    /// When a voice came out of the speaker last.
    pub(crate) fn heard(&self) -> Option<Instant> {
        *self.heard.lock().unwrap()
    }

    /// Whether one runs that can hear or see somebody.
    pub(crate) fn capture(&self) -> bool {
        self.films() || self.microphone.is_running()
    }

    pub(crate) fn films(&self) -> bool {
        self.camera.is_running()
    }

    pub(crate) fn any_is_running(&self) -> bool {
        self.capture() || self.speaker.is_running()
    }
}

/// Whether this is that voice, and no tone of the phone.
fn is_voice(samples: &[f32], voice: f32) -> bool {
    samples.iter().all(|it| (it - voice).abs() < 0.001)
}

/// What the microphone of each hears all the time.
const VOICES: [f32; 2] = [0.25, 0.5];

/// What the camera of each sees.
pub(crate) const FACES: [u8; 2] = [80, 160];

/// A tone is not level for so many samples.
const NO_TONE: usize = 32;

fn info() -> DeviceInfo {
    DeviceInfo {
        id: DeviceId("simulated".to_owned()),
        name: "simulated".to_owned(),
        kind: DeviceKind::Synthetic,
        is_default: true,
    }
}

fn listed<S>(device: &Device<S>) -> Vec<DeviceInfo> {
    let state = device.0.lock().unwrap();
    let is_there = !matches!(state.failure, Some(DeviceError::NotFound(_)));
    is_there.then(info).into_iter().collect()
}

impl CameraBackend for Devices {
    fn list(&self) -> Result<Vec<DeviceInfo>, DeviceError> {
        Ok(listed(&self.camera))
    }

    fn open(
        &self,
        _: Option<&DeviceId>,
        _: VideoMode,
        sink: Box<dyn PictureSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        self.camera.open(sink)
    }
}

impl AudioBackend for Devices {
    fn list(&self) -> Result<AudioDevices, DeviceError> {
        Ok(AudioDevices {
            microphones: listed(&self.microphone),
            speakers: listed(&self.speaker),
        })
    }

    fn open_microphone(
        &self,
        _: Option<&DeviceId>,
        sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        self.microphone.open(sink)
    }

    fn open_speaker(
        &self,
        _: Option<&DeviceId>,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        self.speaker.open(source)
    }
}
