//! What a network is like.

use std::time::Duration;

use crate::transport::Path;

/// What the network does to what it carries. Messages of the data channel are repeated by their
/// protocol until they arrive, so of these three only `delay` touches them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// From one end to the other.
    pub delay: Duration,
    /// Share of the frames that are lost, 0 to 1.
    pub loss: f64,
    /// Share of the packets of sound that arrive twice, 0 to 1.
    pub repeats: f64,
    /// How the path leads, as sessions tell it.
    pub path: Path,
    /// How long two sessions look for a path once both know of each other.
    pub setup: Duration,
    /// For how long the data channel stays frozen once a way is mended: its protocol waits ever
    /// longer before it repeats.
    pub thaw: Duration,
}

impl Default for Conditions {
    /// A good network on which both are near.
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            loss: 0.0,
            repeats: 0.0,
            path: Path::Local,
            setup: Duration::ZERO,
            thaw: Duration::ZERO,
        }
    }
}
