//! What one side reports of its microphone, its camera and its screen.

use serde::{Deserialize, Serialize};

use crate::view::{Controls, Lacking};

/// What a side really sends, and which device it wants and cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlsReport {
    /// Rises with each report of a call, from 1.
    pub sequence: u64,
    /// The highest number that came from the other side; 0 before the first.
    #[serde(default)]
    pub heard: u64,
    /// Whether sound leaves.
    pub microphone: bool,
    /// Whether pictures leave.
    pub camera: bool,
    /// Whether the user wants a microphone and has none that works. Absent when false, and from
    /// phones that do not know of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacks_microphone: bool,
    /// The same of the camera.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacks_camera: bool,
    /// Whether a screen or a window is shared. Absent when false, and from phones that do not know
    /// of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub screen: bool,
    /// Whether the phone takes [`Body::Chat`](super::Body::Chat). Absent when false, and from phones
    /// that do not know of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_texts: bool,
}

impl ControlsReport {
    /// A report of this state, by a side that has heard nothing yet and shares nothing.
    #[must_use]
    pub fn new(sequence: u64, controls: Controls, lacking: Lacking) -> Self {
        Self {
            sequence,
            heard: 0,
            microphone: controls.microphone,
            camera: controls.camera,
            lacks_microphone: lacking.microphone,
            lacks_camera: lacking.camera,
            screen: false,
            takes_texts: true,
        }
    }

    /// What the side sends.
    #[must_use]
    pub fn controls(self) -> Controls {
        Controls {
            microphone: self.microphone,
            camera: self.camera,
        }
    }

    /// What the side lacks.
    #[must_use]
    pub fn lacking(self) -> Lacking {
        Lacking {
            microphone: self.lacks_microphone,
            camera: self.lacks_camera,
        }
    }
}
