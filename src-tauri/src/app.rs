//! What the commands and the view pump work on: the engine, what is remembered, and the part of
//! the view that is not the engine's. One [`App`] per program, shared by all of its tasks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use engine::command::{Command, DeviceRole};
use engine::view::EngineView;
use engine::{Config, Engine};
use headless::compose;
use headless::disk::with_store;
use headless::history::Records;
use headless::test_call::Hearing;
use identity::{Address, Identity};
use store::{KnownPeople, Settings, Store, StoreError};
use tauri::ipc::Channel;
use tokio::sync::{RwLock, watch};

use self::places::Asked;
pub(crate) use self::screens::ScreenList;
pub(crate) use self::shell::{OpenWindow, PipWish, ShellState};
use self::test_call::TestCalls;
use crate::answer::Answer;
use crate::error::{ErrorCode, UiError};
use crate::me::me;
use crate::options::Options;
use crate::picture::{Feeds, PictureSurface};
use crate::replaceable::ReplaceableTransport;
use crate::role::Role;
use crate::steer::Steer;
use crate::view::UiPush;

mod examination;
mod history;
mod new_file;
mod people;
mod places;
mod screens;
mod settings;
mod shell;
pub(crate) mod statistics;
mod test_call;
#[cfg(test)]
mod tests;
mod transfer;

/// Owns the engine and the store. Nothing here decides about calls.
pub(crate) struct App {
    options: Options,
    identity: Arc<Identity>,
    address: Address,
    store: Arc<Mutex<Store>>,
    known: KnownPeople,
    /// Held by whoever changes settings until they are kept: no change is built on old ones.
    changing: tokio::sync::Mutex<()>,
    /// Held while the doctor looks.
    examining: tokio::sync::Mutex<()>,
    /// `None` once the program ends.
    engine: RwLock<Option<Engine>>,
    views: watch::Receiver<Arc<EngineView>>,
    transport: Arc<ReplaceableTransport>,
    /// The place that the user typed last.
    asked: Mutex<Option<Asked>>,
    tests: TestCalls,
    shell: watch::Sender<ShellState>,
}

/// What an engine gives beside its views: pictures, and what is to be remembered.
pub(crate) struct Streams {
    pub(crate) feeds: Feeds,
    pub(crate) records: Records,
}

impl App {
    /// Starts the engine with what `store` remembers. Needs the async runtime.
    ///
    /// # Errors
    /// When the system has no thread or no randomness left.
    pub(crate) fn start(options: Options, store: Store) -> anyhow::Result<(Self, Streams)> {
        let identity = Arc::new(store.identity());
        let settings = store.settings();
        let known = store.known_people();
        let config = compose::config(
            &options.common,
            &settings,
            Arc::clone(&identity),
            known.clone(),
        );
        let me = me(&config, &[]);
        let mut backends = compose::backends(&options.common, &settings);
        let transport = Arc::new(ReplaceableTransport::new(backends.transport));
        backends.transport = transport.clone();
        let (audio, hearing) = Hearing::at(backends.audio);
        backends.audio = audio;
        let tester = Identity::generate().context("cannot make a key")?;
        let tests = TestCalls::new(tester, hearing);
        let engine = Engine::start(config, backends).context("cannot start the engine")?;
        let streams = Streams {
            feeds: Feeds {
                remote: engine.remote_picture(),
                local: engine.local_picture(),
                screen: engine.screen_picture(),
            },
            records: Records::of(&engine),
        };
        let shell = ShellState {
            me,
            history: history::newest_first(&store),
            people: store.people().to_vec(),
            key_place: store.key_place(),
            opened_with: options.link.clone(),
            settings,
            full_screen: false,
            minimized: false,
            pip: PipWish::default(),
            windows: BTreeMap::new(),
        };
        let app = Self {
            address: identity.address(),
            options,
            identity,
            store: Arc::new(Mutex::new(store)),
            known,
            changing: tokio::sync::Mutex::default(),
            examining: tokio::sync::Mutex::default(),
            views: engine.views(),
            transport,
            asked: Mutex::default(),
            tests,
            engine: RwLock::new(Some(engine)),
            shell: watch::Sender::new(shell),
        };
        Ok((app, streams))
    }

    /// A window is open, and shows pictures through `surface`.
    pub(crate) fn window_opened(&self, role: Role, surface: Arc<dyn PictureSurface>) {
        let window = OpenWindow {
            surface,
            page: None,
        };
        self.shell.send_modify(|shell| {
            shell.windows.insert(role, window);
        });
    }

    /// The window is gone.
    pub(crate) fn window_closed(&self, role: Role) {
        self.shell.send_modify(|shell| {
            shell.windows.remove(&role);
        });
    }

    /// The main window fills the screen from now on, or does not any more; the user may have
    /// asked the system for it.
    pub(crate) fn full_screen_changed(&self, full: bool) {
        self.shell
            .send_if_modified(|shell| std::mem::replace(&mut shell.full_screen, full) != full);
    }

    /// The main window is minimised from now on, or is not any more.
    pub(crate) fn minimized_changed(&self, minimized: bool) {
        self.shell.send_if_modified(|shell| {
            std::mem::replace(&mut shell.minimized, minimized) != minimized
        });
    }

