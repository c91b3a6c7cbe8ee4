//! The devices of the machine.

pub(crate) mod camera;
mod sound;

pub(crate) use sound::{Sound, TheDefault};
