//! How a device at work tells the control task that it failed.

use media::backend::device::DeviceError;
use tokio::sync::mpsc;

use crate::command::DeviceRole;
use crate::event::Event;

/// Reports for one opening of one device.
#[derive(Debug)]
pub(crate) struct Reporter {
    events: mpsc::Sender<Event>,
    role: DeviceRole,
    turn: u64,
}

impl Reporter {
    /// For the opening `turn` of the device of `role`.
    pub(crate) const fn new(events: mpsc::Sender<Event>, role: DeviceRole, turn: u64) -> Self {
        Self { events, role, turn }
    }

    /// The device failed. Waits while the control task is busy: not for its data callback.
    pub(crate) fn failed(&self, error: DeviceError) {
        let (role, turn) = (self.role, self.turn);
        // Fails only when the engine is gone.
        let _ = self
            .events
            .blocking_send(Event::DeviceFailed { role, turn, error });
    }
}
