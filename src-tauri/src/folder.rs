//! A folder in the system's file manager.

use std::path::PathBuf;

use tauri::WebviewWindow;
use tokio::sync::oneshot;

use crate::error::{ErrorCode, UiError};

/// Shows what is in a folder.
///
/// # Errors
/// When nothing here shows folders, or the program ends.
pub(crate) async fn show(window: &WebviewWindow, folder: PathBuf) -> Result<(), UiError> {
    let (done, waiting) = oneshot::channel();
    // Toolkits want this on the main thread.
    let asked = window.run_on_main_thread(move || {
        // Nobody waits any more when the page is gone.
        let _ = done.send(open(&folder));
    });
    asked.map_err(|error| UiError::internal(&error))?;
    waiting.await.map_err(|error| UiError::internal(&error))?
}

#[cfg(target_os = "linux")]
fn open(folder: &std::path::Path) -> Result<(), UiError> {
    use gtk::gio::prelude::FileExt;
    let uri = gtk::gio::File::for_path(folder).uri();
    let shown = gtk::show_uri_on_window(None::<&gtk::Window>, &uri, gtk::current_event_time());
    shown.map_err(|error| UiError::new(ErrorCode::NotShown, &error))
}

#[cfg(not(target_os = "linux"))]
fn open(folder: &std::path::Path) -> Result<(), UiError> {
    let program = if cfg!(windows) { "explorer" } else { "open" };
    let started = std::process::Command::new(program).arg(folder).spawn();
    started
        .map(|_| ())
        .map_err(|error| UiError::new(ErrorCode::NotShown, &error))
}
