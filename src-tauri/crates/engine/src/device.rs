//! One device role: its slot, and what is told of its devices.

mod reporter;
mod slot;

use media::backend::device::{DeviceError, DeviceInfo, DeviceStream};

pub(crate) use self::reporter::Reporter;
pub(crate) use self::slot::{DeviceSlot, Step};
use crate::command::DeviceRole;

/// What the control task hears of devices.
#[derive(Debug)]
pub(crate) enum News {
    /// A device was opened, or not.
    Opened {
        /// What for.
        role: DeviceRole,
        /// Which opening of the slot this answers.
        turn: u64,
        /// The device at work, or why there is none.
        result: Result<Box<dyn DeviceStream>, DeviceError>,
    },
    /// A device is closed and nothing of it is left.
    Closed {
        /// What it was for.
        role: DeviceRole,
    },
    /// A device at work failed.
    Failed {
        /// What it was for.
        role: DeviceRole,
        /// Which opening of the slot it came from.
        turn: u64,
        /// Why.
        error: DeviceError,
    },
    /// The devices of this moment.
    Listed(Lists),
}

/// The devices of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    /// Cameras.
    pub(crate) cameras: Vec<DeviceInfo>,
    /// Microphones.
    pub(crate) microphones: Vec<DeviceInfo>,
    /// Speakers.
    pub(crate) speakers: Vec<DeviceInfo>,
}
