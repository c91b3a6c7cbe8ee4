//! Pictures on the screen: the newest one of each stream, at the places that the page names.
//!
//! Two ways, and the page does not know which, apart from one module of it: [`native`] draws under
//! the webview, [`webview`] has the page draw. The pure parts ([`layout`], [`fitter`], [`fade`])
//! serve both.

use std::fmt;

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

/// How pictures reach the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Surface {
    /// The program draws them; the page leaves room and says where.
    Native,
    /// The page draws what comes from `picturesUrl`.
    Webview,
}
