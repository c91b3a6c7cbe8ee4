//! The phone: one input in, outputs and deadlines out.
//!
//! Owns all that is known of the call. Runs on whatever thread calls it, in no time: it neither
//! waits nor reads a clock. The driver feeds one input, carries out every output in order, and
//! wakes the phone with [`Input::Tick`] at the deadline of [`Phone::poll_timeout`].
//!
//! What must never happen here: a panic or unbounded memory from a peer's bytes, a second session in
//! use, a session that is not closed, a capture gate that opens before both sides said yes,
//! anything of our machine sent to a caller before the user accepts.

mod capture;
mod chat;
mod command;
mod end;
mod invitation;
mod parcels;
mod path;
mod quiet;
mod receipt;
mod received;
mod recording;
mod resume;
mod session;
mod show;
mod signaling;
mod timeout;
mod transition;

use std::collections::VecDeque;
use std::time::Duration;

use crate::asks::CallersAsks;
use crate::carrier::Carrier;
use crate::chat::Conversation;
use crate::declined::DeclinedStrangers;
use crate::id::{CallId, Peer, SessionId};
use crate::input::Input;
use crate::message::{Body, Message};
use crate::output::Output;
use crate::quiet::QuietCalls;
use crate::reason::EndReason;
use crate::recent::RecentCalls;
use crate::rings::StrangersRings;
use crate::state::State;
use crate::time::Timestamp;
use crate::timer::{Timer, Timers, after};
use crate::view::{CallView, Controls};

/// What the user can set.
///
/// ```
/// use std::time::Duration;
/// use call::phone::Config;
///
/// let config = Config { name: "Ann".to_owned(), ..Config::default() };
/// assert_eq!(config.ring, Duration::from_secs(45));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Config {
    /// How long to wait for an answer, ours or theirs: [`Config::RING_MIN`] to
    /// [`Config::RING_MAX`].
    pub ring: Duration,
    /// What we call ourselves.
    pub name: String,
    /// What can carry a call to us.
    pub carriers: Vec<Carrier>,
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
            carriers: self.carriers,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ring: Duration::from_secs(45),
            name: String::new(),
            carriers: vec![Carrier::Direct],
        }
    }
}

impl std::fmt::Debug for Config {
    /// The name stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Config(ring: {:?}, {:?})", self.ring, self.carriers)
    }
}

