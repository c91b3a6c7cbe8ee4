//! The engine's handle: commands in, views and pictures out.

use std::net::SocketAddr;
use std::sync::Arc;

use media::backend::screen::ScreenBackend;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::camera_tap::CameraTap;
use crate::chat::{self, Said};
use crate::command::{Command, CommandError};
use crate::config::{Backends, Config};
use crate::control::{Control, Parts, REQUESTS, Request};
use crate::history::{self, Ended};
use crate::lan::WhoIsThere;
use crate::machine::Machine;
use crate::picture::PictureFeed;
use crate::view::EngineView;

/// A running engine. Needs a tokio runtime. Dropping it stops everything; [`Engine::stop`] waits
/// until all is released.
#[derive(Debug)]
pub struct Engine {
    requests: mpsc::Sender<Request>,
    views: watch::Receiver<Arc<EngineView>>,
    ended: broadcast::Sender<Ended>,
    said: broadcast::Sender<Said>,
    local: PictureFeed,
    remote: PictureFeed,
    screen: PictureFeed,
    screens: Arc<dyn ScreenBackend>,
    control: JoinHandle<()>,
}

impl Engine {
    /// Starts an engine.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(config: Config, backends: Backends) -> std::io::Result<Self> {
        Self::start_on(Machine::default(), config, backends)
    }

    /// Starts an engine that runs on this.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start_on(machine: Machine, config: Config, backends: Backends) -> std::io::Result<Self> {
        let (requests, inbox) = mpsc::channel(REQUESTS);
        let (ended, _) = broadcast::channel(history::CAPACITY);
        let (said, _) = broadcast::channel(chat::CAPACITY);
        let (tap, remote) = (CameraTap::default(), PictureFeed::default());
        let (screen, screens) = (PictureFeed::default(), Arc::clone(&backends.screen));
        let local = tap.preview().clone();
        let (control, views) = Control::new(Parts {
            config,
            backends,
            machine,
            requests: inbox,
            ended: ended.clone(),
            said: said.clone(),
            tap,
            remote: remote.clone(),
            screen: screen.clone(),
        })?;
        let control = tokio::spawn(control.run());
        Ok(Self {
            requests,
            views,
            ended,
            said,
            local,
            remote,
            screen,
            screens,
            control,
        })
    }

    /// Carries out a command; what became of it shows in the next view.
    ///
    /// # Errors
    /// When it makes no sense now; nothing has changed then.
    pub async fn command(&self, command: Command) -> Result<(), CommandError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.requests.send(Request::Command(command, answer)).await;
        sent.map_err(|_| CommandError::Stopped)?;
        answered.await.unwrap_or(Err(CommandError::Stopped))
    }

    /// Takes over changed settings.
    pub async fn configure(&self, config: Config) {
        // Fails only when the engine has stopped, and then settings do not matter.
        let _ = self
            .requests
            .send(Request::Configure(Box::new(config)))
            .await;
    }

    /// Who is at one of these places on our networks: one that the user typed. Takes some seconds
    /// where nobody answers.
    pub async fn who_is_at(&self, places: Vec<SocketAddr>) -> WhoIsThere {
        let (answer, answered) = oneshot::channel();
        // Fails only when the engine has stopped, and then nobody is anywhere.
        let _ = self.requests.send(Request::Ask(places, answer)).await;
        answered.await.unwrap_or(WhoIsThere::NotLooking)
    }

    /// What there is to show, now and whenever it changes.
    #[must_use]
    pub fn views(&self) -> watch::Receiver<Arc<EngineView>> {
        self.views.clone()
    }

    /// The calls that end from now on.
    #[must_use]
    pub fn ended(&self) -> broadcast::Receiver<Ended> {
        self.ended.subscribe()
    }

    /// What is said in text from now on, and what becomes of it.
    #[must_use]
    pub fn said(&self) -> broadcast::Receiver<Said> {
        self.said.subscribe()
    }

    /// What our camera sees.
    #[must_use]
    pub fn local_picture(&self) -> PictureFeed {
        self.local.clone()
    }

    /// What the other side shows.
    #[must_use]
    pub fn remote_picture(&self) -> PictureFeed {
        self.remote.clone()
    }

    /// What the other side's screen shows, while they share one.
    #[must_use]
    pub fn screen_picture(&self) -> PictureFeed {
        self.screen.clone()
    }

    /// What there is to share, for a list to choose from; asking it blocks.
    #[must_use]
    pub fn screens(&self) -> Arc<dyn ScreenBackend> {
        Arc::clone(&self.screens)
    }

    /// Ends the call if there is one, and waits until devices, sockets and threads are released.
    pub async fn stop(mut self) {
        let (answer, answered) = oneshot::channel();
        if self.requests.send(Request::Stop(answer)).await.is_ok() {
            // An error means that the control task is gone, and all it owned with it.
            let _ = answered.await;
        }
        if (&mut self.control).await.is_err() {
            tracing::error!("the control task panicked");
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.control.abort();
    }
}
