//! The handle to a link.

use std::sync::Arc;

use bytes::Bytes;
use identity::{Address, Identity, RelayUrlError};
use signal_wire::{CallNumber, MessageId, Payload, PayloadTooLarge};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::Config;
use crate::connect::Connector;
use crate::driver::{Command, Driver};
use crate::event::{LinkEvent, LinkState};
use crate::outbox::{self, Outgoing};

/// One link to one relay. Dropping it ends the connection; [`Link::close`] also waits until what
/// was sent before has gone out.
///
/// ```
/// use std::sync::Arc;
///
/// use identity::Identity;
/// use signal_client::{Config, Link, LinkEvent, LinkState, Problem, Reach};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let me = Arc::new(Identity::generate()?);
/// // An invite names this relay: a stranger's word, and no encryption.
/// let config = Config { reach: Reach::EncryptedOrNearby, ..Config::default() };
/// let (link, mut events) = Link::connect_with("ws://203.0.113.9:4080", me, config)?;
/// let unencrypted = LinkState::Offline(Problem::Unencrypted);
/// assert_eq!(events.recv().await, Some(LinkEvent::State(unencrypted)));
/// link.close().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Link {
    commands: mpsc::Sender<Command>,
    /// One permit for each message that may be on its way.
    permits: Arc<Semaphore>,
    urgent: watch::Sender<bool>,
    state: watch::Receiver<LinkState>,
    stop: DropGuard,
    task: JoinHandle<()>,
}

/// Why a message is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It is too large.
    #[error(transparent)]
    TooLarge(#[from] PayloadTooLarge),
    /// Too many messages are on their way already.
    #[error("too many messages are on their way")]
    Full,
    /// The link has stopped.
    #[error("the link has stopped")]
    Closed,
}

impl Link {
    /// The most messages on their way to the relay at a time.
    pub const CAPACITY: usize = outbox::CAPACITY;
    /// The most events that wait to be taken.
    pub const EVENTS: usize = 64;

    /// Starts a link to the relay at this URL (`ws://…` or `wss://…`; without a path it is
    /// [`signal_wire::PATH`]) and returns at once. Needs a Tokio runtime around it.
    ///
    /// With it come its events, in order. At most [`EVENTS`](Self::EVENTS) wait to be taken; then
    /// the link stops reading, and the relay ends the connection of a client that does not read.
    ///
    /// # Errors
    /// When the URL cannot be that of a relay.
    pub fn connect(
        url: &str,
        identity: Arc<Identity>,
    ) -> Result<(Self, mpsc::Receiver<LinkEvent>), RelayUrlError> {
        Self::connect_with(url, identity, Config::default())
    }

    /// [`Link::connect`] with more to say about it: where it may go, and when it does what.
    ///
    /// # Errors
    /// When the URL cannot be that of a relay.
    pub fn connect_with(
        url: &str,
        identity: Arc<Identity>,
        config: Config,
    ) -> Result<(Self, mpsc::Receiver<LinkEvent>), RelayUrlError> {
        let timing = config.timing;
        let connector = Connector::new(url, identity, config)?;
        let (command_sender, commands) = mpsc::channel(Self::CAPACITY + SPARE_COMMANDS);
        let (urgent, wanted) = watch::channel(false);
        let (event_sender, events) = mpsc::channel(Self::EVENTS);
        let (state_sender, state) = watch::channel(LinkState::Connecting);
        let stop = CancellationToken::new();
        let driver = Driver::new(
            connector,
            timing,
            commands,
            wanted,
            event_sender,
            state_sender,
        );
        let link = Self {
            commands: command_sender,
            permits: Arc::new(Semaphore::new(Self::CAPACITY)),
            urgent,
            state,
            task: tokio::spawn(driver.run(stop.clone())),
            stop: stop.drop_guard(),
        };
        Ok((link, events))
    }

