//! The devices of one machine behind the traits that the engine opens them by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use media::backend::audio::{AudioBackend, AudioDevices, SAMPLE_RATE_HZ, SampleSink, SampleSource};
use media::backend::camera::{CameraBackend, PictureSink, VideoMode};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};
use media::picture::{Captured, Picture};

use super::device::{Device, Next};
use super::sound::{Recording, Sine};

/// A camera that shows one shade of grey, a microphone that hears one tone, and a speaker that is
/// listened to. Clones are the same machine.
#[derive(Clone, Debug)]
pub(crate) struct Devices {
    pub(crate) camera: Device,
    pub(crate) microphone: Device,
    pub(crate) speaker: Device,
    shade: Arc<AtomicU8>,
    tone_hz: Arc<AtomicU32>,
    heard: Recording,
}

impl Devices {
    pub(crate) fn of(person: &str) -> Self {
        Self {
            camera: Device::new(&format!("{person}'s camera")),
            microphone: Device::new(&format!("{person}'s microphone")),
            speaker: Device::new(&format!("{person}'s speaker")),
            shade: Arc::new(AtomicU8::new(100)),
            tone_hz: Arc::default(),
            heard: Recording::default(),
        }
    }

    /// The camera sees this much light from now on, 16 to 235.
    pub(crate) fn show(&self, shade: u8) {
        self.shade.store(shade, Ordering::SeqCst);
    }

    /// The microphone hears this tone from now on; 0 for none.
    pub(crate) fn sing(&self, hz: u32) {
        self.tone_hz.store(hz, Ordering::SeqCst);
    }

    /// What the speaker has played.
    pub(crate) fn heard(&self) -> &Recording {
        &self.heard
    }

    pub(crate) fn all(&self) -> [&Device; 3] {
        [&self.camera, &self.microphone, &self.speaker]
    }
}

/// Whether a device is the one that was chosen, or the default one.
fn is_chosen(device: &Device, id: Option<&DeviceId>) -> Result<(), DeviceError> {
    match id {
        Some(id) if *id != device.info().id => Err(DeviceError::NotFound(id.0.clone())),
        Some(_) | None => Ok(()),
    }
}

impl CameraBackend for Devices {
    fn list(&self) -> Result<Vec<DeviceInfo>, DeviceError> {
        Ok(self.camera.listed().into_iter().collect())
    }

    fn open(
        &self,
        id: Option<&DeviceId>,
        mode: VideoMode,
        mut sink: Box<dyn PictureSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        is_chosen(&self.camera, id)?;
        let shade = Arc::clone(&self.shade);
        let period = Duration::from_secs_f32(1.0 / mode.fps);
        self.camera.open(period, move |next| match next {
            Next::Work => {
                let mut picture = Picture::black(mode.size);
                picture.planes_mut()[0].fill(shade.load(Ordering::SeqCst));
                sink.picture(Captured {
                    picture: Arc::new(picture),
                    at: Instant::now(),
                });
            }
            Next::Stop => {}
            Next::Lost(error) => sink.failed(error),
        })
    }
}

impl AudioBackend for Devices {
    fn list(&self) -> Result<AudioDevices, DeviceError> {
        Ok(AudioDevices {
            microphones: self.microphone.listed().into_iter().collect(),
            speakers: self.speaker.listed().into_iter().collect(),
        })
    }

    fn open_microphone(
        &self,
        id: Option<&DeviceId>,
        mut sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        is_chosen(&self.microphone, id)?;
        let tone_hz = Arc::clone(&self.tone_hz);
        let (mut sine, mut block) = (Sine::default(), [0.0; BLOCK]);
        self.microphone.open(PERIOD, move |next| match next {
            Next::Work => {
                sine.fill(tone_hz.load(Ordering::SeqCst), &mut block);
                sink.samples(&block, Instant::now() - PERIOD);
            }
            Next::Stop => {}
            Next::Lost(error) => sink.failed(error),
        })
    }

    fn open_speaker(
        &self,
        id: Option<&DeviceId>,
        mut source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        is_chosen(&self.speaker, id)?;
        let heard = self.heard.clone();
        let mut block = [0.0; BLOCK];
        self.speaker.open(PERIOD, move |next| match next {
            Next::Work => {
                source.fill(&mut block, Instant::now());
                heard.push(&block);
            }
            Next::Stop => {}
            Next::Lost(error) => source.failed(error),
        })
    }
}

/// How often sound devices call back.
const PERIOD: Duration = Duration::from_millis(10);

/// The samples of one callback.
const BLOCK: usize = SAMPLE_RATE_HZ as usize / 100;
