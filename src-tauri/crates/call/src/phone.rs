//! The phone: one input in, outputs and deadlines out.
//!
//! Owns all that is known of the call. Runs on whatever thread calls it, in no time: it neither
//! waits nor reads a clock. The driver feeds one input, carries out every output in order, and
//! wakes the phone with [`Input::Tick`] at the deadline of [`Phone::poll_timeout`].
//!
//! What must never happen here: a panic or unbounded memory from a peer's bytes, a second open
//! session, a session that is not closed, anything captured before both sides said yes, anything
//! of our machine sent to a caller before the user accepts.

mod command;
mod received;
mod session;
mod show;
mod timeout;
mod transition;

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Timestamp;

use crate::id::{CallId, Peer};
use crate::input::Input;
use crate::message::{Body, Message};
use crate::output::Output;
use crate::past::Past;
use crate::state::{Phase, State};
use crate::timer::{Timer, Timers};
use crate::view::{CallView, Controls};

/// What the user can set.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// How long to wait for an answer, ours or theirs: [`Config::RING_MIN`] to
    /// [`Config::RING_MAX`].
    pub ring: Duration,
    /// What we call ourselves.
    pub name: String,
}

impl Config {
    /// Shorter, and nobody reaches the phone in time.
    pub const RING_MIN: Duration = Duration::from_secs(20);
    /// Longer, and nobody is near.
    pub const RING_MAX: Duration = Duration::from_secs(90);

    fn cleaned(self) -> Self {
        Self {
            ring: self.ring.clamp(Self::RING_MIN, Self::RING_MAX),
            name: Peer::clean_name(&self.name),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ring: Duration::from_secs(45),
            name: String::new(),
        }
    }
}

impl std::fmt::Debug for Config {
    /// The name stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config(ring: {:?})", self.ring)
    }
}

/// At most one call, and all that may happen to it.
#[derive(Debug)]
pub struct Phone {
    config: Config,
    /// Whether the relay can be reached. Until the first [`Input::Link`] it cannot.
    online: bool,
    state: State,
    slot: session::Slot,
    past: Past,
    timers: Timers,
    outputs: VecDeque<Output>,
}

impl Phone {
    /// A phone in no call, without a link.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config: config.cleaned(),
            online: false,
            state: State::Idle,
            slot: session::Slot::Free,
            past: Past::default(),
            timers: Timers::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes other settings, for the next call.
    pub fn configure(&mut self, config: Config) {
        self.config = config.cleaned();
    }

    /// Takes one thing that happened. Drain [`Phone::poll_output`] before the next one.
    pub fn handle(&mut self, now: Timestamp, input: Input) {
        let before = self.state.phase();
        let what = what(&input);
        match input {
            Input::Command(command) => self.command(now, command),
            Input::Message { from, known, bytes } => self.message(now, &from, known, &bytes),
            Input::Undeliverable { to } => self.undeliverable(now, &to),
            Input::Link { online } => self.link(now, online),
            Input::Transport { call, state } => self.transport(now, call, state),
            Input::Parcel { call, parcel } => self.parcel(call, parcel),
            Input::Data { call, bytes } => self.data(now, call, &bytes),
            Input::Capture {
                microphone,
                camera,
                lacking: _,
            } => {
                self.captured(Controls { microphone, camera });
            }
            Input::Tick => {
                while let Some(timer) = self.timers.expired(now) {
                    self.timeout(now, timer);
                }
            }
        }
        let after = self.state.phase();
        if before != after {
            tracing::info!(call = ?self.call(), from = %before, input = what, to = %after, "phone");
        }
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to wake the phone, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Timestamp, Timer)> {
        self.timers.next()
    }

    /// What the user may see now.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> CallView {
        show::view(&self.state, now)
    }

    /// The current call, or the one whose end is shown.
    #[must_use]
    pub fn call(&self) -> Option<CallId> {
        match &self.state {
            State::Ended(ended) => Some(ended.call),
            State::Idle
            | State::Dialing(_)
            | State::Ringing(..)
            | State::Incoming(..)
            | State::Connecting(_)
            | State::Active(..)
            | State::Reconnecting(..) => self.state.line().map(|line| line.call),
        }
    }

    fn phase(&self) -> Phase {
        self.state.phase()
    }

    /// Says something about any call through signaling.
    fn say(&mut self, to: &str, call: CallId, body: Body) {
        let bytes = Message { call, body }.encode();
        self.outputs.push_back(Output::Send {
            to: to.to_owned(),
            bytes,
        });
    }

    /// Says something about our call through signaling.
    fn tell(&mut self, body: Body) {
        if let Some(line) = self.state.line() {
            let (to, call) = (line.peer.address.clone(), line.call);
            self.say(&to, call, body);
        }
    }

    /// Says something about our call through the session's own channel.
    fn tell_directly(&mut self, body: Body) {
        if let Some(line) = self.state.line() {
            let call = line.call;
            self.outputs.push_back(Output::Data {
                call,
                bytes: Message { call, body }.encode(),
            });
        }
    }
}

/// A short name of an input for the log.
fn what(input: &Input) -> &'static str {
    match input {
        Input::Command(_) => "command",
        Input::Message { .. } => "message",
        Input::Undeliverable { .. } => "undeliverable",
        Input::Link { .. } => "link",
        Input::Transport { .. } => "transport",
        Input::Parcel { .. } => "parcel",
        Input::Data { .. } => "data",
        Input::Capture { .. } => "capture",
        Input::Tick => "tick",
    }
}
