//! Tells the user that somebody calls: a small window before all others, and the task bar.
//!
//! A main window that has the focus shows the call itself, and no second window comes up.

use call::view::CallView;
use engine::PictureFeed;
use tauri::{UserAttentionType, WebviewWindow};

use crate::small::{Place, Shape, SmallWindow};
use crate::window;

/// Announces incoming calls, for as long as each rings.
pub(crate) struct Announcer {
    pub(crate) window: SmallWindow,
    /// Our own pictures.
    pub(crate) local: PictureFeed,
}

impl Announcer {
    /// Announces until the engine ends. An accepted call brings up the main window.
    pub(crate) async fn run(self) {
        let mut views = self.window.app.views();
        let mut rang = false;
        loop {
            let call = views.borrow_and_update().call.clone();
            let rings = matches!(call, CallView::Incoming { .. });
            match (call, rang) {
                (CallView::Incoming { peer, known, .. }, false) => {
                    self.announce(&self.window.app.name_of(&peer), known);
                }
                (CallView::Incoming { .. }, true) | (_, false) => {}
                (call, true) => self.over(&call),
            }
            rang = rings;
            if views.changed().await.is_err() {
                return;
            }
        }
    }

    fn announce(&self, name: &str, known: bool) {
        if self.window.main.is_focused().unwrap_or(false) {
            return;
        }
        ask(&self.window.main, Some(UserAttentionType::Critical));
        if let Err(error) = self.open(title(name), known) {
            tracing::warn!(%error, "the call shows in the main window only");
            window::raise(&self.window.main);
        }
    }

    fn over(&self, call: &CallView) {
        ask(&self.window.main, None);
        self.window.close();
        if matches!(call, CallView::Active { .. }) {
            window::raise(&self.window.main);
        }
    }

    fn open(&self, title: &str, known: bool) -> anyhow::Result<()> {
        let height = if known { HEIGHT } else { STRANGER_HEIGHT };
        let shape = Shape {
            title,
            size: (WIDTH, height),
            least: None,
            place: Place::Middle,
        };
        let nothing = PictureFeed::default();
        self.window.open(&shape, nothing, self.local.clone())?;
        Ok(())
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

/// For somebody whom the user does not know no camera opens, and there is no preview.
const STRANGER_HEIGHT: f64 = 500.0;
