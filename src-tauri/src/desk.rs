//! What the commands and the view pump work on: the engine, what is remembered, and the part of
//! the view that is not the engine's. One [`Desk`] per program, shared by all of its tasks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use engine::command::{Command, DeviceRole};
use engine::view::EngineView;
use engine::{Config, Ended, Engine, PictureFeed};
use headless::compose;
use identity::{Address, Identity};
use serde_json::{Map, Value};
use store::{HistoryEntry, HistoryPeer, Settings, Store, StoreError};
use tauri::ipc::Channel;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{RwLock, broadcast, watch};
use tokio::task::spawn_blocking;

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
    store: Arc<Mutex<Store>>,
    /// Whoever changes settings holds it until they are kept: no change is built on old ones.
    changing: tokio::sync::Mutex<()>,
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
    /// Whether the main window fills the screen.
    pub(crate) full_screen: bool,
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
            full_screen: false,
            panes: BTreeMap::new(),
        };
        let desk = Self {
            address: identity.address(),
            options,
            identity,
            store: Arc::new(Mutex::new(store)),
            changing: tokio::sync::Mutex::default(),
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

    /// The main window fills the screen from now on, or does not any more; the user may have
    /// asked the system for it.
    pub(crate) fn full_screen_changed(&self, full: bool) {
        self.rest
            .send_if_modified(|rest| std::mem::replace(&mut rest.full_screen, full) != full);
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
            | Command::TestSpeaker
            | Command::ReconnectRelay => None,
        };
        self.command(command).await?;
        let Some((role, id)) = chosen else {
            return Ok(());
        };
        let _changing = self.changing.lock().await;
        let mut settings = self.rest.borrow().settings.clone();
        match role {
            DeviceRole::Camera => settings.camera = id.map(|it| it.0),
            DeviceRole::Microphone => settings.microphone = id.map(|it| it.0),
            DeviceRole::Speaker => settings.speaker = id.map(|it| it.0),
        }
        self.remember(settings).await
    }

    /// Hands a command to the engine, and holds it no longer than that: the end waits for it.
    async fn command(&self, command: Command) -> Result<(), UiError> {
        let engine = self.engine.read().await;
        let engine = engine
            .as_ref()
            .ok_or_else(|| UiError::internal(&"the program ends"))?;
        Ok(engine.command(command).await?)
    }

    /// Takes over the settings in `change` and keeps them. The relay, the name and devices apply
    /// at once; how long it rings, how much is sent and over which servers with the next call.
    pub(crate) async fn configure(&self, change: Map<String, Value>) -> Result<(), UiError> {
        let _changing = self.changing.lock().await;
        let before = self.rest.borrow().settings.clone();
        let settings = changed(&before, change)?;
        if settings.ice_servers != before.ice_servers {
            let transport = compose::transport(&self.options.common, &settings);
            self.transport.replace(transport);
        }
        let config = self.config(&settings);
        if let Some(engine) = &*self.engine.read().await {
            engine.configure(config).await;
        }
        self.remember(settings).await
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

    /// The page took over what the program was opened with.
    pub(crate) fn link_shown(&self) {
        self.rest.send_modify(|rest| rest.opened_with = None);
    }

    /// Keeps every call that ends from now on, until the engine ends.
    pub(crate) async fn keep_history(&self, mut ended: broadcast::Receiver<Ended>) {
        loop {
            match ended.recv().await {
                Ok(ended) => self.ended(ended).await,
                Err(RecvError::Lagged(calls)) => {
                    tracing::warn!(calls, "calls came faster than they can be written down");
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn ended(&self, ended: Ended) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let reason = serde_json::to_value(ended.reason).ok();
        let entry = HistoryEntry {
            peer: HistoryPeer {
                address: ended.peer.address,
                name: ended.peer.name,
            },
            relay: ended.relay,
            at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            outgoing: ended.outgoing,
            reason: reason
                .and_then(|it| it.as_str().map(str::to_owned))
                .unwrap_or_default(),
            lasted_ms: ended.lasted_ms,
        };
        if let Err(error) = self.change_history(|store| store.add(entry)).await {
            tracing::warn!(error = error.message, "a call is not in the history");
        }
    }

    /// Forgets all past calls.
    pub(crate) async fn clear_history(&self) -> Result<(), UiError> {
        self.change_history(Store::clear_history).await
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

    async fn remember(&self, settings: Settings) -> Result<(), UiError> {
        let me = me_of(&self.config(&settings));
        self.rest.send_modify(|rest| {
            rest.me = me;
            rest.settings = settings.clone();
        });
        self.keep(move |store| store.set_settings(settings)).await
    }

    async fn change_history(
        &self,
        change: impl FnOnce(&mut Store) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), UiError> {
        let rest = self.rest.clone();
        self.keep(move |store| {
            let changed = change(store);
            let history = newest_first(store);
            rest.send_modify(|rest| rest.history = history);
            changed
        })
        .await
    }

    /// Changes what is remembered, on a thread that may wait for the disk.
    async fn keep(
        &self,
        change: impl FnOnce(&mut Store) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), UiError> {
        let store = Arc::clone(&self.store);
        let kept = spawn_blocking(move || {
            // The store is whole between its calls, whatever panicked.
            change(&mut store.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match kept.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(UiError::new(ErrorCode::SettingsNotSaved, &error)),
            Err(error) => Err(UiError::internal(&error)),
        }
    }

    fn config(&self, settings: &Settings) -> Config {
        compose::config(&self.options.common, settings, Arc::clone(&self.identity))
    }
}

/// The settings with these fields replaced, all within their limits.
fn changed(settings: &Settings, change: Map<String, Value>) -> Result<Settings, UiError> {
    let merged = serde_json::to_value(settings).and_then(|mut fields| {
        for (name, value) in change {
            fields[name] = value;
        }
        serde_json::from_value(fields)
    });
    let settings: Settings = merged.map_err(|error| UiError::internal(&error))?;
    Ok(settings.validated())
}

fn me_of(config: &Config) -> Me {
    me(&config.identity, &config.name, config.relay.as_deref())
}

fn newest_first(store: &Store) -> Vec<HistoryEntry> {
    let mut history = store.history().to_vec();
    store::keep(&mut history, SHOWN_CALLS);
    history.reverse();
    history
}

/// As many past calls as anybody scrolls through; the view is pushed whole, so it stays small.
const SHOWN_CALLS: usize = 50;

/// How long the end of the program waits for the engine: its own promise is one second.
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;
    use media::backend::device::DeviceId;
    use serde_json::json;

    use super::*;

    fn change(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    #[test]
    fn a_change_leaves_all_other_settings_alone() {
        let before = Settings {
            name: "Ada".to_owned(),
            relay: "wss://relay.example/v1".to_owned(),
            ..Settings::default()
        };
        let after = changed(&before, change(json!({ "maxSendKbps": 5 }))).unwrap();
        assert_eq!((after.name, after.relay), (before.name, before.relay));
        assert_eq!(after.max_send_kbps, 100);
    }

    /// A desk in `dir` that touches no device.
    fn desk(dir: &Path) -> Desk {
        let line = "x --camera none --microphone none --speaker none";
        let options = Options::try_parse_from(line.split(' ')).unwrap();
        let place = Place {
            data: dir.join("data"),
            webview: dir.join("webview"),
            instance: String::new(),
        };
        Desk::open(options, &place).unwrap().0
    }

    #[tokio::test]
    async fn the_end_does_not_wait_for_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let desk = Arc::new(desk(dir.path()));
        let (locked, is_locked) = std::sync::mpsc::channel();
        let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
        let store = Arc::clone(&desk.store);
        let slow_disk = std::thread::spawn(move || {
            let _store = store.lock().unwrap();
            locked.send(()).unwrap();
            goes_on.recv().unwrap();
        });
        is_locked.recv().unwrap();
        let choosing = tokio::spawn({
            let desk = Arc::clone(&desk);
            let use_device = Command::UseDevice {
                role: DeviceRole::Camera,
                id: Some(DeviceId("cam".to_owned())),
            };
            async move { desk.perform(use_device).await }
        });
        let mut rest = desk.rest();
        let chosen = rest.wait_for(|it| it.settings.camera.is_some());
        drop(chosen.await.unwrap());
        let stopped = tokio::time::timeout(PATIENCE, desk.stop()).await;
        go_on.send(()).unwrap();
        choosing.await.unwrap().unwrap();
        slow_disk.join().unwrap();
        assert!(stopped.is_ok(), "it waits for the disk");
    }

    #[test]
    fn a_change_that_makes_no_sense_is_refused() {
        let refused = changed(
            &Settings::default(),
            change(json!({ "ringSeconds": "long" })),
        );
        assert_eq!(refused.unwrap_err().code, ErrorCode::Internal);
    }
}
