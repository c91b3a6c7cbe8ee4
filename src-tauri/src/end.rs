//! How the program ends, whoever wants it: the window closes, the system asks, the display goes.
//!
//! Always the same: the call says goodbye and the engine lets go of devices and sockets, then the
//! last call is written down. Ending twice is ending once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use headless::process::EndRequests;
use tauri::{AppHandle, Manager, WebviewWindow, WindowEvent};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::instance::Listener;
use crate::restart;
use crate::role::Role;

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the library of the display tells of its end through a function of C alone"
)]
pub(crate) mod display;

/// Ends the program when the user closes the window.
pub(crate) fn on_close(window: &WebviewWindow) {
    let handle = window.app_handle().clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { api, .. } = event {
            api.prevent_close();
            end(&handle, Then::Exit);
        }
    });
}

/// Ends the program when the system asks for it, or when the terminal goes that it was started in.
pub(crate) async fn on_request(handle: AppHandle) {
    match EndRequests::listen() {
        Ok(mut requests) => requests.next().await,
        Err(error) => return tracing::error!(%error, "signals of the system are not heard"),
    }
    end(&handle, Then::Exit);
}

/// Ends the program, and starts it once more.
pub(crate) fn restart(handle: &AppHandle) {
    end(handle, Then::StartAgain);
}

/// Whether the program is ending.
pub(crate) fn has_begun() -> bool {
    ENDING.load(Ordering::Acquire)
}

static ENDING: AtomicBool = AtomicBool::new(false);

/// What follows the end.
#[derive(Clone, Copy, Debug)]
enum Then {
    Exit,
    StartAgain,
}

/// Ends the program: the window goes at once, the rest as soon as all is released.
fn end(handle: &AppHandle, then: Then) {
    if ENDING.swap(true, Ordering::AcqRel) {
        return;
    }
    if let Some(window) = handle.get_webview_window(Role::Main.label())
        && let Err(error) = window.hide()
    {
        tracing::debug!(%error, "the window does not hide");
    }
    let handle = handle.clone();
    tauri::async_runtime::spawn(async move {
        release(&handle).await;
        match then {
            Then::Exit => {}
            Then::StartAgain => {
                if let Err(error) = restart::again() {
                    tracing::error!(%error, "the program does not start again");
                }
            }
        }
        handle.exit(0);
    });
}

/// Stops listening for second starts, says goodbye, releases devices and sockets, and writes down
/// the last call. Touches no window.
async fn release(handle: &AppHandle) {
    if let Some(listener) = handle.try_state::<Listener>() {
        listener.close();
    }
    if let Some(app) = handle.try_state::<Arc<App>>() {
        app.stop().await;
    }
    if let Some(work) = handle.try_state::<LastWork>() {
        work.done().await;
    }
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
