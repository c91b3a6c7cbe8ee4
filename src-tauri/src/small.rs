//! A small window before all others, with a page of its own, that comes up and goes by itself.
//!
//! Its page draws the pictures: the window is small and short-lived, so the dearer way does.

use std::path::PathBuf;
use std::sync::Arc;

use engine::PictureFeed;
use tauri::window::Color;
use tauri::{Manager, WebviewWindow};

use crate::app::App;
use crate::picture::webview::Webview;
use crate::role::Role;
use crate::window;

/// Opens and closes the small window of one role.
pub(crate) struct SmallWindow {
    pub(crate) app: Arc<App>,
    pub(crate) main: WebviewWindow,
    /// Where webviews keep their things.
    pub(crate) webview_data: PathBuf,
    pub(crate) role: Role,
}

/// How a small window looks to the system.
pub(crate) struct Shape<'a> {
    pub(crate) title: &'a str,
    /// Width and height, logical pixels.
    pub(crate) size: (f64, f64),
    /// The least size that the user may give it, logical pixels; none where it keeps its size.
    pub(crate) least: Option<(f64, f64)>,
    pub(crate) place: Place,
}

/// Where on the screen, at the right edge.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Half way down: the corners belong to the system's notifications.
    Middle,
    /// In the lower corner.
    Bottom,
}

impl SmallWindow {
    /// Opens the window, which takes no focus, and gives its page these pictures.
    pub(crate) fn open(
        &self,
        shape: &Shape<'_>,
        remote: PictureFeed,
        local: PictureFeed,
    ) -> anyhow::Result<WebviewWindow> {
        let runtime = tauri::async_runtime::handle();
        let surface = Webview::start(runtime.inner(), remote, local)?;
        self.app.window_opened(self.role, Arc::new(surface));
        let built = self.build(shape);
        if built.is_err() {
            self.app.window_closed(self.role);
        }
        Ok(built?)
    }

    fn build(&self, shape: &Shape<'_>) -> tauri::Result<WebviewWindow> {
        let (width, height) = shape.size;
        let mut builder = window::builder(self.main.app_handle(), self.role, &self.webview_data)
            .title(shape.title)
            .inner_size(width, height)
            .resizable(shape.least.is_some())
            .decorations(false)
            .always_on_top(true)
            .visible_on_all_workspaces(true)
            .skip_taskbar(true)
            .focused(false)
            .background_color(GROUND);
        if let Some((width, height)) = shape.least {
            builder = builder.min_inner_size(width, height);
        }
        if let Ok(Some(monitor)) = self.main.primary_monitor() {
            let scale = monitor.scale_factor();
            let area = monitor.work_area();
            let at = area.position.to_logical::<f64>(scale);
            let room = area.size.to_logical::<f64>(scale);
            let down = match shape.place {
                Place::Middle => (room.height - height) / 2.0,
                Place::Bottom => room.height - height - MARGIN,
            };
            builder = builder.position(at.x + room.width - width - MARGIN, at.y + down);
        }
        builder.build()
    }

    /// Closes the window, if it is open.
    pub(crate) fn close(&self) {
        self.app.window_closed(self.role);
        let handle = self.main.app_handle();
        let Some(window) = handle.get_webview_window(self.role.label()) else {
            return;
        };
        // Hidden first: destroying it takes until its page has ended, which the user would see.
        for closed in [window.hide(), window.destroy()] {
            if let Err(error) = closed {
                tracing::warn!(%error, "a small window does not close");
            }
        }
    }
}

/// From the edges of the screen, logical pixels.
const MARGIN: f64 = 24.0;

/// The page's own dark ground, until the page is there.
const GROUND: Color = Color(0x13, 0x12, 0x11, 0xFF);
