//! What playout is doing.

use super::units::Samples;

/// The state of playout.
///
/// ```text
/// NotStarted ──► Running ◄──► Underrun ──► Paused
///                Running ◄──► Concealing   Paused ──► Running
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No packet was played yet.
    NotStarted,
    /// Packets are played one after another.
    Running,
    /// No packet waits: the next one is late, lost, or the sender pauses.
    Underrun {
        /// How much was concealed since.
        concealed: Samples,
    },
    /// Packets are lost for good, since one after them waits.
    Concealing {
        /// How much is to be concealed before that one is played.
        left: Samples,
    },
    /// Nothing has come for long, or the sender announced a pause (DTX). The next packet starts
    /// playout with a fresh delay.
    Paused {
        /// Whether the sender announced it.
        announced: bool,
    },
}

impl Phase {
    /// Whether sound of the other side comes out, real or concealed.
    pub(super) const fn plays(self) -> bool {
        match self {
            Self::Running | Self::Underrun { .. } | Self::Concealing { .. } => true,
            Self::NotStarted | Self::Paused { .. } => false,
        }
    }
}
