//! The devices of the machine: none yet.

use media::backend::audio::{AudioDevices, SampleSink, SampleSource};
use media::backend::device::{DeviceError, DeviceInfo, DeviceStream};

pub(crate) mod camera {
    use media::backend::camera::{PictureSink, VideoMode};
    use media::backend::device::{DeviceError, DeviceInfo, DeviceStream};
    pub(crate) fn list() -> Result<Vec<DeviceInfo>, DeviceError> {
        Ok(Vec::new())
    }
    pub(crate) fn open(
        info: &DeviceInfo,
        _mode: VideoMode,
        _sink: Box<dyn PictureSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        Err(DeviceError::NotFound(info.name.clone()))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Sound;

impl Sound {
    pub(crate) fn list(&self) -> Result<AudioDevices, DeviceError> {
        Ok(AudioDevices::default())
    }
    pub(crate) fn open_microphone(
        info: DeviceInfo,
        _follow: bool,
        _sink: Box<dyn SampleSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        Err(DeviceError::NotFound(info.name))
    }
    pub(crate) fn open_speaker(
        info: DeviceInfo,
        _follow: bool,
        _source: Box<dyn SampleSource>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        Err(DeviceError::NotFound(info.name))
    }
}
