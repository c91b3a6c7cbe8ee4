//! The camera tap: camera thread → preview, and the slot of the call's encoder.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use media::backend::camera::PictureSink;
use media::backend::device::DeviceError;
use media::picture::Captured;
use media::queue::Slot;
use tokio::sync::mpsc;

use crate::command::DeviceRole;
use crate::device::{News, Reporter};
use crate::picture::PictureFeed;

/// Where the camera's pictures go. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CameraTap {
    /// What the user sees of themselves.
    preview: PictureFeed,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    latest: Option<Captured>,
    encoder: Option<Slot<Captured>>,
}

impl CameraTap {
    /// A sink for a camera that is about to be opened.
    pub(crate) fn sink(&self, news: mpsc::Sender<News>, turn: u64) -> Box<dyn PictureSink> {
        Box::new(Sink {
            tap: self.clone(),
            reporter: Reporter::new(news, DeviceRole::Camera, turn),
        })
    }

    /// What the user sees of themselves.
    pub(crate) fn preview(&self) -> &PictureFeed {
        &self.preview
    }

    /// What the camera saw last, while it runs.
    pub(crate) fn latest(&self) -> Option<Captured> {
        self.lock().latest.clone()
    }

    /// Gives every picture to this encoder's slot as well; `None` for no encoder. Whether the
    /// pictures may leave is for the gate behind the encoder to say.
    pub(crate) fn set_encoder(&self, encoder: Option<Slot<Captured>>) {
        self.lock().encoder = encoder;
    }

    /// Shows nothing: the camera is off.
    pub(crate) fn clear(&self) {
        self.lock().latest = None;
        self.preview.show(None);
    }

    /// Each critical section is a few moves, so the value is whole under any panic.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Sink {
    tap: CameraTap,
    reporter: Reporter,
}

impl PictureSink for Sink {
    fn picture(&mut self, captured: Captured) {
        let picture = Arc::clone(&captured.picture);
        let mut shared = self.tap.lock();
        shared.latest = Some(captured.clone());
        let encoder = shared.encoder.clone();
        drop(shared);
        if let Some(encoder) = encoder {
            encoder.push(captured);
        }
        self.tap.preview.show(Some(picture));
    }

    fn failed(&mut self, error: DeviceError) {
        self.reporter.failed(error);
    }
}
