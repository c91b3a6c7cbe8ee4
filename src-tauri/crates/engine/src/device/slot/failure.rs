//! What the user reads of a device that does not work.

use media::backend::device::{DeviceError, DeviceId, DeviceInfo, DeviceKind};

use crate::view::DeviceProblem;

/// What the user reads of a device that does not work.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// What is wrong.
    pub(super) problem: DeviceProblem,
    /// The device's name; empty where none is known.
    pub(super) name: String,
}

impl Failure {
    /// For a device that was `chosen`, or the system's default, out of what is available.
    pub(super) fn new(
        error: &DeviceError,
        chosen: Option<&DeviceId>,
        available: &[DeviceInfo],
    ) -> Self {
        let device = chosen
            .and_then(|id| available.iter().find(|it| it.id == *id))
            .or_else(|| available.iter().find(|it| it.kind == DeviceKind::Real));
        Self {
            problem: error.into(),
            name: device.map(|it| it.name.clone()).unwrap_or_default(),
        }
    }
}