    /// Sends a message, now or as soon as the relay is there; never waits. What becomes of it:
    /// nothing more is heard, or [`LinkEvent::NotHere`], or [`LinkEvent::Expired`].
    ///
    /// # Errors
    /// When it is too large, when [`Link::CAPACITY`] messages are on their way already, or when
    /// the link has stopped.
    pub fn send(&self, to: Address, payload: Bytes) -> Result<(), SendError> {
        let payload = Payload::new(payload)?;
        let permit = Arc::clone(&self.permits)
            .try_acquire_owned()
            .map_err(|_| SendError::Full)?;
        let id = getrandom::u64().map_err(|_| SendError::Closed)?;
        let message = Outgoing {
            id: MessageId(id.to_be_bytes()),
            to,
            payload,
            since: Instant::now(),
            _permit: permit,
        };
        self.command(Command::Send(message))
    }

    /// Asks the relay for access to a room for a call with somebody, now or as soon as the relay is
    /// there, and again on every new connection until there is an answer. That is
    /// [`LinkEvent::Access`] once the other party has asked too, or [`LinkEvent::NoAccess`], which
    /// is also the answer where the relay is not there for
    /// [`Timing::access`](crate::Timing::access); an ask that a connection was lost with waits for
    /// [`Timing::keep`](crate::Timing::keep).
    ///
    /// # Errors
    /// When the queue to the task is full, or the link has stopped.
    pub fn ask_access(&self, call: CallNumber, with: Address) -> Result<(), SendError> {
        self.command(Command::AskAccess { call, with })
    }

    /// Tells the relay that the call is over here, or needs no room: waits for no answer any more, and
    /// has the room deleted.
    ///
    /// # Errors
    /// When the queue to the task is full, or the link has stopped.
    pub fn release_access(&self, call: CallNumber) -> Result<(), SendError> {
        self.command(Command::ReleaseAccess { call })
    }

    fn command(&self, command: Command) -> Result<(), SendError> {
        self.commands.try_send(command).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => SendError::Full,
            mpsc::error::TrySendError::Closed(_) => SendError::Closed,
        })
    }

    /// How many more messages would be taken now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.permits.available_permits()
    }

    /// The state of this moment and every later one.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Tries at once if offline, also after a problem that is final; if online makes sure within
    /// [`Timing::probe`](crate::Timing::probe) that the connection still works. Does nothing when the queue to the task
    /// is full: then it has not even begun with what it was asked before.
    pub fn reconnect(&self) {
        let _taken: Result<(), _> = self.commands.try_send(Command::Reconnect);
    }

    /// Makes sure that the connection still works, because the network changed or something else
    /// fell silent: a connection from an address that this machine no longer has is made anew at
    /// once, one that does not answer within [`Timing::probe`](crate::Timing::probe) counts as dead,
    /// and a pause or an attempt to connect ends in a new attempt. A link that stopped, for a problem
    /// that is final or by [`disconnect`](Self::disconnect), stays so. Does nothing when the queue to
    /// the task is full, as [`reconnect`](Self::reconnect).
    pub fn probe(&self) {
        let _taken: Result<(), _> = self.commands.try_send(Command::Probe);
    }

    /// Says whether somebody waits for the link: while so, no pause before an attempt is longer than
    /// [`Timing::urgent_retry`](crate::Timing::urgent_retry), one that has begun included.
    pub fn set_urgent(&self, is_urgent: bool) {
        self.urgent
            .send_if_modified(|now| std::mem::replace(now, is_urgent) != is_urgent);
    }

    /// Breaks the connection without a word to the relay, as a network that is lost does, and stays
    /// offline until [`reconnect`](Self::reconnect). Messages wait meanwhile, as long as they are
    /// kept. Does nothing when the queue to the task is full.
    pub fn disconnect(&self) {
        let _taken: Result<(), _> = self.commands.try_send(Command::Disconnect);
    }

    /// Sends what was handed over before, says goodbye to the relay and ends, within
    /// [`Timing::close`](crate::Timing::close).
    pub async fn close(self) {
        let Self {
            commands,
            permits: _,
            urgent: _,
            state: _,
            stop,
            task,
        } = self;
        drop((stop, commands));
        // The task ends by itself; if it panicked there is nothing left to close.
        let _ended: Result<(), _> = task.await;
    }
}

/// Room for other requests beside [`Link::CAPACITY`] messages.
const SPARE_COMMANDS: usize = 16;
