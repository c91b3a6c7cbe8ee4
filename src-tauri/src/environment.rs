//! What must be decided before GTK starts.

#[cfg(target_os = "linux")]
use std::path::PathBuf;

use crate::options::{Options, PictureWay};

#[cfg(target_os = "linux")]
mod session_bus;

/// Settles what GTK and WebKit read from the environment as they start.
///
/// WebKit's DMABUF renderer is turned off where it only costs: when this window draws its pictures
/// under the page (the page must then be drawn in plain memory), and when the machine has no
/// graphics hardware (there, WebKit would draw by a software GL at a multiple of the cost). Whoever
/// sets `WEBKIT_DISABLE_DMABUF_RENDERER` decides for himself.
///
/// A session bus that does not answer is left out, with one line in the log: GTK would wait for it.
/// That holds for the usual one too, where GTK looks when the environment names none.
///
/// Must run before GTK starts and before any thread does, because it changes the environment.
#[cfg_attr(
    target_os = "linux",
    expect(
        unsafe_code,
        reason = "the environment can only be changed by an unsafe call"
    )
)]
pub fn prepare_environment(options: &Options) {
    #[cfg(target_os = "linux")]
    {
        let native = options.picture != Some(PictureWay::Webview);
        if std::env::var_os(DMABUF_OFF).is_none() && (native || !has_graphics_hardware()) {
            // SAFETY: `main` calls this first; no other thread reads the environment yet.
            unsafe { std::env::set_var(DMABUF_OFF, "1") };
        }
        let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let named = std::env::var_os(SESSION_BUS).map(|it| it.to_string_lossy().into_owned());
        let bus = named
            .clone()
            .or_else(|| session_bus::usual(runtime_dir.as_deref()?));
        let Some(bus) = bus else { return };
        let used = match session_bus::working(&bus, runtime_dir.as_deref()) {
            Ok(used) => used,
            Err(fault) => {
                tracing::warn!(
                    fault,
                    "there is no session bus: no notifications, no screen reader"
                );
                "disabled:"
            }
        };
        if used != bus {
            // SAFETY: as above.
            unsafe { std::env::set_var(SESSION_BUS, used) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (options, PictureWay::Webview);
}

#[cfg(target_os = "linux")]
const DMABUF_OFF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

#[cfg(target_os = "linux")]
const SESSION_BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// A render node is what every driver with hardware behind it offers.
#[cfg(target_os = "linux")]
fn has_graphics_hardware() -> bool {
    let Ok(nodes) = std::fs::read_dir("/dev/dri") else {
        return false;
    };
    nodes
        .flatten()
        .any(|it| it.file_name().to_string_lossy().starts_with("renderD"))
}
