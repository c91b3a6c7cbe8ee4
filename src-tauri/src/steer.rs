//! What can be done to a running call from its small window.

use serde::Deserialize;
use ts_rs::TS;

/// What the user does to the running call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "do", rename_all = "camelCase")]
pub(crate) enum Steer {
    /// Mutes, or speaks again.
    SetMicrophone {
        /// Whether sound may leave.
        live: bool,
    },
    /// Hangs up.
    End,
}
