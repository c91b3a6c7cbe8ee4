//! The cameras of the machine.
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