/// At most one call, and all that may happen to it.
///
/// ```
/// use call::carrier::Carrier;
/// use call::id::{CallId, Peer};
/// use call::input::{Command, Input};
/// use call::output::Output;
/// use call::phone::{Config, Phone};
/// use call::time::Timestamp;
/// use call::view::{CallView, OutgoingPhase};
///
/// let now = Timestamp::default();
/// let mut phone = Phone::new(Config::default());
/// phone.handle(now, Input::Link { online: true });
/// let dial = Command::Dial {
///     call: CallId(1),
///     peer: Peer { address: "tincan:bob".to_owned(), name: "Bob".to_owned() },
///     video: true,
///     via: Carrier::Direct,
/// };
/// phone.handle(now, Input::Command(dial));
///
/// let Some(Output::Send { to, .. }) = phone.poll_output() else { panic!("no invitation") };
/// assert_eq!(to, "tincan:bob");
/// assert_eq!(phone.poll_output(), None);
///
/// let CallView::Outgoing { phase, .. } = phone.view(now) else { panic!("no call") };
/// assert_eq!(phase, OutgoingPhase::Calling);
/// // When nobody answers, the phone invites again.
/// let (at, _) = phone.poll_timeout().unwrap();
/// phone.handle(at, Input::Tick);
/// assert!(matches!(phone.poll_output(), Some(Output::Send { .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone {
    config: Config,
    /// Whether the relay can be reached. Until the first [`Input::Link`] it cannot.
    online: bool,
    state: State,
    /// Sessions that were told to close and have not said that they are closed.
    closing: Vec<SessionId>,
    recent: RecentCalls,
    declined: DeclinedStrangers,
    rings: StrangersRings,
    quiet: QuietCalls,
    asks: CallersAsks,
    /// The conversation of the call, and for a moment that of one that is over.
    chat: Option<Conversation>,
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
            closing: Vec::new(),
            recent: RecentCalls::default(),
            declined: DeclinedStrangers::default(),
            rings: StrangersRings::default(),
            quiet: QuietCalls::default(),
            asks: CallersAsks::default(),
            chat: None,
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
        self.note_sleep(now);
        let from = self.state.name();
        let what = kind(&input);
        match input {
            Input::Command(command) => self.on_command(now, command),
            Input::Message {
                from,
                standing,
                bytes,
            } => self.on_message(now, &from, standing, &bytes),
            Input::Undeliverable { to, why } => self.on_undeliverable(now, &to, why),
            Input::Incompatible { from, call } => self.on_incompatible(now, &from, call),
            Input::NoAccess { call } => {
                self.on_no_access(now, call);
                self.on_quiet_no_access(call);
            }
            Input::Link { online } => self.on_link(now, online),
            Input::NetworkChanged => self.on_network_changed(now),
            Input::Transport { session, state } => self.on_transport(now, session, state),
            Input::Parcel { session, parcel } => self.send_parcel(now, session, parcel),
            Input::Data { session, bytes } => self.on_data(now, session, &bytes),
            Input::Broken { call } => self.on_broken(now, call),
            Input::Capture {
                microphone,
                camera,
                lacking,
            } => self.on_capture(Controls { microphone, camera }, lacking),
            Input::Screen { on } => self.on_screen(on),
            Input::Receipt(receipt) => self.on_own_receipt(now, receipt),
            Input::Consent(consent) => self.on_consent(now, consent),
            Input::RecordingFailed { id } => self.on_recording_failed(now, id),
            Input::Tick => {
                while let Some(timer) = self.timers.expired(now) {
                    self.on_timeout(now, timer);
                }
            }
        }
        let to = self.state.name();
        if from != to {
            let call = self.call().map(tracing::field::display);
            let reason = self.end_reason().map(tracing::field::debug);
            tracing::info!(call, from, input = what, to, reason, "phone");
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
            State::Idle => None,
            State::Call(call, _) => Some(call.id),
            State::Ended(ended) => Some(ended.call),
        }
    }

    /// With whom that call is or was.
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        match &self.state {
            State::Idle => None,
            State::Call(call, _) => Some(&call.peer),
            State::Ended(ended) => Some(&ended.peer),
        }
    }

    fn end_reason(&self) -> Option<EndReason> {
        match &self.state {
            State::Idle | State::Call(..) => None,
            State::Ended(ended) => Some(ended.reason),
        }
    }

    fn set_timer(&mut self, timer: Timer, now: Timestamp, after: Duration) {
        self.timers.set(timer, now + after);
    }

    /// Notes that nothing woke this phone, though a deadline passed, for about as long as the other
    /// side waits for a silent one: the program was stopped, or had no processor.
    fn note_sleep(&mut self, now: Timestamp) {
        let late = self.timers.next().map(|(due, _)| now.since(due));
        if late.is_some_and(|it| it >= after::ASLEEP)
            && let Some(call) = self.state.call_mut()
        {
            call.woke_at = Some(now);
        }
    }

    /// Sends a message about any call through signaling.
    fn send_about(&mut self, to: &str, call: CallId, body: Body) {
        let bytes = Message { call, body }.encode();
        self.outputs.push_back(Output::Send {
            to: to.to_owned(),
            call,
            bytes,
        });
    }

    /// Sends a message about our call through signaling.
    fn send(&mut self, body: Body) {
        if let Some(call) = self.state.call() {
            let (to, id) = (call.peer.address.clone(), call.id);
            self.send_about(&to, id, body);
        }
    }

    /// Sends a message about our call through the own channel of the session in use.
    fn send_data(&mut self, body: Body) {
        if let Some(call) = self.state.call() {
            let (session, call) = (call.current_session(), call.id);
            let bytes = Message { call, body }.encode();
            self.outputs.push_back(Output::Data { session, bytes });
        }
    }
}

/// The name of an input's kind, for the log.
fn kind(input: &Input) -> &'static str {
    match input {
        Input::Command(_) => "command",
        Input::Message { .. } => "message",
        Input::Undeliverable { .. } => "undeliverable",
        Input::Incompatible { .. } => "incompatible",
        Input::NoAccess { .. } => "no access",
        Input::Link { .. } => "link",
        Input::NetworkChanged => "network changed",
        Input::Transport { .. } => "transport",
        Input::Parcel { .. } => "parcel",
        Input::Data { .. } => "data",
        Input::Broken { .. } => "broken",
        Input::Capture { .. } => "capture",
        Input::Screen { .. } => "screen",
        Input::Receipt(_) => "receipt",
        Input::Consent(_) => "consent",
        Input::RecordingFailed { .. } => "recording failed",
        Input::Tick => "tick",
    }
}
