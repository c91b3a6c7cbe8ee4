//! Cameras, microphones and speakers behind [`media::backend`]: what the machine has, what the
//! program makes itself, and files that stand for devices.
//!
//! [`choose`] turns the texts of a command line into backends. It owns the threads of all
//! devices: each open device has its own, and dropping its stream ends it.

pub mod choose;
pub mod clock;

#[cfg(test)]
mod allocations;
mod choice;
mod made;
mod system;
mod thread;

pub use choose::{CameraChoice, MicrophoneChoice, SpeakerChoice, audio, cameras};
