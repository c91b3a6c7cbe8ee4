//! Pictures and sound for machines without a camera or a microphone, for tests and for benches.
//!
//! Everything here is a pure function of a position in time: who opens a file, reads a clock or
//! runs a thread for it is an adapter. The [`stamp`] makes the latency of a picture measurable
//! wherever it can be seen, and the [`voice`] makes it measurable wherever it can be heard.

pub mod pattern;
pub mod stamp;
pub mod voice;
pub mod wav;
pub mod y4m;
