//! How much to send: what the network carries (estimate) and what the encoders shall make of it
//! (target).

pub mod cadence;
pub mod estimate;

mod controller;

pub use controller::{Controller, Limits};

use crate::units::Bitrate;

/// Where a call begins before anything was measured, sound and picture together: a good 720p
/// picture, and little enough for most uplinks. The estimate, its pace and the encoders all start
/// here, so that the first estimate changes nothing.
pub const START: Bitrate = Bitrate::from_kbps(1_200);
