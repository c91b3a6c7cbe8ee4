//! What the pages show: one value for each window, and how it is told what changed of it.

use call::id::Peer;
use call::view::CallView;
use engine::view::{CallStats, DeviceNow, EngineView};
use headless::test_call::TestReport;
use serde::Serialize;
use store::{HistoryEntry, KeyPlace, Person, Settings};
use ts_rs::TS;

use crate::picture::Surface;

/// One message to the page. The whole view goes out when something happens; what moves all the
/// time goes alone, because a page that parses kilobytes many times a second grows without need.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(
    tag = "push",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum UiPush {
    /// To the main window: something happened.
    Whole {
        /// All there is to show.
        view: Box<UiView>,
    },
    /// To the main window: nothing happened since the last whole view, but time has passed.
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
        /// As in [`UiView`].
        test_call: Option<Box<TestReport>>,
    },
    /// To a small window: something happened.
    Small {
        /// All there is to show.
        view: Box<SmallView>,
    },
}

/// All that the page of the main window needs to draw itself, apart from its own open panels and
/// draft texts.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UiView {
    /// Counts the pushes of this run; a greater one is newer.
    #[ts(type = "number")]
    pub(crate) revision: u64,
    /// Calls, devices, figures.
    pub(crate) engine: EngineView,
    /// What the test call that goes on finds, or the last one of this run found; null before the
    /// first.
    pub(crate) test_call: Option<TestReport>,
    /// What the user set.
    pub(crate) settings: Settings,
    /// Who this installation is.
    pub(crate) me: Me,
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
    /// Whom the user saved or blocked.
    pub(crate) people: Vec<Person>,
    /// Where the secret key is kept.
    pub(crate) key_place: KeyPlace,
    /// The program's version.
    pub(crate) version: String,
    /// The address or invite link that the program was opened with and that is still to be
    /// shown; never dialled by itself.
    pub(crate) opened_with: Option<String>,
}

/// All that a small window shows, that of an incoming call or that of the running one: who the call
/// is with, and the pictures. It knows no settings, no history, nobody but the other side and no
/// secrets of servers, because it comes up unasked.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SmallView {
    /// The call; the window goes when it rings no more, or is over.
    pub(crate) call: CallView,
    /// The other side, when the user saved them: their name here, and whether words were compared.
    pub(crate) person: Option<Person>,
    /// Who uses this installation.
    pub(crate) me: Peer,
    /// What is true of our camera.
    pub(crate) camera: DeviceNow,
    /// What is true of our microphone.
    pub(crate) microphone: DeviceNow,
    /// Whether our own picture can be shown now.
    pub(crate) local_picture: bool,
    /// Whether a picture of the other side can be shown now.
    pub(crate) remote_picture: bool,
    /// How pictures reach the screen.
    pub(crate) surface: Surface,
    /// As in [`UiView`].
    pub(crate) pictures_url: Option<String>,
}

/// Who this installation is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    /// The address in its text form.
    pub(crate) address: String,
    /// The invite link to send to people.
    pub(crate) link: String,
    /// The same as a square code, and where we are on our networks: an SVG picture.
    pub(crate) qr_svg: String,
}
