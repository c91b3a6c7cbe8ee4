//! Where a recording takes frames: at an end of a pipeline.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use media::backend::record::Recording;
use media::frame::{EncodedFrame, ReceivedFrame};
use media::transport::Kind;

/// Hands what passes to a recording while there is one. Never waits for anything but a change of it.
#[derive(Default)]
pub(crate) struct Tap(RwLock<Option<(Kind, Arc<dyn Recording>)>>);

impl Tap {
    /// Frames are of this kind and go to this recording from now on, or to none.
    pub(crate) fn set(&self, kind: Kind, recording: Option<Arc<dyn Recording>>) {
        let mut tapped = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *tapped = recording.map(|it| (kind, it));
    }

    /// A frame is on its way out, whether there is a path for it or not.
    pub(crate) fn sent(&self, frame: &EncodedFrame) {
        let tapped = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((kind, recording)) = &*tapped {
            recording.sent(*kind, frame);
        }
    }

    /// A frame came.
    pub(crate) fn received(&self, frame: &ReceivedFrame) {
        let tapped = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((kind, recording)) = &*tapped {
            recording.received(*kind, frame);
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}
