//! The devices of a peer that gives back what it receives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::backend::audio::{AudioBackend, AudioDevices, SampleSink, SampleSource};
use media::backend::camera::{CameraBackend, PictureSink, VideoMode};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};
use media::picture::{Captured, Picture};
use media::queue::{Queue, Slot};

use crate::virtual_device;
use crate::virtual_device::tape::Tape;

/// One microphone, one speaker and one camera: the microphone hears what the speaker played, the
/// camera sees what was [shown](Self::show), both `delay` later. Sound comes back half as loud;
/// pictures at most 30 in a second, and no larger than 960x540. Clones share them; each device is
/// to be opened once at a time.
#[derive(Clone, Debug)]
pub struct EchoDevices {
    delay: Duration,
    tape: Arc<Tape>,
    /// The newest picture that is shown: the screen → the camera's thread, the latest wins.
    shown: Slot<Captured>,
}

impl EchoDevices {
    /// Devices that give back after this long.
    #[must_use]
    pub fn new(delay: Duration) -> Self {
        Self {
            delay,
            tape: Arc::new(Tape::new(Instant::now(), delay)),
            shown: Queue::slot(),
        }
    }

    /// Shows a picture to the camera. Returns at once.
    pub fn show(&self, picture: Arc<Picture>) {
        let at = Instant::now();
        self.shown.push(Captured { picture, at });
    }
}

impl CameraBackend for EchoDevices {
    fn list(&self) -> Result<Vec<DeviceInfo>, DeviceError> {
        Ok(vec![virtual_device::echo_device()])
    }

    fn open(
        &self,
        _: Option<&DeviceId>,
        _: VideoMode,
        sink: Box<dyn PictureSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let info = virtual_device::echo_device();
        let (shown, delay) = (self.shown.clone(), self.delay);
        let camera = virtual_device::echo::camera(info, shown, delay, sink)?;
        Ok(Box::new(camera))
    }
}

impl AudioBackend for EchoDevices {
    fn list(&self) -> Result<AudioDevices, DeviceError> {
        Ok(AudioDevices {
            microphones: vec![virtual_device::echo_device()],
            speakers: vec![virtual_device::echo_device()],
        })
    }

    fn open_microphone(
        &self,
        _: Option<&DeviceId>,
        sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let info = virtual_device::echo_device();
        let tape = Arc::clone(&self.tape);
        let microphone = virtual_device::echo::microphone(info, tape, sink)?;
        Ok(Box::new(microphone))
    }

    fn open_speaker(
        &self,
        _: Option<&DeviceId>,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        let info = virtual_device::echo_device();
        let tape = Arc::clone(&self.tape);
        let speaker = virtual_device::echo::speaker(info, tape, source)?;
        Ok(Box::new(speaker))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use media::units::Size;

    use super::*;

    const DELAY: Duration = Duration::from_millis(300);

    /// Plays one loud chunk, then silence, and notes when the chunk plays.
    struct Clap(Arc<Mutex<Option<Instant>>>);

    impl SampleSource for Clap {
        fn fill(&mut self, out: &mut [f32], plays_at: Instant) {
            let mut clapped = self.0.lock().unwrap();
            if clapped.is_none() {
                out.fill(0.8);
                *clapped = Some(plays_at);
            }
        }

        fn failed(&mut self, error: DeviceError) {
            panic!("{error}");
        }
    }

    /// Notes when something loud was heard, and pictures seen.
    #[derive(Clone, Default)]
    struct Noted {
        loud: Arc<Mutex<Vec<Instant>>>,
        seen: Arc<Mutex<Vec<Instant>>>,
    }

    impl SampleSink for Noted {
        fn samples(&mut self, samples: &[f32], captured_at: Instant) {
            let first = samples.iter().position(|it| it.abs() > 0.3);
            if let Some(first) = first {
                let at = captured_at + Duration::from_secs_f64(first as f64 / 48_000.0);
                self.loud.lock().unwrap().push(at);
            }
        }

        fn failed(&mut self, error: DeviceError) {
            panic!("{error}");
        }
    }

    impl PictureSink for Noted {
        fn picture(&mut self, captured: Captured) {
            self.seen.lock().unwrap().push(captured.at);
        }

        fn failed(&mut self, error: DeviceError) {
            panic!("{error}");
        }
    }

    #[test]
    fn what_was_played_is_heard_and_what_was_shown_is_seen_the_delay_later() {
        let devices = EchoDevices::new(DELAY);
        let (clapped, noted) = (Arc::default(), Noted::default());
        let mode = VideoMode {
            size: Size::HD,
            fps: 30.0,
        };
        let camera = devices.open(None, mode, Box::new(noted.clone())).unwrap();
        let microphone = devices
            .open_microphone(None, Box::new(noted.clone()))
            .unwrap();
        let speaker = devices
            .open_speaker(None, Box::new(Clap(Arc::clone(&clapped))))
            .unwrap();
        let shown = Instant::now();
        devices.show(Arc::new(Picture::black(Size::new(64, 36))));
        std::thread::sleep(3 * DELAY);
        drop((camera, microphone, speaker));

        let clapped = clapped.lock().unwrap().unwrap();
        let loud = noted.loud.lock().unwrap();
        let late = loud[0].duration_since(clapped).abs_diff(DELAY);
        assert!(late < Duration::from_millis(1), "{late:?} off");
        assert!(loud.len() <= 2, "once, over two chunks at most");
        let seen = noted.seen.lock().unwrap();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].duration_since(shown) >= DELAY);
    }
}
