use super::camera::Painter;
use media::backend::device::DeviceError;
use media::picture::Picture;
use std::path::Path;
use std::time::Duration;
#[derive(Debug)]
pub(crate) struct Clip;
impl Clip {
    pub(crate) fn open(path: &Path) -> Result<Self, DeviceError> {
        Err(DeviceError::File {
            path: path.display().to_string(),
            why: "not read yet".into(),
        })
    }
}
impl Painter for Clip {
    fn paint(&mut self, _: Duration, _: &mut Picture) -> Result<(), DeviceError> {
        Ok(())
    }
}
