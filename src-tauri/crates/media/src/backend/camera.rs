//! Cameras.

use std::fmt;

use super::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};
use crate::picture::Captured;
use crate::units::Size;

/// Opens cameras.
pub trait CameraBackend: Send + Sync + fmt::Debug {
    /// The cameras of this moment, the default first. May take some milliseconds.
    fn list(&self) -> Result<Vec<DeviceInfo>, DeviceError>;

    /// Starts a camera (the default one without `id`) as near to `mode` as it can; `sink` gets its
    /// pictures on the camera's own thread. Blocks until the camera runs or failed, at most 5 s.
    fn open(
        &self,
        id: Option<&DeviceId>,
        mode: VideoMode,
        sink: Box<dyn PictureSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError>;
}

/// Takes the pictures of one camera. Called on the camera's thread; must return at once.
pub trait PictureSink: Send {
    /// A new picture.
    fn picture(&mut self, captured: Captured);

    /// The camera is gone; no picture follows.
    fn failed(&mut self, error: DeviceError);
}

/// Size and rate of pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoMode {
    /// Width and height.
    pub size: Size,
    /// Pictures per second.
    pub fps: f32,
}
