//! Pictures drawn by the page (on Linux only in the small window and as the fallback): raw pictures
//! over a WebSocket on the loopback interface, which is the cheapest way into a webview by far.
//!
//! Runs on the async runtime; owns the port and the task that serves it. The latest picture wins:
//! nothing queues, and a page that falls behind gets fewer pictures. Nothing is sent for a stream
//! that has no place on the stage, nor while the window is hidden.

use std::sync::{Arc, Mutex, PoisonError};

use engine::Subscription;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::outbox::Shown;
use self::server::{Pictures, Places};
use super::stage::{Fit, Rect, Stage};
use super::{Feeds, PictureSurface, Surface};

mod message;
mod outbox;
mod server;
#[cfg(test)]
mod tests;

/// The surface; dropping it closes the port.
#[derive(Debug)]
pub(crate) struct Webview {
    url: String,
    wanted: Mutex<Wanted>,
    places: watch::Sender<Places>,
    server: JoinHandle<()>,
    _listening: [Subscription; 3],
}

#[derive(Debug)]
struct Wanted {
    stage: Stage,
    window_shown: bool,
}

impl Webview {
    /// Opens the port.
    ///
    /// # Errors
    /// When the system has no port or no randomness left.
    pub(crate) fn start(runtime: &Handle, feeds: Feeds) -> std::io::Result<Self> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(std::io::Error::other)?;
        let token = data_encoding::HEXLOWER.encode(&secret);
        let (listener, address) = server::listen()?;
        let url = format!("ws://{address}/pictures/{token}");
        let (places, shown) = watch::channel(Places::default());
        let (bell, news) = watch::channel(0u64);
        let bell = Arc::new(bell);
        let listening = [&feeds.remote, &feeds.local, &feeds.screen].map(|feed| {
            let bell = Arc::clone(&bell);
            feed.subscribe(move || bell.send_modify(|it| *it += 1))
        });
        let newest = watch::Sender::new(0);
        let pictures = Pictures {
            token,
            feeds,
            places: shown,
            news,
            newest,
        };
        let server = runtime.spawn(async move {
            if let Err(error) = server::serve(listener, Arc::new(pictures)).await {
                tracing::error!(%error, "pictures cannot be served");
            }
        });
        let wanted = Mutex::new(Wanted {
            stage: Stage::default(),
            window_shown: true,
        });
        Ok(Self {
            url,
            wanted,
            places,
            server,
            _listening: listening,
        })
    }

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut wanted);
        let places = wanted.places();
        drop(wanted);
        self.places.send_if_modified(|it| {
            let changed = *it != places;
            *it = places;
            changed
        });
    }
}

impl Wanted {
    fn places(&self) -> Places {
        let shown = |place: Option<Rect>, fit| {
            let place = place.filter(|it| it.is_sound() && self.window_shown)?;
            let scale = if self.stage.scale.is_finite() {
                self.stage.scale
            } else {
                1.0
            };
            Some(Shown { place, fit, scale })
        };
        Places {
            remote: shown(self.stage.remote, self.stage.fit),
            local: shown(self.stage.self_view, Fit::Fill),
            screen: shown(self.stage.screen, self.stage.screen_fit),
        }
    }
}

impl PictureSurface for Webview {
    fn kind(&self) -> Surface {
        Surface::Webview
    }

    fn pictures_url(&self) -> Option<String> {
        Some(self.url.clone())
    }

    fn set_stage(&self, stage: Stage) {
        self.change(|wanted| wanted.stage = stage);
    }

    fn set_window_shown(&self, shown: bool) {
        self.change(|wanted| wanted.window_shown = shown);
    }
}

impl Drop for Webview {
    fn drop(&mut self) {
        self.server.abort();
    }
}
