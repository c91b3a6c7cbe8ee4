//! A source at work, whatever it is.

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind};
use media::backend::screen::{ScreenError, ScreenSource, ScreenStream};

use crate::thread::Running;

/// A source and the thread that captures it.
#[derive(Debug)]
pub(super) struct CapturedScreen {
    source: ScreenSource,
    _running: Running,
}

impl CapturedScreen {
    pub(super) const fn new(source: ScreenSource, running: Running) -> Self {
        Self {
            source,
            _running: running,
        }
    }
}

impl ScreenStream for CapturedScreen {
    fn source(&self) -> &ScreenSource {
        &self.source
    }
}

/// What the thread of a source is called by.
pub(super) fn device(source: &ScreenSource, kind: DeviceKind) -> DeviceInfo {
    DeviceInfo {
        id: DeviceId(source.id.0.clone()),
        name: source.name.clone(),
        kind,
        is_default: false,
    }
}

/// What became of a clip or a thread, in the words of screens.
pub(super) fn screen_error(error: DeviceError) -> ScreenError {
    match error {
        DeviceError::File { path, why, .. } => ScreenError::File { path, why },
        DeviceError::NotFound(_)
        | DeviceError::Busy(_)
        | DeviceError::Refused(_)
        | DeviceError::Lost(_)
        | DeviceError::Format(_)
        | DeviceError::Failed(_) => ScreenError::Failed(error.to_string()),
    }
}
