//! What the commands and the view pump work on: the engine, what is remembered, and the part of
//! the view that is not the engine's. One [`Desk`] per program, shared by all of its tasks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use engine::command::{Command, DeviceRole};
use engine::view::EngineView;
use engine::{Config, Ended, Engine, PictureFeed};
use headless::compose;
use identity::{Address, Identity};
use store::{HistoryEntry, HistoryPeer, Settings, Store, StoreError};
use tauri::ipc::Channel;
use tokio::sync::{RwLock, broadcast, watch};

use crate::error::{ErrorCode, UiError};
use crate::exchange::Exchange;
use crate::me::me;
use crate::options::Options;
use crate::picture::PictureSurface;
use crate::place::Place;
use crate::understand::{Understood, understand};
use crate::view::{Me, UiPush};
use crate::window::Role;

/// Owns the engine and the store. Nothing here decides about calls.
pub(crate) struct Desk {
    options: Options,
    identity: Arc<Identity>,
    address: Address,
    store: Mutex<Store>,
    /// `None` once the program ends.
    engine: RwLock<Option<Engine>>,
    views: watch::Receiver<Arc<EngineView>>,
    transport: Arc<Exchange>,
    rest: watch::Sender<Rest>,
}

/// The part of the view that is not the engine's, and whom to tell.
#[derive(Clone)]
pub(crate) struct Rest {
    pub(crate) settings: Settings,
    pub(crate) me: Me,
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) opened_with: Option<String>,
    /// The open windows.
    pub(crate) panes: BTreeMap<Role, Pane>,
}

/// What belongs to one open window.
#[derive(Clone)]
pub(crate) struct Pane {
    /// How pictures reach it.
    pub(crate) surface: Arc<dyn PictureSurface>,
    /// The page of this moment; a page that was loaded anew subscribes anew.
    pub(crate) page: Option<Channel<UiPush>>,
}

/// The streams of an engine and the calls that end in it.
pub(crate) struct Streams {
    pub(crate) remote: PictureFeed,
    pub(crate) local: PictureFeed,
    pub(crate) ended: broadcast::Receiver<Ended>,
}

impl Desk {
    /// Opens what is remembered at `place` and starts the engine. Needs the async runtime.
    ///
    /// # Errors
    /// When the directory cannot be used, or the system has no thread left.
    pub(crate) fn open(options: Options, place: &Place) -> anyhow::Result<(Self, Streams)> {
        let store = Store::open(&place.data)
            .with_context(|| format!("cannot use {}", place.data.display()))?;
        let identity = Arc::new(store.identity());
        let settings = store.settings();
        let config = compose::config(&options.common, &settings, Arc::clone(&identity));
        let me = me_of(&config);
        let mut backends = compose::backends(&options.common, &settings);
        let transport = Arc::new(Exchange::new(backends.transport));
        backends.transport = transport.clone();
        let engine = Engine::start(config, backends).context("cannot start the engine")?;
        let streams = Streams {
            remote: engine.remote_picture(),
            local: engine.local_picture(),
            ended: engine.ended(),
        };
        let rest = Rest {
            me,
            history: newest_first(&store),
            opened_with: options.link.clone(),
            settings,
            panes: BTreeMap::new(),
        };
        let desk = Self {
            address: identity.address(),
            options,
            identity,
            store: Mutex::new(store),
            views: engine.views(),
            transport,
            engine: RwLock::new(Some(engine)),
            rest: watch::Sender::new(rest),
        };
        Ok((desk, streams))
    }

    /// Shows pictures of the window through `surface` from now on.
    pub(crate) fn open_pane(&self, role: Role, surface: Arc<dyn PictureSurface>) {
        let pane = Pane {
            surface,
            page: None,
        };
        self.rest.send_modify(|rest| {
            rest.panes.insert(role, pane);
        });
    }

    /// The window is gone.
    pub(crate) fn close_pane(&self, role: Role) {
        self.rest.send_modify(|rest| {
            rest.panes.remove(&role);
        });
    }

    /// How pictures reach the window, if it is open.
    pub(crate) fn surface(&self, role: Role) -> Option<Arc<dyn PictureSurface>> {
        let rest = self.rest.borrow();
        rest.panes.get(&role).map(|pane| Arc::clone(&pane.surface))
    }

    /// What the engine shows.
    pub(crate) fn views(&self) -> watch::Receiver<Arc<EngineView>> {
        self.views.clone()
    }

    /// What else there is to show.
    pub(crate) fn rest(&self) -> watch::Receiver<Rest> {
        self.rest.subscribe()
    }

    /// How the program was started.
    pub(crate) const fn options(&self) -> &Options {
        &self.options
    }

    /// Tells this page of the window from now on.
    pub(crate) fn subscribe(&self, role: Role, page: Channel<UiPush>) {
        self.rest.send_modify(|rest| {
            if let Some(pane) = rest.panes.get_mut(&role) {
                pane.page = Some(page);
            }
        });
    }

