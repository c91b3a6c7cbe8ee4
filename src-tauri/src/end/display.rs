//! The display goes away while the program runs: the session ends, the X server dies.
//!
//! Xlib tells of it in the middle of some call on the main thread, and ends the process when its
//! handler returns; GTK's own handler ends it at once. Ours takes its place, and lets the runtime's
//! threads end the call first. On Wayland there is no such handler: GTK ends the process at once,
//! and the other side finds out by silence.

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use tauri::AppHandle;

/// Ends the program as closing it does when the X server goes. Called once, on the main thread,
/// when GTK runs: it sets its own handler as it starts.
pub(crate) fn end_when_it_goes(handle: &AppHandle) {
    if HANDLE.set(handle.clone()).is_ok() {
        // SAFETY: the handler has the type that Xlib calls, and lives as long as the program.
        unsafe { XSetIOErrorHandler(Some(gone)) };
    }
}

/// Runs where Xlib stands, mostly on the main thread, which never comes back from here. Nothing in
/// it may touch a window or wait for that thread.
extern "C" fn gone(_display: *mut c_void) -> c_int {
    // Each connection to the display tells of its own end, on the thread that uses it.
    if super::ENDING.swap(true, Ordering::AcqRel) {
        std::thread::sleep(PATIENCE);
        // SAFETY: as below.
        unsafe { _exit(1) }
    }
    tracing::error!("the display is gone, so Tincan ends");
    if let Some(handle) = HANDLE.get() {
        let (done, waiting) = mpsc::channel();
        tauri::async_runtime::spawn(async move {
            super::release(handle).await;
            // Nobody waits any more when that took too long.
            let _ = done.send(());
        });
        if waiting.recv_timeout(PATIENCE).is_err() {
            tracing::error!("the end took too long");
        }
    }
    // SAFETY: it ends the process. What runs at an ordinary exit would speak to the display.
    unsafe { _exit(1) }
}

static HANDLE: OnceLock<AppHandle> = OnceLock::new();

/// More than the parts of the end take together.
const PATIENCE: Duration = Duration::from_secs(6);

#[link(name = "X11")]
unsafe extern "C" {
    fn XSetIOErrorHandler(
        handler: Option<extern "C" fn(*mut c_void) -> c_int>,
    ) -> Option<extern "C" fn(*mut c_void) -> c_int>;
}

unsafe extern "C" {
    fn _exit(status: c_int) -> !;
}
