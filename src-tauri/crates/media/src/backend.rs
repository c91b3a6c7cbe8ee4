//! What the engine needs from outside: devices, screens, codecs, the processing of voices and
//! recordings, behind small synchronous traits.
//!
//! Real devices, synthetic ones and files stand behind the same traits; a composition root chooses.

pub mod audio;
pub mod camera;
pub mod codec;
pub mod device;
pub mod record;
pub mod screen;
pub mod voice;
