//! What the page shows: one value, and how it is told what changed of it.

use engine::view::{CallStats, EngineView};
use serde::Serialize;
use store::{HistoryEntry, Settings};
use ts_rs::TS;

use crate::window::Role;

/// One message to the page. The whole view goes out when something happens; what moves all the
/// time goes alone, because a page that parses kilobytes many times a second grows without need.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(
    tag = "push",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum UiPush {
    /// Something happened.
    Whole {
        /// All there is to show.
        view: Box<UiView>,
    },
    /// Nothing happened since the last whole view, but time has passed.
    Moment {
        /// As in [`UiView`].
        #[ts(type = "number")]
        revision: u64,
        /// As in [`EngineView`].
        microphone_level: f32,
        /// As in [`EngineView`].
        remote_level: f32,
        /// As in [`EngineView`].
        stats: Option<Box<CallStats>>,
        /// As in [`call::view::CallView`], when media flows.
        #[ts(type = "number | null")]
        connected_for_ms: Option<u64>,
    },
}

/// All that the page needs to draw itself, apart from its own open panels and draft texts.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UiView {
    /// Counts the pushes of this run; a greater one is newer.
    #[ts(type = "number")]
    pub(crate) revision: u64,
    /// Calls, devices, figures.
    pub(crate) engine: EngineView,
    /// What the user set.
    pub(crate) settings: Settings,
    /// Who this installation is.
    pub(crate) me: Me,
    /// Which window this page is shown in.
    pub(crate) window: Role,
    /// The profile this window was started with; null for the ordinary one.
    pub(crate) profile: Option<String>,
    /// Whether the main window fills the screen.
    pub(crate) full_screen: bool,
    /// How pictures reach the screen.
    pub(crate) surface: Surface,
    /// Where the page gets pictures from when it draws them itself: a WebSocket URL; null when it
    /// does not.
    pub(crate) pictures_url: Option<String>,
    /// Past calls, the newest first.
    pub(crate) history: Vec<HistoryEntry>,
    /// The program's version.
    pub(crate) version: String,
    /// The address or invite link that the program was opened with and that is still to be
    /// shown; never dialled by itself.
    pub(crate) opened_with: Option<String>,
}

/// Who this installation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    /// The address in its text form.
    pub(crate) address: String,
    /// The invite link to send to people.
    pub(crate) link: String,
    /// The same link as a square code: an SVG picture.
    pub(crate) qr_svg: String,
}

/// How pictures reach the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Surface {
    /// The program draws them; the page leaves room and says where.
    Native,
    /// The page draws what comes from `picturesUrl`.
    Webview,
}
