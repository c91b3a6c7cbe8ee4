//! What can be shared: screens and windows of the machine, and for tests a clip or the test picture.
//!
//! `synthetic` and `file:CLIP.y4m` are opened when they are named and are in no list. What the
//! machine has depends on its display server; where there is none that we can ask, the error says
//! what is needed.

mod captured;
mod machine;
mod unchanged;
mod virtual_screen;
#[cfg(target_os = "linux")]
mod x11;

use std::path::Path;
use std::sync::Arc;

use media::backend::screen::{
    ScreenBackend, ScreenError, ScreenSink, ScreenSource, ScreenStream, SourceId,
};
use media::picture::Picture;
use media::units::Size;

/// The screens and windows of this machine.
///
/// ```
/// use media::backend::screen::{ScreenError, SourceId};
/// use media::units::Size;
///
/// // What is not listed may be named.
/// let clip = SourceId("file:no-such.y4m".to_owned());
/// let looks = devices::screens().thumbnail(&clip, Size::HD);
/// assert!(matches!(looks, Err(ScreenError::File { .. })));
/// ```
#[must_use]
pub fn screens() -> Arc<dyn ScreenBackend> {
    Arc::new(Screens::default())
}

/// The screens of the machine, and those that stand for one.
#[derive(Debug, Default)]
struct Screens {
    looks: machine::Looks,
}

/// What an id names.
enum Named<'a> {
    Synthetic,
    File(&'a Path),
    OfTheMachine,
}

impl ScreenBackend for Screens {
    fn list(&self) -> Result<Vec<ScreenSource>, ScreenError> {
        machine::list()
    }

    fn thumbnail(&self, id: &SourceId, bounds: Size) -> Result<Arc<Picture>, ScreenError> {
        match named(id) {
            Named::Synthetic => Ok(virtual_screen::synthetic_thumbnail(bounds)),
            Named::File(path) => virtual_screen::file_thumbnail(path, bounds),
            Named::OfTheMachine => self.looks.thumbnail(id, bounds),
        }
    }

    fn open(
        &self,
        id: &SourceId,
        sink: Box<dyn ScreenSink>,
    ) -> Result<Box<dyn ScreenStream>, ScreenError> {
        match named(id) {
            Named::Synthetic => virtual_screen::open_synthetic(sink),
            Named::File(path) => virtual_screen::open_file(path, sink),
            Named::OfTheMachine => machine::open(id, sink),
        }
    }
}

fn named(id: &SourceId) -> Named<'_> {
    match (id.0.as_str(), id.0.strip_prefix("file:")) {
        ("synthetic", _) => Named::Synthetic,
        (_, Some(path)) => Named::File(Path::new(path)),
        (_, None) => Named::OfTheMachine,
    }
}

#[cfg(test)]
mod tests;
