//! What the UI shows of shared screens.

use media::backend::screen::{Need, ScreenError, SourceKind};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What we share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ShareView {
    /// Nothing.
    Off {
        /// Why the last share of this call ended by itself, or did not begin.
        problem: Option<ShareProblem>,
    },
    /// On its way.
    Starting,
    /// The other side can see it.
    On {
        /// What a person knows it by.
        name: String,
        /// What it is.
        kind: SourceKind,
        /// Whether its window is minimised: the other side sees what it showed last.
        hidden: bool,
    },
}

impl Default for ShareView {
    fn default() -> Self {
        Self::Off { problem: None }
    }
}

/// Why nothing is shared although the user wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ShareProblem {
    /// The window was closed, or the screen unplugged.
    Gone,
    /// The program has no display.
    NeedsDisplay,
    /// The session is one of Wayland.
    NeedsX11Session,
    /// The display server lacks what is needed.
    NeedsX11Extensions,
    /// Nothing is built for this system.
    NeedsOtherSystem,
    /// A file that stands for a screen cannot be read.
    Unreadable,
    /// It failed.
    Failed,
}

impl From<&ScreenError> for ShareProblem {
    fn from(error: &ScreenError) -> Self {
        match error {
            ScreenError::Needs(Need::Display) => Self::NeedsDisplay,
            ScreenError::Needs(Need::X11Session) => Self::NeedsX11Session,
            ScreenError::Needs(Need::X11Extensions) => Self::NeedsX11Extensions,
            ScreenError::Needs(Need::OtherSystem) => Self::NeedsOtherSystem,
            ScreenError::Gone(_) => Self::Gone,
            ScreenError::File { .. } => Self::Unreadable,
            ScreenError::Failed(_) => Self::Failed,
        }
    }
}

/// Figures of shared screens over the last second unless said otherwise, zero while none is shared.
/// Names and units as in W3C webrtc-stats where it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScreenStats {
    /// Bits per second of ours that left.
    pub send_bitrate: f64,
    /// Bits per second of theirs that came.
    pub receive_bitrate: f64,
    /// Pictures of ours encoded per second.
    pub frames_per_second_sent: f64,
    /// Pictures of theirs decoded per second.
    pub frames_per_second_received: f64,
    /// Whole call. Keyframes of ours.
    #[ts(type = "number")]
    pub key_frames_encoded: u64,
    /// Whole call. Pictures of theirs.
    #[ts(type = "number")]
    pub frames_decoded: u64,
    /// Pixels of theirs.
    pub frame_width: u32,
    /// Pixels of theirs.
    pub frame_height: u32,
    /// Milliseconds that the encoder took for a picture, mean.
    pub encode_ms: f64,
}
