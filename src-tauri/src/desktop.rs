//! Hands something to the desktop: it opens with the system's own program for it.

use tauri::WebviewWindow;
use tokio::sync::oneshot;
use url::Url;

use crate::error::{ErrorCode, UiError};

/// Opens `what`, which the caller has checked.
///
/// # Errors
/// With this code when the system has no program for it; or the program ends.
pub(crate) async fn open(
    window: &WebviewWindow,
    what: Url,
    code: ErrorCode,
) -> Result<(), UiError> {
    let (done, waiting) = oneshot::channel();
    // The toolkit wants it on the main thread.
    let asked = window.run_on_main_thread(move || {
        // Nobody waits any more when the page is gone.
        let _ = done.send(hand_over(what.as_str()));
    });
    asked.map_err(|error| UiError::internal(&error))?;
    let opened = waiting.await.map_err(|error| UiError::internal(&error))?;
    opened.map_err(|why| UiError::new(code, &why))
}

#[cfg(target_os = "linux")]
fn hand_over(what: &str) -> Result<(), String> {
    // No moment of a click: the window manager decides what comes to the front.
    const NOW: u32 = 0;
    gtk::show_uri_on_window(None::<&gtk::Window>, what, NOW).map_err(|error| error.to_string())
}

#[cfg(not(target_os = "linux"))]
fn hand_over(what: &str) -> Result<(), String> {
    let mut opener = if cfg!(target_os = "macos") {
        std::process::Command::new("/usr/bin/open")
    } else {
        // What the Run box does; no shell reads it.
        let mut opener = std::process::Command::new("rundll32.exe");
        opener.arg("url.dll,FileProtocolHandler");
        opener
    };
    let started = opener.arg(what).spawn();
    started.map(drop).map_err(|error| error.to_string())
}
