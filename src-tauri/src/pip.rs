//! Picture in picture: the running call in a small window before all others, while the main window
//! is out of sight.

use std::sync::Arc;
use std::time::Duration;

use call::view::CallView;
use engine::PictureFeed;
use tauri::WindowEvent;

use crate::app::PipWish;
use crate::small::{Place, Shape, SmallWindow};

/// Shows the running call in small, whenever that is wanted.
pub(crate) struct PictureInPicture {
    pub(crate) window: SmallWindow,
    /// The other side's pictures.
    pub(crate) remote: PictureFeed,
}

impl PictureInPicture {
    /// Works until the engine ends.
    pub(crate) async fn run(self) {
        let mut views = self.window.app.views();
        let mut shell = self.window.app.shell();
        let mut shown = false;
        loop {
            let call = views.borrow_and_update().call.clone();
            let running = matches!(call, CallView::Active { .. });
            let wanted = running && shell.borrow_and_update().wants_pip();
            match (wanted, shown) {
                (true, false) => {
                    // A call that is accepted brings up the main window, which takes a moment.
                    tokio::time::sleep(SETTLE).await;
                    let call = views.borrow_and_update().call.clone();
                    shown = shell.borrow_and_update().wants_pip() && self.open(&call);
                }
                (false, true) => {
                    self.window.close();
                    shown = false;
                }
                (true, true) | (false, false) => {}
            }
            if !running {
                self.window.app.wish_pip(PipWish::default());
            }
            tokio::select! {
                changed = views.changed() => if changed.is_err() { return },
                changed = shell.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Whoever looks at the main window needs no small one, and may want it again the next time.
    pub(crate) fn close_when_main_is_looked_at(&self) {
        let app = Arc::clone(&self.window.app);
        self.window.main.on_window_event(move |event| {
            if matches!(event, WindowEvent::Focused(true)) {
                app.wish_pip(PipWish::default());
            }
        });
    }

    /// Whether the window has opened. One that cannot is not tried again before the main window was
    /// looked at.
    fn open(&self, call: &CallView) -> bool {
        let name = match call {
            CallView::Active { peer, .. } => self.window.app.name_of(peer),
            CallView::Idle
            | CallView::Outgoing { .. }
            | CallView::Incoming { .. }
            | CallView::Ended { .. } => return false,
        };
        let shape = Shape {
            title: &format!("{name} – Tincan"),
            size: SIZE,
            least: Some(LEAST),
            place: Place::Bottom,
        };
        let nothing = PictureFeed::default();
        match self.window.open(&shape, self.remote.clone(), nothing) {
            Ok(window) => {
                let app = Arc::clone(&self.window.app);
                window.on_window_event(move |event| {
                    if let WindowEvent::CloseRequested { api, .. } = event {
                        api.prevent_close();
                        app.wish_pip(PipWish::Closed);
                    }
                });
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the running call does not show in small");
                self.window.app.wish_pip(PipWish::Closed);
                false
            }
        }
    }
}

/// Width and height, logical pixels: what the other side's picture usually has the shape of.
const SIZE: (f64, f64) = (352.0, 198.0);

/// Its buttons have room in this.
const LEAST: (f64, f64) = (240.0, 135.0);

/// Longer than a window manager takes to bring up a window, too short to wait for.
const SETTLE: Duration = Duration::from_millis(300);
