//! Cameras, microphones, speakers and screens behind [`media::backend`]: what the machine has, what
//! the program makes itself, and files that stand for devices.
//!
//! A choice ([`CameraChoice`], [`MicrophoneChoice`], [`SpeakerChoice`]), read from a text of the
//! command line, becomes a backend by [`cameras`] and [`audio`]. The crate owns the threads of all
//! devices: each open device has its own, and dropping its stream ends it. A synthetic or a file
//! device opens only when somebody asked for it by name; it never stands in for a real one that is
//! missing. Screens and windows to share are [`screens`]. [`EchoDevices`] are those of a peer that
//! gives back what it receives. What a microphone hears is processed by [`voice`].

#![warn(missing_docs)]

pub mod clock;
#[cfg(target_os = "linux")]
pub mod sound_server;
pub mod voice;

#[cfg(test)]
mod allocations;
mod backend;
mod choice;
mod jpeg;
mod planar;
mod screen;
mod system;
mod thread;
mod virtual_device;

pub use backend::{EchoDevices, audio, cameras};
pub use choice::{CameraChoice, MicrophoneChoice, SpeakerChoice, UnknownChoice};
pub use jpeg::jpeg;
pub use screen::screens;
pub use virtual_device::SYNTHETIC_MICROPHONE;