    /// Carries out a wish about calls and devices.
    pub(crate) async fn perform(&self, command: Command) -> Result<(), UiError> {
        let chosen = match &command {
            Command::UseDevice { role, id } => Some((*role, id.clone())),
            Command::Dial { .. } => {
                self.rest.send_modify(|rest| rest.opened_with = None);
                None
            }
            Command::Accept { .. }
            | Command::Decline
            | Command::End
            | Command::Dismiss
            | Command::SetMicrophone { .. }
            | Command::SetCamera { .. }
            | Command::Preview { .. }
            | Command::TestSpeaker => None,
        };
        let engine = self.engine.read().await;
        let engine = engine
            .as_ref()
            .ok_or_else(|| UiError::internal(&"the program ends"))?;
        engine.command(command).await?;
        let Some((role, id)) = chosen else {
            return Ok(());
        };
        let mut settings = self.rest.borrow().settings.clone();
        match role {
            DeviceRole::Camera => settings.camera = id.map(|it| it.0),
            DeviceRole::Microphone => settings.microphone = id.map(|it| it.0),
            DeviceRole::Speaker => settings.speaker = id.map(|it| it.0),
        }
        self.remember(settings)
    }

    /// Takes over changed settings: they apply at once and are kept.
    pub(crate) async fn configure(&self, settings: Settings) -> Result<(), UiError> {
        let settings = settings.validated();
        let servers_changed = self.rest.borrow().settings.ice_servers != settings.ice_servers;
        if servers_changed {
            let backends = compose::backends(&self.options.common, &settings);
            self.transport.replace(backends.transport);
        }
        let config = self.config(&settings);
        if let Some(engine) = &*self.engine.read().await {
            engine.configure(config).await;
        }
        self.remember(settings)
    }

    /// What a text means.
    pub(crate) fn understand(&self, text: &str) -> Understood {
        understand(text, &self.address)
    }

    /// The link to send to people.
    pub(crate) fn link(&self) -> String {
        self.rest.borrow().me.link.clone()
    }

    /// Shows a link that the program was opened with. It is never dialled by itself.
    pub(crate) fn opened_with(&self, link: String) {
        self.rest.send_modify(|rest| rest.opened_with = Some(link));
    }

    /// Keeps a call that is over.
    pub(crate) fn ended(&self, ended: Ended) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let reason = serde_json::to_value(ended.reason).ok();
        let entry = HistoryEntry {
            peer: HistoryPeer {
                address: ended.peer.address,
                name: ended.peer.name,
            },
            at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            outgoing: ended.outgoing,
            reason: reason
                .and_then(|it| it.as_str().map(str::to_owned))
                .unwrap_or_default(),
            lasted_ms: ended.lasted_ms,
        };
        if let Err(error) = self.change_history(|store| store.add(entry)) {
            tracing::warn!(error = error.message, "a call is not in the history");
        }
    }

    /// Forgets all past calls.
    pub(crate) fn clear_history(&self) -> Result<(), UiError> {
        self.change_history(Store::clear_history)
    }

    /// Ends the call and releases everything; a second call does nothing.
    pub(crate) async fn stop(&self) {
        let Some(engine) = self.engine.write().await.take() else {
            return;
        };
        if tokio::time::timeout(PATIENCE, engine.stop()).await.is_err() {
            tracing::error!("the engine did not stop in time");
        }
    }

    fn remember(&self, settings: Settings) -> Result<(), UiError> {
        let saved = self.store().set_settings(settings.clone());
        let me = me_of(&self.config(&settings));
        self.rest.send_modify(|rest| {
            rest.me = me;
            rest.settings = settings;
        });
        saved.map_err(|error| not_saved(&error))
    }

    fn change_history(
        &self,
        change: impl FnOnce(&mut Store) -> Result<(), StoreError>,
    ) -> Result<(), UiError> {
        let mut store = self.store();
        let changed = change(&mut store);
        let history = newest_first(&store);
        drop(store);
        self.rest.send_modify(|rest| rest.history = history);
        changed.map_err(|error| not_saved(&error))
    }

    fn config(&self, settings: &Settings) -> Config {
        compose::config(&self.options.common, settings, Arc::clone(&self.identity))
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // The store is whole between its calls, whatever panicked.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn me_of(config: &Config) -> Me {
    me(&config.identity, &config.name, config.relay.as_deref())
}

fn newest_first(store: &Store) -> Vec<HistoryEntry> {
    store
        .history()
        .iter()
        .rev()
        .take(SHOWN_CALLS)
        .cloned()
        .collect()
}

fn not_saved(error: &StoreError) -> UiError {
    UiError::new(ErrorCode::SettingsNotSaved, error)
}

/// As many past calls as anybody scrolls through; the view is pushed whole, so it stays small.
const SHOWN_CALLS: usize = 50;

/// How long the end of the program waits for the engine: its own promise is one second.
const PATIENCE: Duration = Duration::from_secs(3);
