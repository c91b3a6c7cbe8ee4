//! Tells the user that somebody calls: a small window before all others, and the task bar.
//!
//! A main window that has the focus shows the call itself, and no second window comes up. The small
//! window lets its page draw our own picture: it is small and short-lived, so the dearer way does.

use std::path::PathBuf;
use std::sync::Arc;

use call::view::CallView;
use engine::PictureFeed;
use tauri::window::Color;
use tauri::{Manager, UserAttentionType, WebviewWindow};

use crate::app::App;
use crate::picture::Feeds;
use crate::picture::webview::Webview;
use crate::role::Role;
use crate::window;

/// Announces incoming calls, for as long as each rings.
pub(crate) struct Announcer {
    pub(crate) app: Arc<App>,
    pub(crate) main: WebviewWindow,
    /// Where webviews keep their things.
    pub(crate) webview_data: PathBuf,
    /// Our own pictures.
    pub(crate) local: PictureFeed,
}

impl Announcer {
    /// Announces until the engine ends. An accepted call brings up the main window.
    pub(crate) async fn run(self) {
        let mut views = self.app.views();
        let mut rang = false;
        loop {
            let call = views.borrow_and_update().call.clone();
            let rings = matches!(call, CallView::Incoming { .. });
            match (call, rang) {
                (CallView::Incoming { peer, known, .. }, false) => {
                    self.announce(&self.app.name_of(&peer), known);
                }
                (CallView::Incoming { .. }, true) | (_, false) => {}
                (call, true) => self.over(&call),
            }
            rang = rings;
            if views.changed().await.is_err() {
                return;
            }
        }
    }

    fn announce(&self, name: &str, known: bool) {
        if self.main.is_focused().unwrap_or(false) {
            return;
        }
        ask(&self.main, Some(UserAttentionType::Critical));
        if let Err(error) = self.open(title(name), known) {
            tracing::warn!(%error, "the call shows in the main window only");
            window::raise(&self.main);
        }
    }

    fn over(&self, call: &CallView) {
        ask(&self.main, None);
        self.close();
        if matches!(call, CallView::Active { .. }) {
            window::raise(&self.main);
        }
    }

    fn open(&self, title: &str, known: bool) -> anyhow::Result<()> {
        let runtime = tauri::async_runtime::handle();
        let feeds = Feeds {
            local: self.local.clone(),
            ..Feeds::default()
        };
        let surface = Webview::start(runtime.inner(), feeds)?;
        self.app.window_opened(Role::Incoming, Arc::new(surface));
        let height = if known { HEIGHT } else { STRANGER_HEIGHT };
        let mut builder =
            window::builder(self.main.app_handle(), Role::Incoming, &self.webview_data)
                .title(title)
                .inner_size(WIDTH, height)
                .resizable(false)
                .decorations(false)
                .always_on_top(true)
                .visible_on_all_workspaces(true)
                .skip_taskbar(true)
                .focused(false)
                .background_color(GROUND);
        if let Ok(Some(monitor)) = self.main.primary_monitor() {
            let scale = monitor.scale_factor();
            let area = monitor.work_area();
            let place = area.position.to_logical::<f64>(scale);
            let size = area.size.to_logical::<f64>(scale);
            // The corners belong to the system's notifications.
            builder = builder.position(
                place.x + size.width - WIDTH - MARGIN,
                place.y + (size.height - height) / 2.0,
            );
        }
        if let Err(error) = builder.build() {
            self.app.window_closed(Role::Incoming);
            return Err(error.into());
        }
        Ok(())
    }

    fn close(&self) {
        self.app.window_closed(Role::Incoming);
        let handle = self.main.app_handle();
        let Some(window) = handle.get_webview_window(Role::Incoming.label()) else {
            return;
        };
        // Hidden first: destroying it takes until its page has ended, which the user would see.
        for closed in [window.hide(), window.destroy()] {
            if let Err(error) = closed {
                tracing::warn!(%error, "the small window does not close");
            }
        }
    }
}

/// People without a name are told by their address, inside the window.
fn title(name: &str) -> &str {
    if name.is_empty() { "Tincan" } else { name }
}

fn ask(window: &WebviewWindow, attention: Option<UserAttentionType>) {
    if let Err(error) = window.request_user_attention(attention) {
        tracing::debug!(%error, "nobody can be asked for attention");
    }
}

/// Of the small window, logical pixels.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 660.0;

/// For somebody whom the user does not know no camera opens, and there is no preview.
const STRANGER_HEIGHT: f64 = 500.0;

/// From the right edge of the screen, logical pixels.
const MARGIN: f64 = 24.0;

/// The page's own dark ground, until the page is there.
const GROUND: Color = Color(0x13, 0x12, 0x11, 0xFF);
