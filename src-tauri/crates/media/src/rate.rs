//! How much to send: what the network carries (estimate) and what the encoders shall make of it
//! (target).

pub mod cadence;
pub mod estimate;

mod controller;

pub use controller::{Controller, Limits, START};
