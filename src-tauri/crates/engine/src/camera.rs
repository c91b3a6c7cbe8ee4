//! The camera's side of the engine: device thread → preview, and a slot for the encoder.

use std::sync::{Arc, Mutex, PoisonError};

use media::backend::camera::PictureSink;
use media::backend::device::DeviceError;
use media::picture::Captured;
use media::queue::Slot;
use tokio::sync::mpsc;

use crate::command::DeviceRole;
use crate::event::Event;
use crate::picture::PictureFeed;
use crate::reporter::Reporter;

/// Where the camera's pictures go. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Eye {
    /// What the user sees of themselves.
    pub(crate) preview: PictureFeed,
    outlet: Arc<Mutex<Option<Slot<Captured>>>>,
}

impl Eye {
    /// A sink for a device that is about to be opened.
    pub(crate) fn sink(&self, events: mpsc::Sender<Event>, turn: u64) -> Box<dyn PictureSink> {
        Box::new(Sink {
            eye: self.clone(),
            reporter: Reporter::new(events, DeviceRole::Camera, turn),
        })
    }

    /// Gives every picture to this encoder's slot as well; `None` for no encoder.
    pub(crate) fn set_outlet(&self, outlet: Option<Slot<Captured>>) {
        *self.outlet.lock().unwrap_or_else(PoisonError::into_inner) = outlet;
    }

    /// Shows nothing: the camera is off.
    pub(crate) fn close(&self) {
        self.preview.show(None);
    }
}

struct Sink {
    eye: Eye,
    reporter: Reporter,
}

impl PictureSink for Sink {
    fn picture(&mut self, captured: Captured) {
        let outlet = self
            .eye
            .outlet
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let picture = Arc::clone(&captured.picture);
        if let Some(outlet) = outlet {
            outlet.push(captured);
        }
        self.eye.preview.show(Some(picture));
    }

    fn failed(&mut self, error: DeviceError) {
        self.reporter.failed(error);
    }
}
