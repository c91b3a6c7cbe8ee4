//! The engine's handle: commands in, views and pictures out.

use std::sync::Arc;
use std::time::Instant;

use call::id::Peer;
use call::reason::EndReason;
use call::view::CallView;
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::camera::Eye;
use crate::command::Command;
use crate::config::{Backends, Config};
use crate::control::Control;
use crate::event::Event;
use crate::picture::PictureFeed;
use crate::view::EngineView;

/// A running engine. Needs a tokio runtime. Dropping it stops everything; [`Engine::stop`] waits
/// until all is released.
#[derive(Debug)]
pub struct Engine {
    events: mpsc::Sender<Event>,
    views: watch::Receiver<Arc<EngineView>>,
    ended: broadcast::Sender<Ended>,
    local: PictureFeed,
    remote: PictureFeed,
    control: JoinHandle<()>,
}

/// A call that is over, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// With whom.
    pub peer: Peer,
    /// The relay that the link named by which we called them.
    pub relay: Option<String>,
    /// Who had called.
    pub outgoing: bool,
    /// Why it ended.
    pub reason: EndReason,
    /// How long media flowed, milliseconds; `None` when it never did.
    pub lasted_ms: Option<u64>,
}

/// Why a command is not carried out.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CommandError {
    /// What was typed is no address and no invite link.
    #[error("not an address or invite link: {0}")]
    BadAddress(String),
    /// That is ourselves.
    #[error("this is your own address")]
    OwnAddress,
    /// There is no relay to call through.
    #[error("no relay is set")]
    NoRelay,
    /// A call is already there.
    #[error("already in a call")]
    AlreadyInCall,
    /// The engine is stopping.
    #[error("the engine has stopped")]
    Stopped,
}

impl Engine {
    /// Starts an engine.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(config: Config, backends: Backends) -> std::io::Result<Self> {
        let epoch = Instant::now();
        let (events, inbox) = mpsc::channel(EVENTS);
        let (ended, _) = broadcast::channel(ENDED);
        let (eye, remote) = (Eye::default(), PictureFeed::default());
        let local = eye.preview.clone();
        let (control, views) = Control::new(crate::control::Parts {
            config,
            backends,
            epoch,
            events: events.clone(),
            ended: ended.clone(),
            eye,
            remote: remote.clone(),
        })?;
        let control = tokio::spawn(control.run(inbox));
        Ok(Self {
            events,
            views,
            ended,
            local,
            remote,
            control,
        })
    }

    /// Carries out a command; what became of it shows in the next view.
    ///
    /// # Errors
    /// When it makes no sense now; nothing has changed then.
    pub async fn command(&self, command: Command) -> Result<(), CommandError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.events.send(Event::Command(command, answer)).await;
        sent.map_err(|_| CommandError::Stopped)?;
        answered.await.unwrap_or(Err(CommandError::Stopped))
    }

    /// Takes over changed settings.
    pub async fn configure(&self, config: Config) {
        // Fails only when the engine has stopped, and then settings do not matter.
        let _ = self.events.send(Event::Configure(Box::new(config))).await;
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

    /// Ends the call if there is one, and waits until devices, sockets and threads are released.
    pub async fn stop(mut self) {
        let (answer, answered) = oneshot::channel();
        if self.events.send(Event::Stop(answer)).await.is_ok() {
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

/// Whether a view shows a call that occupies the phone.
pub(crate) fn is_busy(view: &CallView) -> bool {
    match view {
        CallView::Idle | CallView::Ended { .. } => false,
        CallView::Outgoing { .. } | CallView::Incoming { .. } | CallView::Active { .. } => true,
    }
}

/// The control task is never busy for long; a producer that fills this waits.
const EVENTS: usize = 256;

/// Finished calls wait here for a store that writes a small file.
const ENDED: usize = 16;
