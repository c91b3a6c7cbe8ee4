//! What all devices have in common.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

/// Names one device for as long as it is plugged in, and as well as the system allows beyond.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
pub struct DeviceId(pub String);

/// One device to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceInfo {
    /// What to open it by.
    pub id: DeviceId,
    /// What to show a person.
    pub name: String,
    /// What it really is.
    pub kind: DeviceKind,
    /// Whether the system would choose it.
    pub is_default: bool,
}

/// What a device really is; the UI says so when it is not real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum DeviceKind {
    /// Hardware, or what the system shows as such.
    Real,
    /// A test picture or a test voice, made by the program.
    Synthetic,
    /// A recording that is played in a loop.
    File,
}

/// A device at work. Dropping it stops the device and joins its thread; nothing of it is left.
pub trait DeviceStream: Send + fmt::Debug {
    /// Which device this is now: one that follows the system's choice may have been another before.
    fn info(&self) -> DeviceInfo;
}

/// Why a device does not work.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DeviceError {
    /// There is none, or the chosen one is gone.
    #[error("device not found: {0}")]
    NotFound(String),
    /// Another program holds it.
    #[error("device is in use: {0}")]
    Busy(String),
    /// The system refuses access.
    #[error("access to the device is refused: {0}")]
    Refused(String),
    /// It stopped delivering or was unplugged.
    #[error("device was lost: {0}")]
    Lost(String),
    /// It offers no format that we can use.
    #[error("device offers no usable format: {0}")]
    Format(String),
    /// A file that stands for a device cannot be read or written.
    #[error("cannot {what} {path}: {why}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Anything else; the text is for the log.
    #[error("device failed: {0}")]
    Failed(String),
}
