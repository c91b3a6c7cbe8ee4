//! What one side reports of what it hears and shows.

use serde::{Deserialize, Serialize};

/// What a side captured, heard and showed in the last second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Packets of sound that came.
    pub packets: u16,
    /// How loud the sound was that was made of them: decibels below full scale,
    /// [`Receipt::SILENCE`] for nothing.
    pub loudness: i8,
    /// Whether a speaker took it.
    pub played: bool,
    /// Pictures that came.
    pub frames: u16,
    /// Pictures that could be shown.
    pub shown: u16,
    /// How loud the own microphone was, before any gate; as [`Receipt::loudness`].
    pub captured: i8,
    /// Own pictures that left.
    pub filmed: u16,
}

impl Receipt {
    /// Digital silence: no bit of 16 is set. The noise of any microphone that works is louder.
    pub const SILENCE: i8 = -96;
}
