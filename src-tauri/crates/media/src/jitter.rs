//! When to play what came: the buffer for sound and the playout policy for pictures.
//!
//! Both are sans-IO: arrivals and the present come in as arguments, decisions come out. Neither
//! smooths more than the network's own jitter.

pub mod audio;
mod delay;
pub mod video;
