//! The windows, and the main one: how it opens, closes, comes up, and whether it can be seen.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tauri::webview::NewWindowResponse;
use tauri::{
    App, AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent, Wry,
};
use tokio::task::JoinHandle;
use ts_rs::TS;

use crate::desk::Desk;
use crate::place::Place;

/// Which window: each has a page of its own that shows the same view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Role {
    /// Everything.
    Main,
    /// Only an incoming call, before all other windows.
    Incoming,
}

impl Role {
    /// The window's label, which its capability names.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Incoming => "incoming",
        }
    }

    /// The role of the window with this label.
    pub(crate) fn of(label: &str) -> Option<Self> {
        [Self::Main, Self::Incoming]
            .into_iter()
            .find(|it| it.label() == label)
    }
}

/// Opens the window.
///
/// # Errors
/// When the system cannot show one.
pub(crate) fn open(
    app: &App,
    place: &Place,
    profile: Option<&str>,
) -> tauri::Result<WebviewWindow> {
    let title = profile.map_or_else(|| "Tincan".to_owned(), |it| format!("Tincan – {it}"));
    builder(app, Role::Main, &place.webview)
        .title(title)
        .inner_size(1080.0, 720.0)
        .min_inner_size(360.0, 480.0)
        .build()
}

/// A window with our page, and no way to any other; `data` is where webviews keep theirs.
pub(crate) fn builder<'a, M: Manager<Wry>>(
    manager: &'a M,
    role: Role,
    data: &Path,
) -> WebviewWindowBuilder<'a, Wry, M> {
    WebviewWindowBuilder::new(manager, role.label(), WebviewUrl::App("index.html".into()))
        .data_directory(data.to_owned())
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
}

/// Whether the window may show `url`: nothing but our own page ever.
fn is_ours(url: &Url) -> bool {
    let host = url.host_str();
    match url.scheme() {
        "tauri" => host == Some("localhost"),
        // How Windows shows it.
        "http" => host == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    }
}

/// Ends the program when the user closes the window: the call first, then everything else.
pub(crate) fn end_on_close(window: &WebviewWindow) {
    let app = window.app_handle().clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            end(&app);
        }
    });
}

/// What must be done before the program may end, after the engine has: the last call is written
/// down.
#[derive(Debug)]
pub(crate) struct LastWork(Mutex<Option<JoinHandle<()>>>);

impl LastWork {
    /// Work that ends soon after the engine.
    pub(crate) fn new(work: JoinHandle<()>) -> Self {
        Self(Mutex::new(Some(work)))
    }

    async fn done(&self) {
        let work = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work
            && tokio::time::timeout(PATIENCE, work).await.is_err()
        {
            tracing::error!("the last call is not written down");
        }
    }
}

/// A disk that needs longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends the program: the window goes at once, the rest as soon as all is released.
pub(crate) fn end(app: &AppHandle) {
    static ENDING: AtomicBool = AtomicBool::new(false);
    if ENDING.swap(true, Ordering::AcqRel) {
        return;
    }
    if let Some(window) = app.get_webview_window(Role::Main.label())
        && let Err(error) = window.hide()
    {
        tracing::debug!(%error, "the window does not hide");
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Some(desk) = app.try_state::<Arc<Desk>>() {
            desk.stop().await;
        }
        if let Some(work) = app.try_state::<LastWork>() {
            work.done().await;
        }
        app.exit(0);
    });
}

/// Ends the program when the system asks it to.
pub(crate) async fn end_on_signal(app: AppHandle) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut terminate), Ok(mut interrupt)) = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) else {
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    end(&app);
}

/// Brings the window before the user's eyes, as far as the system lets us.
pub(crate) fn raise(window: &WebviewWindow) {
    let raised = window
        .unminimize()
        .and_then(|()| window.show())
        .and_then(|()| window.set_focus());
    if let Err(error) = raised {
        tracing::debug!(%error, "the window does not come up");
    }
}

/// Tells the desk when the main window is hidden or minimised, and when it fills the screen.
#[cfg(target_os = "linux")]
pub(crate) fn watch_state(window: &WebviewWindow, desk: Arc<Desk>) -> tauri::Result<()> {
    use gtk::gdk::WindowState;
    use gtk::glib::Propagation;
    use gtk::prelude::WidgetExt;

    window
        .gtk_window()?
        .connect_window_state_event(move |_, event| {
            let state = event.new_window_state();
            desk.full_screen_changed(state.contains(WindowState::FULLSCREEN));
            if let Some(surface) = desk.surface(Role::Main) {
                let unseen = WindowState::ICONIFIED | WindowState::WITHDRAWN;
                surface.set_window_shown(!state.intersects(unseen));
            }
            Propagation::Proceed
        });
    Ok(())
}

/// Tells the desk when the main window is minimised, and when it fills the screen.
#[cfg(not(target_os = "linux"))]
pub(crate) fn watch_state(window: &WebviewWindow, desk: Arc<Desk>) -> tauri::Result<()> {
    let watched = window.clone();
    window.on_window_event(move |event| {
        if !matches!(event, WindowEvent::Resized(_)) {
            return;
        }
        desk.full_screen_changed(watched.is_fullscreen().unwrap_or(false));
        if let Some(surface) = desk.surface(Role::Main) {
            surface.set_window_shown(!watched.is_minimized().unwrap_or(false));
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_shows_our_own_page_only() {
        for (url, ours) in [
            ("tauri://localhost/index.html", true),
            ("http://tauri.localhost/", true),
            ("http://tauri.localhost:81/", false),
            ("https://example.org/", false),
            ("http://localhost/", false),
            ("tauri://elsewhere/", false),
            ("file:///etc/passwd", false),
            ("data:text/html,x", false),
            ("about:blank", false),
        ] {
            assert_eq!(is_ours(&url.parse().unwrap()), ours, "{url}");
        }
    }
}
