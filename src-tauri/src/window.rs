//! The windows, and the main one: how it opens, comes up, and whether it can be seen.

use std::path::Path;
use std::sync::Arc;

use tauri::webview::NewWindowResponse;
use tauri::{Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Wry};

use crate::app::App;
use crate::profile::Profile;
use crate::role::Role;

/// Opens the main window; `name` is that of its profile.
///
/// # Errors
/// When the system cannot show one.
pub(crate) fn open(
    tauri: &tauri::App,
    profile: &Profile,
    name: Option<&str>,
) -> tauri::Result<WebviewWindow> {
    let title = name.map_or_else(|| "Tincan".to_owned(), |it| format!("Tincan – {it}"));
    builder(tauri, Role::Main, &profile.webview)
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

/// Tells the app when the main window is hidden or minimised, and when it fills the screen.
#[cfg(target_os = "linux")]
pub(crate) fn watch_state(window: &WebviewWindow, app: Arc<App>) -> tauri::Result<()> {
    use gtk::gdk::WindowState;
    use gtk::glib::Propagation;
    use gtk::prelude::WidgetExt;

    window
        .gtk_window()?
        .connect_window_state_event(move |_, event| {
            let state = event.new_window_state();
            app.full_screen_changed(state.contains(WindowState::FULLSCREEN));
            app.minimized_changed(state.contains(WindowState::ICONIFIED));
            if let Some(surface) = app.surface(Role::Main) {
                let unseen = WindowState::ICONIFIED | WindowState::WITHDRAWN;
                surface.set_window_shown(!state.intersects(unseen));
            }
            Propagation::Proceed
        });
    Ok(())
}

/// Tells the app when the main window is minimised, and when it fills the screen.
#[cfg(not(target_os = "linux"))]
pub(crate) fn watch_state(window: &WebviewWindow, app: Arc<App>) -> tauri::Result<()> {
    let watched = window.clone();
    window.on_window_event(move |event| {
        if !matches!(event, tauri::WindowEvent::Resized(_)) {
            return;
        }
        app.full_screen_changed(watched.is_fullscreen().unwrap_or(false));
        let minimized = watched.is_minimized().unwrap_or(false);
        app.minimized_changed(minimized);
        if let Some(surface) = app.surface(Role::Main) {
            surface.set_window_shown(!minimized);
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