    /// The running call is to be seen in a small window from now on, or is not.
    pub(crate) fn wish_pip(&self, wish: PipWish) {
        self.shell
            .send_if_modified(|shell| std::mem::replace(&mut shell.pip, wish) != wish);
    }

    /// How pictures reach the window, if it is open.
    pub(crate) fn surface(&self, role: Role) -> Option<Arc<dyn PictureSurface>> {
        let shell = self.shell.borrow();
        let window = shell.windows.get(&role)?;
        Some(Arc::clone(&window.surface))
    }

    /// What the engine shows.
    pub(crate) fn views(&self) -> watch::Receiver<Arc<EngineView>> {
        self.views.clone()
    }

    /// What else there is to show.
    pub(crate) fn shell(&self) -> watch::Receiver<ShellState> {
        self.shell.subscribe()
    }

    /// How the program was started.
    pub(crate) const fn options(&self) -> &Options {
        &self.options
    }

    /// Pushes views to this page of the window from now on.
    pub(crate) fn subscribe(&self, role: Role, page: Channel<UiPush>) {
        self.shell.send_modify(|shell| {
            if let Some(window) = shell.windows.get_mut(&role) {
                window.page = Some(page);
            }
        });
    }

    /// Hands a command to the engine, and keeps what it chooses for the next start.
    pub(crate) async fn perform(&self, command: Command) -> Result<(), UiError> {
        let chosen = match &command {
            Command::UseDevice { role, id } => Some((*role, id.clone())),
            Command::Dial { .. } => {
                self.link_shown();
                None
            }
            Command::Accept { .. }
            | Command::Decline
            | Command::End
            | Command::Resume { .. }
            | Command::Dismiss
            | Command::SetMicrophone { .. }
            | Command::SetCamera { .. }
            | Command::Say { .. }
            | Command::Typing
            | Command::ReadChat { .. }
            | Command::Preview { .. }
            | Command::Share { .. }
            | Command::TestSpeaker
            | Command::ReconnectRelay
            | Command::Record { .. }
            | Command::Fault { .. } => None,
        };
        self.command(command).await?;
        match chosen {
            Some((role, id)) => self.keep_device(role, id).await,
            None => Ok(()),
        }
    }

    /// Answers the call that comes in.
    pub(crate) async fn answer(&self, answer: Answer) -> Result<(), UiError> {
        let command = match answer {
            Answer::Accept { video } => Command::Accept { video },
            Answer::Decline => Command::Decline,
            Answer::RetryCamera => Command::UseDevice {
                role: DeviceRole::Camera,
                id: self.views.borrow().camera.chosen.clone(),
            },
        };
        self.command(command).await
    }

    /// Steers the running call, as far as its small window may.
    pub(crate) async fn steer(&self, steer: Steer) -> Result<(), UiError> {
        let command = match steer {
            Steer::SetMicrophone { live } => Command::SetMicrophone { live },
            Steer::End => Command::End,
        };
        self.command(command).await
    }

    /// Holds the engine no longer than the command takes: the end of the program waits for it.
    async fn command(&self, command: Command) -> Result<(), UiError> {
        let engine = self.engine.read().await;
        let engine = engine
            .as_ref()
            .ok_or_else(|| UiError::internal(&"the program ends"))?;
        Ok(engine.command(command).await?)
    }

    /// The link to send to people.
    pub(crate) fn link(&self) -> String {
        self.shell.borrow().me.link.clone()
    }

    /// Shows a link that the program was opened with. It is never dialled by itself.
    pub(crate) fn opened_with(&self, link: String) {
        self.shell
            .send_modify(|shell| shell.opened_with = Some(link));
    }

    /// The page took over what the program was opened with.
    pub(crate) fn link_shown(&self) {
        self.shell.send_modify(|shell| shell.opened_with = None);
    }

    /// Ends the call and releases everything; a second call does nothing.
    pub(crate) async fn stop(&self) {
        let Some(engine) = self.engine.write().await.take() else {
            return;
        };
        if tokio::time::timeout(PATIENCE, engine.stop()).await.is_err() {
            tracing::error!("the engine did not stop in time");
        }
        if tokio::time::timeout(PATIENCE, self.stop_test_peer())
            .await
            .is_err()
        {
            tracing::error!("the other side of a test call did not stop in time");
        }
    }

    /// Works on what is remembered, on a thread that may wait for the disk. A failure that has no
    /// code of its own gets this one.
    async fn keep<T: Send + 'static>(
        &self,
        code: ErrorCode,
        change: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, UiError> {
        match with_store(&self.store, change).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(UiError::new(ErrorCode::of(&error).unwrap_or(code), &error)),
            Err(error) => Err(UiError::internal(&error)),
        }
    }

    fn config(&self, settings: &Settings) -> Config {
        compose::config(
            &self.options.common,
            settings,
            Arc::clone(&self.identity),
            self.known.clone(),
        )
    }
}

/// How long the end of the program waits for the engine: its own promise is one second.
const PATIENCE: Duration = Duration::from_secs(3);
