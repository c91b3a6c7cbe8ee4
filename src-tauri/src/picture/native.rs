//! Pictures under the page (Linux, GTK): a widget below the webview draws them, and the page shows
//! around them and, as islands, over them.
//!
//! Three parts: the [`worker`] thread converts the newest picture into memory shared with the
//! display server; the [`screen`] on the main thread draws it; [`page`] draws what of the page
//! shows. Nothing is converted while the window is hidden or no place is on the stage.

use std::fmt;

use gtk::prelude::*;

use super::stage::Stage;
use super::{Feeds, PictureSurface, Surface};

#[expect(
    unsafe_code,
    reason = "cairo's pixels are written on another thread than they are drawn on"
)]
mod buffer;
mod link;
#[expect(
    unsafe_code,
    reason = "the page's own drawing function is reached through its class only"
)]
mod page;
mod screen;
mod stream;
mod worker;

/// The surface; dropping it stops its thread.
pub(crate) struct Native {
    _worker: worker::Worker,
}

impl Native {
    /// Puts the surface under `webview`. Main thread only.
    ///
    /// # Errors
    /// What stands in the way, for the log; the webview is as before then.
    pub(crate) fn install(webview: &impl IsA<gtk::Widget>, feeds: Feeds) -> Result<Self, String> {
        let worker = worker::Worker::start(feeds).map_err(|it| it.to_string())?;
        screen::Screen::install(webview.upcast_ref(), worker.link().clone())?;
        Ok(Self { _worker: worker })
    }
}

impl PictureSurface for Native {
    fn kind(&self) -> Surface {
        Surface::Native
    }

    fn pictures_url(&self) -> Option<String> {
        None
    }

    fn set_stage(&self, stage: Stage) {
        screen::on_screen(move |screen| screen.set_stage(stage));
    }

    fn set_window_shown(&self, shown: bool) {
        screen::on_screen(move |screen| screen.set_window_shown(shown));
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Native")
    }
}

/// Puts the surface under the page of `window`. Main thread only, where it runs at once.
///
/// # Errors
/// What stands in the way, for the log.
pub(crate) fn install(window: &tauri::WebviewWindow, feeds: Feeds) -> Result<Native, String> {
    let (done, waiting) = std::sync::mpsc::channel();
    let asked = window.with_webview(move |webview| {
        // Nobody waits any more only when the program ends.
        let _ = done.send(Native::install(&webview.inner(), feeds));
    });
    asked.map_err(|error| error.to_string())?;
    waiting
        .recv_timeout(PATIENCE)
        .map_err(|error| error.to_string())?
}

/// On the main thread the webview is there at once; anything longer means that it is not.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
