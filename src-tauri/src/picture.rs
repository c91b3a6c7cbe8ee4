//! Pictures on the screen: the newest one of each stream, at the places that the page names.
//!
//! Two ways, and the page does not know which, apart from one module of it: [`native`] draws under
//! the webview, [`webview`] has the page draw. The pure parts ([`layout`], [`fitter`], [`fade`])
//! serve both.

use std::fmt;

use engine::PictureFeed;
use serde::Serialize;
use ts_rs::TS;

#[cfg(target_os = "linux")]
mod convert;
#[cfg(target_os = "linux")]
mod fade;
mod fitter;
mod layout;
#[cfg(target_os = "linux")]
pub(crate) mod native;
pub(crate) mod stage;
pub(crate) mod webview;

/// Shows pictures at the places of a [`stage::Stage`]. Any thread may call; no call blocks.
pub(crate) trait PictureSurface: Send + Sync + fmt::Debug {
    /// What the page has to know about it.
    fn kind(&self) -> Surface;

    /// Where a page that draws itself gets the pictures.
    fn pictures_url(&self) -> Option<String>;

    /// Shows pictures at these places from now on.
    fn set_stage(&self, stage: stage::Stage);

    /// Whether anybody can see the window: nothing is worked on otherwise.
    fn set_window_shown(&self, shown: bool);
}

/// The pictures that there are to show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feeds {
    /// What the other side's camera sees.
    pub(crate) remote: PictureFeed,
    /// What our camera sees.
    pub(crate) local: PictureFeed,
    /// What the other side's screen shows.
    pub(crate) screen: PictureFeed,
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
