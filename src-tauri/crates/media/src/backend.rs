//! What the engine needs from outside: devices, screens, codecs and the processing of voices, behind
//! small synchronous traits.
//!
//! Real devices, synthetic ones and files stand behind the same traits; a composition root chooses.

pub mod audio;
pub mod camera;
pub mod codec;
pub mod device;
pub mod screen;
pub mod voice;
