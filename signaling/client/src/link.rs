//! The handle to a link and its words.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use identity::{Address, Identity, RelayUrlError};
use signal_wire::{MessageId, Payload, PayloadTooLarge};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::actor::{Actor, Command};
use crate::dial::Dialer;
use crate::outbox::{self, Outgoing};
use crate::timing::Timing;

/// One link to one relay. Dropping it ends the connection; [`Link::close`] also waits until what
/// was sent before has gone out.
#[derive(Debug)]
pub struct Link {
    commands: mpsc::Sender<Command>,
    room: Arc<Semaphore>,
    state: watch::Receiver<LinkState>,
    stop: DropGuard,
    task: JoinHandle<()>,
}

/// One thing that happened on a link.
#[derive(Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A message arrived; the relay vouches for the sender.
    Message {
        /// From whom.
        from: Address,
        /// What: untrusted bytes, at most [`signal_wire::MAX_PAYLOAD_BYTES`].
        payload: Bytes,
    },
    /// Nobody is at an address to which a message was sent.
    NotHere {
        /// Where.
        to: Address,
    },
    /// A message waited for a connection for too long ([`Timing::keep`]) and was given up, or
    /// the connection broke so that nobody knows whether it arrived.
    Expired {
        /// For whom.
        to: Address,
    },
    /// The link is in this state now.
    State(LinkState),
}

/// Whether the relay is there.
///
/// `Connecting → Online → Offline → Connecting → …`; `Offline(TakenOver)` stays until
/// [`Link::reconnect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// The first attempt, or one that was asked for, is under way.
    Connecting,
    /// The relay knows us; messages pass.
    Online,
    /// The relay is not there; unless taken over, it is tried again and again.
    Offline(Problem),
}

/// Why the relay is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing answers at that place, or the connection broke.
    Unreachable,
    /// Something answers that is no relay.
    NotARelay,
    /// The relay refuses us: wrong version or wrong proof.
    Refused,
    /// The relay has no room, or lets us try less often.
    Full,
    /// Another process with the same address is connected instead.
    TakenOver,
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
        Self::connect_with(url, identity, Timing::default())
    }

    /// [`Link::connect`] with other periods.
    ///
    /// # Errors
    /// When the URL cannot be that of a relay.
    pub fn connect_with(
        url: &str,
        identity: Arc<Identity>,
        timing: Timing,
    ) -> Result<(Self, mpsc::Receiver<LinkEvent>), RelayUrlError> {
        let dialer = Dialer::new(url, identity, timing)?;
        let (command_sender, commands) = mpsc::channel(Self::CAPACITY + SPARE_COMMANDS);
        let (event_sender, events) = mpsc::channel(Self::EVENTS);
        let (state_sender, state) = watch::channel(LinkState::Connecting);
        let stop = CancellationToken::new();
        let actor = Actor::new(dialer, timing, commands, event_sender, state_sender);
        let link = Self {
            commands: command_sender,
            room: Arc::new(Semaphore::new(Self::CAPACITY)),
            state,
            task: tokio::spawn(actor.run(stop.clone())),
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
        let room = Arc::clone(&self.room)
            .try_acquire_owned()
            .map_err(|_| SendError::Full)?;
        let id = getrandom::u64().map_err(|_| SendError::Closed)?;
        let message = Outgoing {
            id: MessageId(id.to_be_bytes()),
            to,
            payload,
            since: Instant::now(),
            _room: room,
        };
        self.commands
            .try_send(Command::Send(message))
            .map_err(|e| match e {
                mpsc::error::TrySendError::Full(_) => SendError::Full,
                mpsc::error::TrySendError::Closed(_) => SendError::Closed,
            })
    }

    /// The state of this moment and every later one.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Tries at once if offline, also after another process took over; if online makes sure
    /// within [`Timing::probe`] that the connection still works. When the queue is full the task
    /// is not even taking messages, and one wish more is no help.
    pub fn reconnect(&self) {
        let _taken: Result<(), _> = self.commands.try_send(Command::Reconnect);
    }

    /// Sends what was handed over before, says goodbye to the relay and ends, within
    /// [`Timing::close`].
    pub async fn close(self) {
        let Self {
            commands,
            room: _,
            state: _,
            stop,
            task,
        } = self;
        drop((stop, commands));
        // The task ends by itself; if it panicked there is nothing left to close.
        let _ended: Result<(), _> = task.await;
    }
}

impl fmt::Debug for LinkEvent {
    /// Payloads stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { payload, .. } => write!(f, "Message({} bytes)", payload.len()),
            Self::NotHere { .. } => f.write_str("NotHere"),
            Self::Expired { .. } => f.write_str("Expired"),
            Self::State(state) => write!(f, "State({state:?})"),
        }
    }
}

/// Room for wishes to reconnect beside [`Link::CAPACITY`] messages.
const SPARE_COMMANDS: usize = 16;
