//! The cameras of one choice.

use std::path::Path;

use media::backend::camera::{CameraBackend, PictureSink, VideoMode};
use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceStream};
use media::synthetic::pattern::Pattern;

use super::{find, with_default, with_synthetic};
use crate::choice::CameraChoice;
use crate::system;
use crate::virtual_device;
use crate::virtual_device::camera::Stamping;
use crate::virtual_device::clip::Clip;

/// The cameras of one choice.
#[derive(Debug)]
pub(super) struct Cameras {
    choice: CameraChoice,
}

impl Cameras {
    pub(super) const fn new(choice: CameraChoice) -> Self {
        Self { choice }
    }
}

impl CameraBackend for Cameras {
    fn list(&self) -> Result<Vec<DeviceInfo>, DeviceError> {
        let synthetic = virtual_device::synthetic_camera();
        Ok(match &self.choice {
            CameraChoice::Synthetic => vec![synthetic],
            CameraChoice::File { path, .. } => vec![virtual_device::file(path)],
            CameraChoice::None => Vec::new(),
            CameraChoice::Device(name) => {
                with_synthetic(with_default(system::camera::list()?, name), synthetic)
            }
            CameraChoice::System => with_synthetic(system::camera::list()?, synthetic),
        })
    }

    fn open(
        &self,
        id: Option<&DeviceId>,
        mode: VideoMode,
        sink: Box<dyn PictureSink>,
    ) -> Result<Box<dyn DeviceStream>, DeviceError> {
        if !mode.size.is_valid() {
            return Err(DeviceError::Format(format!("pictures of {}", mode.size)));
        }
        match &self.choice {
            CameraChoice::Synthetic => synthetic(mode, sink),
            CameraChoice::File { path, stamp } => file(path, *stamp, mode, sink),
            CameraChoice::None => Err(DeviceError::NotFound("there is no camera".into())),
            CameraChoice::Device(_) | CameraChoice::System => {
                if id == Some(&virtual_device::synthetic_camera().id) {
                    return synthetic(mode, sink);
                }
                system::camera::open(&find(self.list()?, id, "camera")?, mode, sink)
            }
        }
    }
}

fn synthetic(
    mode: VideoMode,
    sink: Box<dyn PictureSink>,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let painter = Pattern::new(mode.size);
    let info = virtual_device::synthetic_camera();
    Ok(Box::new(virtual_device::camera::start(
        info,
        mode.fps,
        Stamping::Stamped,
        painter,
        sink,
    )?))
}

fn file(
    path: &Path,
    stamp: bool,
    mode: VideoMode,
    sink: Box<dyn PictureSink>,
) -> Result<Box<dyn DeviceStream>, DeviceError> {
    let clip = Clip::open(path, mode.size)?;
    let stamping = if stamp {
        Stamping::Stamped
    } else {
        Stamping::Plain
    };
    Ok(Box::new(virtual_device::camera::start(
        virtual_device::file(path),
        mode.fps,
        stamping,
        clip,
        sink,
    )?))
}

#[cfg(test)]
mod tests {
    use media::backend::device::DeviceKind;
    use media::picture::Captured;
    use media::units::Size;

    use super::*;

    const HD: VideoMode = VideoMode {
        size: Size::HD,
        fps: 30.0,
    };

    struct Unseen;

    impl PictureSink for Unseen {
        fn picture(&mut self, _: Captured) {}

        fn failed(&mut self, error: DeviceError) {
            panic!("{error}");
        }
    }

    #[test]
    fn a_synthetic_camera_that_was_named_is_the_only_one() {
        let cameras = Cameras::new(CameraChoice::Synthetic).list().unwrap();
        assert_eq!(cameras, [virtual_device::synthetic_camera()]);
    }

    #[test]
    fn the_test_picture_is_offered_but_never_stands_in_for_a_camera() {
        let cameras = Cameras::new(CameraChoice::System);
        let listed = cameras.list().unwrap();
        let (synthetic, real) = listed.split_last().unwrap();
        assert_eq!(synthetic.kind, DeviceKind::Synthetic);
        assert!(!synthetic.is_default);
        assert!(real.iter().all(|it| it.kind == DeviceKind::Real));
        if real.is_empty() {
            let opened = cameras.open(None, HD, Box::new(Unseen));
            assert!(matches!(opened, Err(DeviceError::NotFound(_))));
        }
        let chosen = cameras.open(Some(&synthetic.id), HD, Box::new(Unseen));
        assert_eq!(chosen.unwrap().info().kind, DeviceKind::Synthetic);
    }
}
