//! How a device at work tells the control task that it failed.

use media::backend::device::DeviceError;
use tokio::sync::mpsc;

use super::News;
use crate::command::DeviceRole;

/// Reports for one opening of one device.
#[derive(Debug)]
pub(crate) struct Reporter {
    news: mpsc::Sender<News>,
    role: DeviceRole,
    turn: u64,
}

impl Reporter {
    /// For the opening `turn` of the device of `role`.
    pub(crate) const fn new(news: mpsc::Sender<News>, role: DeviceRole, turn: u64) -> Self {
        Self { news, role, turn }
    }

    /// The device failed. Waits while the control task is busy, so it must not be called in the
    /// device's data callback.
    pub(crate) fn failed(&self, error: DeviceError) {
        let (role, turn) = (self.role, self.turn);
        // Fails only when the engine is gone.
        let _ = self.news.blocking_send(News::Failed { role, turn, error });
    }
}
