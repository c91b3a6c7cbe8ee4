//! What can be asked for while somebody calls: all that the small window may do.

use serde::Deserialize;
use ts_rs::TS;

/// The user's answer to an incoming call, or what comes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "do", rename_all = "camelCase")]
pub(crate) enum Answer {
    /// Takes the call.
    Accept {
        /// With our camera.
        video: bool,
    },
    /// Takes it not.
    Decline,
    /// Opens the camera once more, which failed.
    RetryCamera,
}
