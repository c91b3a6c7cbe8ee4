//! The test picture and clips, in the place of a screen. Pictures that repeat are left out, as those
//! of a screen are that stands still.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use media::backend::camera::PictureSink;
use media::backend::device::{DeviceError, DeviceKind};
use media::backend::screen::{
    ScreenError, ScreenSink, ScreenSource, ScreenStream, SourceId, SourceKind,
};
use media::picture::{Captured, Picture, Pool};
use media::synthetic::pattern::Pattern;
use media::units::Size;

use super::captured::{CapturedScreen, device, screen_error};
use super::unchanged::Shown;
use crate::virtual_device::camera::{self, Painter, Stamping};
use crate::virtual_device::clip::Clip;

/// How the test picture looks.
pub(super) fn synthetic_thumbnail(bounds: Size) -> Arc<Picture> {
    let size = SYNTHETIC.within_pixels_of(bounds);
    let Ok(picture) = Pool::new().make::<Infallible>(size, |picture| {
        Pattern::new(size).paint(Duration::ZERO, picture);
        Ok(())
    });
    picture
}

/// How a clip begins.
pub(super) fn file_thumbnail(path: &Path, bounds: Size) -> Result<Arc<Picture>, ScreenError> {
    let mut clip = Clip::open(path, bounds).map_err(screen_error)?;
    let size = clip.size();
    let painted = Pool::new().make(size, |picture| {
        Painter::paint(&mut clip, Duration::ZERO, picture)
    });
    painted.map_err(screen_error)
}

/// Opens the test picture.
pub(super) fn open_synthetic(
    sink: Box<dyn ScreenSink>,
) -> Result<Box<dyn ScreenStream>, ScreenError> {
    let source = source("synthetic", "Test picture", SYNTHETIC);
    start(
        source,
        DeviceKind::Synthetic,
        Stamping::Stamped,
        Pattern::new(SYNTHETIC),
        sink,
    )
}

/// Opens a clip, which plays in a loop.
pub(super) fn open_file(
    path: &Path,
    sink: Box<dyn ScreenSink>,
) -> Result<Box<dyn ScreenStream>, ScreenError> {
    let clip = Clip::open(path, Size::MAX).map_err(screen_error)?;
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy();
    let source = source(&format!("file:{}", path.display()), &name, clip.size());
    start(source, DeviceKind::File, Stamping::Plain, clip, sink)
}

fn start(
    source: ScreenSource,
    kind: DeviceKind,
    stamping: Stamping,
    painter: impl Painter,
    sink: Box<dyn ScreenSink>,
) -> Result<Box<dyn ScreenStream>, ScreenError> {
    let shown = Shown::default();
    let sink = Box::new(Changes { sink, shown });
    let info = device(&source, kind);
    let running = camera::start(info, FPS, stamping, painter, sink).map_err(screen_error)?;
    Ok(Box::new(CapturedScreen::new(source, running)))
}

fn source(id: &str, name: &str, size: Size) -> ScreenSource {
    ScreenSource {
        id: SourceId(id.to_owned()),
        name: name.to_owned(),
        kind: SourceKind::Synthetic,
        size,
    }
}

/// Passes on what changed.
struct Changes {
    sink: Box<dyn ScreenSink>,
    shown: Shown,
}

impl PictureSink for Changes {
    fn picture(&mut self, captured: Captured) {
        if self.shown.is_news(&captured.picture) {
            self.sink.picture(captured);
        }
    }

    fn failed(&mut self, error: DeviceError) {
        self.sink.ended(screen_error(error));
    }
}

const SYNTHETIC: Size = Size::FULL_HD;

/// As often as a screen is looked at.
const FPS: f32 = 30.0;
