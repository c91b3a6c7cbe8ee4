//! How much to send: what the network carries (estimate) and what the encoders shall make of it
//! (target).

pub mod cadence;
pub mod estimate;
pub mod screen;

mod controller;

pub use controller::{Controller, Limits, Running};

use crate::units::Bitrate;

/// What a call sends before anything was measured, sound and picture together: enough for a good
/// 720p picture, and little enough for most uplinks. The estimate, the pacer and the encoders all
/// start here, so that the first estimate changes nothing.
pub const START: Bitrate = Bitrate::from_kbps(1_200);
