//! The session of a call: opened once, closed once, never two at a time.

use std::time::Duration;

use crate::time::Timestamp;

use super::Phone;
use super::transition::LastWord;
use crate::id::CallId;
use crate::input::Transport;
use crate::line::Session;
use crate::message::{Body, MAX_PARCEL, Message, Over, Parcel};
use crate::output::Output;
use crate::reason::EndReason;
use crate::state::{Path, Phase, State};
use crate::timer::{Timer, after};
use crate::view::Controls;

/// The largest message that fits the session's own channel, in bytes.
const MAX_DATA: usize = 16 * 1024;

/// The one place for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// None.
    Free,
    /// That of this call.
    Open(CallId),
    /// That of this call, until it says that it is closed.
    Closing(CallId),
}

impl Slot {
    pub(super) fn is_open(self, call: CallId) -> bool {
        match self {
            Self::Open(open) => open == call,
            Self::Free | Self::Closing(_) => false,
        }
    }
}

impl Phone {
    /// Opens the session of the call, as soon as the one before is closed.
    pub(super) fn want_session(&mut self) {
        let Some(line) = self.state.line_mut() else {
            return;
        };
        match line.session {
            Session::NotYet => line.session = Session::Wanted,
            Session::Wanted => {}
            Session::Open => return,
        }
        match self.slot {
            Slot::Free => {}
            Slot::Open(_) | Slot::Closing(_) => return,
        }
        let call = line.call;
        line.session = Session::Open;
        self.slot = Slot::Open(call);
        self.outputs.push_back(Output::OpenTransport {
            call,
            offerer: line.outgoing,
        });
        for parcel in line.inbox.take() {
            self.outputs.push_back(Output::Parcel { call, parcel });
        }
    }

    pub(super) fn close_session(&mut self, call: CallId) {
        if self.is_open(call) {
            self.slot = Slot::Closing(call);
            self.outputs.push_back(Output::CloseTransport { call });
        }
    }

    pub(super) fn is_open(&self, call: CallId) -> bool {
        self.slot.is_open(call)
    }

    /// News of a session. Those of a call that is over change nothing but its closing.
    pub(super) fn transport(&mut self, now: Timestamp, call: CallId, state: Transport) {
        match self.slot {
            Slot::Free => return,
            Slot::Open(open) if open != call => return,
            Slot::Open(_) => {}
            Slot::Closing(closing) => {
                if closing == call && state == Transport::Closed {
                    self.closed();
                }
                return;
            }
        }
        match state {
            Transport::Connected => self.connected(now),
            Transport::Disconnected => self.interrupted(now),
            Transport::Silent(silence) if silence >= after::LOST => self.interrupted(now),
            Transport::Silent(silence) if silence.is_zero() => self.connected(now),
            Transport::Silent(_) => {}
            Transport::ClosedByPeer => self.timers.set(Timer::Unexplained, now, after::UNEXPLAINED),
            Transport::Failed | Transport::Closed => self.failed(now),
            Transport::Broken => self.broken(now),
        }
    }

    /// The place is free; the call may be waiting for it.
    fn closed(&mut self) {
        self.slot = Slot::Free;
        match self.state.line().map(|line| line.session) {
            Some(Session::Wanted) => self.want_session(),
            Some(Session::NotYet | Session::Open) | None => {}
        }
    }

    fn connected(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Ringing(_, path) => *path = Path::Up,
            State::Connecting(_) => self.flow(now),
            State::Reconnecting(line, ..) => {
                line.presence.heard_directly(now);
                self.find(now);
            }
            State::Idle
            | State::Dialing(_)
            | State::Incoming(..)
            | State::Active(..)
            | State::Ended(_) => {}
        }
    }

    fn interrupted(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Ringing(_, path) => *path = Path::Down,
            State::Active(..) => self.lose(now),
            State::Idle
            | State::Dialing(_)
            | State::Incoming(..)
            | State::Connecting(_)
            | State::Reconnecting(..)
            | State::Ended(_) => {}
        }
    }

    fn failed(&mut self, now: Timestamp) {
        match self.phase() {
            Phase::Idle | Phase::Dialing | Phase::Incoming | Phase::Ended => {}
            Phase::Ringing | Phase::Connecting => {
                self.end(now, EndReason::NoPath, LastWord::Tell(Over::NoPath));
            }
            Phase::Active => {
                self.lose(now);
                self.timers.set(Timer::Restart, now, Duration::ZERO);
            }
            // The next restart is on its way, and the time to give up is set.
            Phase::Reconnecting => {}
        }
    }

    fn broken(&mut self, now: Timestamp) {
        let word = match self.phase() {
            Phase::Idle | Phase::Dialing | Phase::Incoming | Phase::Ended => return,
            Phase::Ringing | Phase::Connecting => Over::NoPath,
            Phase::Active | Phase::Reconnecting => Over::Lost,
        };
        self.end(now, EndReason::InternalError, LastWord::Tell(word));
    }

    /// Looks for a new path, and again a while later.
    pub(super) fn restart(&mut self, now: Timestamp) {
        let Some(line) = self.state.line() else {
            return;
        };
        self.outputs
            .push_back(Output::RestartTransport { call: line.call });
        self.timers.set(Timer::Restart, now, after::RESTART_AGAIN);
    }

    /// A parcel of our session for theirs.
    pub(super) fn parcel(&mut self, call: CallId, parcel: Vec<u8>) {
        if !self.is_open(call) || self.call() != Some(call) {
            return;
        }
        if parcel.len() > MAX_PARCEL {
            tracing::warn!(%call, bytes = parcel.len(), "our session's parcel is too large");
            return;
        }
        let body = Body::Parcel {
            parcel: Parcel(parcel),
        };
        let message = Message { call, body };
        if self.phase() == Phase::Active && !self.online {
            let bytes = message.encode();
            if bytes.len() <= MAX_DATA {
                self.outputs.push_back(Output::Data { call, bytes });
                return;
            }
        }
        self.tell(message.body);
    }

    /// What the gates say. The other side is told what is true.
    pub(super) fn captured(&mut self, truth: Controls) {
        let phase = self.phase();
        let Some(line) = self.state.line_mut() else {
            return;
        };
        if !line.local.set_truth(truth) || !phase.is_answered() {
            return;
        }
        let Some(body) = self.report() else { return };
        match phase {
            Phase::Active => self.tell_directly(body),
            Phase::Idle
            | Phase::Dialing
            | Phase::Ringing
            | Phase::Incoming
            | Phase::Connecting
            | Phase::Reconnecting
            | Phase::Ended => self.tell(body),
        }
    }
}
