//! One device slot per role.

use crate::command::DeviceRole;
use crate::config::Config;
use crate::device::DeviceSlot;

/// One device slot per role.
#[derive(Debug)]
pub(super) struct Slots {
    pub(super) camera: DeviceSlot,
    pub(super) microphone: DeviceSlot,
    pub(super) speaker: DeviceSlot,
}

impl Slots {
    /// All empty, with what the user chose.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            camera: DeviceSlot::new(config.camera.clone()),
            microphone: DeviceSlot::new(config.microphone.clone()),
            speaker: DeviceSlot::new(config.speaker.clone()),
        }
    }

    pub(super) fn get(&self, role: DeviceRole) -> &DeviceSlot {
        match role {
            DeviceRole::Camera => &self.camera,
            DeviceRole::Microphone => &self.microphone,
            DeviceRole::Speaker => &self.speaker,
        }
    }

    pub(super) fn get_mut(&mut self, role: DeviceRole) -> &mut DeviceSlot {
        match role {
            DeviceRole::Camera => &mut self.camera,
            DeviceRole::Microphone => &mut self.microphone,
            DeviceRole::Speaker => &mut self.speaker,
        }
    }

    /// Whether none of them holds anything.
    pub(super) fn are_released(&self) -> bool {
        ROLES.iter().all(|role| self.get(*role).is_released())
    }
}

/// Every role.
pub(super) const ROLES: [DeviceRole; 3] = [
    DeviceRole::Camera,
    DeviceRole::Microphone,
    DeviceRole::Speaker,
];
