//! Tells the user that somebody calls: a small window before all others, and the task bar.
//!
//! Who already looks at the main window sees the call there, and gets nothing in the way. The
//! small window draws its pictures in the page: it shows our own preview only, and not for long.

use std::path::PathBuf;
use std::sync::Arc;

use call::view::CallView;
use engine::PictureFeed;
use tauri::window::Color;
use tauri::{Manager, UserAttentionType, WebviewWindow};

use crate::desk::Desk;
use crate::picture::webview::Webview;
use crate::window::{self, Role};

/// What it needs beside the desk.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) main: WebviewWindow,
    /// Where webviews keep their things.
    pub(crate) webview_data: PathBuf,
    /// Our own pictures.
    pub(crate) local: PictureFeed,
}

/// Announces every incoming call for as long as it rings, until the engine ends. An accepted call
/// brings up the main window.
pub(crate) async fn announce_calls(stand: Stand, desk: Arc<Desk>) {
    let mut views = desk.views();
    let mut rang = false;
    loop {
        let call = views.borrow_and_update().call.clone();
        match (&call, rang) {
            (CallView::Incoming { peer, .. }, false) => {
                rang = true;
                if !stand.main.is_focused().unwrap_or(false) {
                    ask(&stand.main, Some(UserAttentionType::Critical));
                    if let Err(error) = open(&stand, &desk, title(&peer.name)) {
                        tracing::warn!(%error, "the call shows in the main window only");
                        window::raise(&stand.main);
                    }
                }
            }
            (CallView::Incoming { .. }, true) => {}
            (call, true) => {
                rang = false;
                ask(&stand.main, None);
                close(&stand, &desk);
                if matches!(call, CallView::Active { .. }) {
                    window::raise(&stand.main);
                }
            }
            (_, false) => {}
        }
        if views.changed().await.is_err() {
            return;
        }
    }
}

fn open(stand: &Stand, desk: &Desk, name: &str) -> anyhow::Result<()> {
    let runtime = tauri::async_runtime::handle();
    let nothing = PictureFeed::default();
    let surface = Webview::start(runtime.inner(), nothing, stand.local.clone())?;
    desk.open_pane(Role::Incoming, Arc::new(surface));
    let app = stand.main.app_handle();
    let mut builder = window::builder(app, Role::Incoming, &stand.webview_data)
        .title(name)
        .inner_size(WIDTH, HEIGHT)
        .resizable(false)
        .decorations(false)
        .always_on_top(true)
        .visible_on_all_workspaces(true)
        .skip_taskbar(true)
        .focused(false)
        .background_color(GROUND);
    if let Ok(Some(monitor)) = stand.main.primary_monitor() {
        let scale = monitor.scale_factor();
        let area = monitor.work_area();
        let (place, size) = (
            area.position.to_logical::<f64>(scale),
            area.size.to_logical::<f64>(scale),
        );
        // The corners belong to the system's notifications.
        builder = builder.position(
            place.x + size.width - WIDTH - MARGIN,
            place.y + (size.height - HEIGHT) / 2.0,
        );
    }
    if let Err(error) = builder.build() {
        desk.close_pane(Role::Incoming);
        return Err(error.into());
    }
    Ok(())
}

fn close(stand: &Stand, desk: &Desk) {
    desk.close_pane(Role::Incoming);
    let Some(window) = stand
        .main
        .app_handle()
        .get_webview_window(Role::Incoming.label())
    else {
        return;
    };
    // Hidden first: it is gone for the user while its page still ends.
    for closed in [window.hide(), window.destroy()] {
        if let Err(error) = closed {
            tracing::warn!(%error, "the small window does not close");
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

/// From the right edge of the screen, logical pixels.
const MARGIN: f64 = 24.0;

/// The page's own dark ground, until the page is there.
const GROUND: Color = Color(0x13, 0x12, 0x11, 0xFF);
