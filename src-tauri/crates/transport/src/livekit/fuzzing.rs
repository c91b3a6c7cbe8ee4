//! The parsers of what a server and the other side send, as the fuzz targets call them, and what
//! those begin with.

pub use super::data::fuzzing::{packet_seeds, packets};
pub use super::e2ee::fuzzing::{frame_seeds, frames};
pub use super::signal::fuzzing::{message_seeds, messages};
