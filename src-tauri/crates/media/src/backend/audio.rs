//! Microphones and speakers. On this side of the trait sound is mono, 48 kHz, `f32` in -1 to 1:
//! the backend converts from and to whatever the device has.

use std::fmt;
use std::time::Instant;

use super::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};

/// Samples per second of all sound inside the program.
pub const SAMPLE_RATE_HZ: u32 = 48_000;

/// Opens microphones and speakers.
pub trait AudioBackend: Send + Sync + fmt::Debug {
    /// The microphones and speakers of this moment, the default first.
    fn list(&self) -> Result<AudioDevices, DeviceError>;

    /// Starts a microphone (the default one without `id`). Blocks until it runs or failed.
    fn open_microphone(
        &self,
        id: Option<&DeviceId>,
        sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError>;

    /// Starts a speaker (the default one without `id`). Blocks until it runs or failed.
    fn open_speaker(
        &self,
        id: Option<&DeviceId>,
        source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError>;
}

/// What there is to choose from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudioDevices {
    /// Inputs.
    pub microphones: Vec<DeviceInfo>,
    /// Outputs.
    pub speakers: Vec<DeviceInfo>,
}

/// Takes the samples of one microphone. Called in the device's callback: implementations never
/// allocate, free, lock, log or block in `samples`, and take any number of samples at a time.
pub trait SampleSink: Send {
    /// New samples, mono at 48 kHz; `captured_at` is when the first of them was heard.
    fn samples(&mut self, samples: &[f32], captured_at: Instant);

    /// The microphone is gone; no sample follows. Not called in the callback.
    fn failed(&mut self, error: DeviceError);
}

/// Gives the samples for one speaker. Called in the device's callback, with the same rules.
pub trait SampleSource: Send {
    /// Fills `out`, mono at 48 kHz, with silence where there is nothing to play; `plays_at` is
    /// when the first of them will be heard.
    fn fill(&mut self, out: &mut [f32], plays_at: Instant);

    /// The speaker is gone. Not called in the callback.
    fn failed(&mut self, error: DeviceError);
}
