//! The system's clipboard.

use tauri::WebviewWindow;
use tokio::sync::oneshot;

use crate::error::UiError;

/// Puts `text` into the clipboard.
///
/// # Errors
/// When the system has none, or the program ends.
pub(crate) async fn copy(window: &WebviewWindow, text: String) -> Result<(), UiError> {
    let (done, waiting) = oneshot::channel();
    // Toolkits want their clipboard on the main thread.
    let asked = window.run_on_main_thread(move || {
        // Nobody waits any more when the page is gone.
        let _ = done.send(put(&text));
    });
    asked.map_err(|error| UiError::internal(&error))?;
    waiting.await.map_err(|error| UiError::internal(&error))?
}

#[cfg(target_os = "linux")]
fn put(text: &str) -> Result<(), UiError> {
    gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD).set_text(text);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn put(text: &str) -> Result<(), UiError> {
    let set = arboard::Clipboard::new().and_then(|mut it| it.set_text(text));
    set.map_err(|error| UiError::internal(&error))
}
