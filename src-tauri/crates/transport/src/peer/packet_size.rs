//! The size of packets of one session: shared by the sockets and the estimator, which learn what the
//! path carries, and the writer, which makes packets of pictures.
//!
//! The library's driver calls it once per packet, so nothing here may wait.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::feedback::Feedback;
use crate::rtp::fit::Fit;

/// How large packets may be.
#[derive(Debug)]
pub(crate) struct PacketSize {
    fit: Mutex<Fit>,
    /// Tells the session when packets become smaller.
    feedback: mpsc::Sender<Feedback>,
}

impl PacketSize {
    pub(crate) fn new(feedback: mpsc::Sender<Feedback>) -> Self {
        Self {
            fit: Mutex::default(),
            feedback,
        }
    }

    /// The largest payload of an RTP packet, bytes.
    pub(crate) fn payload(&self) -> usize {
        self.fit().payload()
    }

    /// Another path: nothing is known of it.
    pub(crate) fn begin_path(&self) {
        *self.fit() = Fit::default();
    }

    /// Takes that the system refused a datagram of `size` bytes as too long.
    pub(crate) fn refused(&self, size: usize) {
        let smaller = self.fit().refused(size);
        self.tell(smaller);
    }

    /// Takes what became of an RTP packet of `size` bytes.
    pub(crate) fn reported(&self, size: usize, arrived: bool) {
        let smaller = self.fit().reported(size, arrived);
        self.tell(smaller);
    }

    fn tell(&self, smaller: bool) {
        if smaller {
            // When there is no room, the other side asks for the keyframe by itself.
            let payload = self.payload();
            let _ = self.feedback.try_send(Feedback::PacketsShrank(payload));
        }
    }

    fn fit(&self) -> MutexGuard<'_, Fit> {
        self.fit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
