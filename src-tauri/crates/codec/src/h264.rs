//! H.264 (ITU-T H.264, constrained baseline) by OpenH264, one thread per direction.

mod decoder;
mod encoder;
mod sps;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;
