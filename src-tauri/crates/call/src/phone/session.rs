//! The sessions of a call: opened, replaced by better ones, each closed once.

use std::time::Duration;

use super::Phone;
use super::end::Notice;
use crate::id::{CallId, SessionId};
use crate::input::{ServerFault, Transport};
use crate::message::{Body, Over};
use crate::output::Output;
use crate::reason::EndReason;
use crate::sessions::{Phase, Session, Sessions};
use crate::state::{Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

/// How many sessions may be left, beside the one in use, when another one is set up behind a call:
/// closing, replaced, or about to give way. With those two a call has four. More are held back by a
/// driver that is slow to close, and none helps it.
const MAX_LEFT: usize = 2;

/// What a session is to the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Current,
    Next,
    Previous,
}

impl Phone {
    /// Opens the first session of the call and hands it the parcels that wait. While a session of
    /// the call before is still closing, nothing happens: its end asks again.
    pub(super) fn open_session(&mut self) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        let is_due =
            stage.is_accepted() || (stage.has_session() && call.carrier.opens_while_ringing());
        let first = &mut call.sessions.current;
        if !is_due || first.phase != Phase::Waiting || !self.closing.is_empty() {
            return;
        }
        first.phase = Phase::Open;
        let session = call.current_session();
        let (offerer, via) = (call.outgoing, call.carrier);
        self.outputs.push_back(Output::OpenTransport {
            session,
            offerer,
            via,
        });
        self.hand_over_parcels();
    }

    /// Wants a new session behind the running call, because the path is lost or the network is
    /// another one. The caller begins it, the callee asks for it. Without signaling a lost path
    /// leaves no way to set one up.
    pub(super) fn renew_session(&mut self, now: Timestamp) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        if stage.connected_at().is_none() {
            return;
        }
        if call.outgoing {
            self.begin_next_session(now);
        } else {
            self.ask_for_session(now, call.sessions.last().saturating_add(1));
        }
    }

    /// Caller: begins the next session, now or as soon as there is room for it.
    fn begin_next_session(&mut self, now: Timestamp) {
        let Some(call) = self.state.call() else {
            return;
        };
        // Whatever number the callee asks for, ours go up by one.
        let (number, pause_ends) = (
            call.sessions.last().saturating_add(1),
            call.sessions.pause_ends(),
        );
        if now < pause_ends {
            self.timers.set(Timer::Renew, pause_ends);
        } else if !self.begin_session(now, number) {
            self.set_timer(Timer::Renew, now, after::MAKE_ROOM);
        }
    }

    /// Callee: asks the caller to begin a session of this number or above; while the path is lost,
    /// again and again until there is one.
    pub(super) fn ask_for_session(&mut self, now: Timestamp, number: u32) {
        self.tell_every_way(Body::Renew { session: number });
        self.set_timer(Timer::AskAgain, now, after::ASK_AGAIN);
    }

    /// Callee: the caller has not begun a session yet.
    pub(super) fn ask_again(&mut self, now: Timestamp) {
        match &self.state {
            // While there is a path, the question has arrived.
            State::Call(call, Stage::Reconnecting { .. }) => {
                self.ask_for_session(now, call.sessions.last().saturating_add(1));
            }
            State::Idle
            | State::Ended(_)
            | State::Call(
                _,
                Stage::Dialing
                | Stage::Ringing(_)
                | Stage::Incoming(_)
                | Stage::Connecting
                | Stage::Active { .. },
            ) => {}
        }
    }

    /// Caller: the callee asks for a session of this number or above.
    pub(super) fn on_renew(&mut self, now: Timestamp, number: u32) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        let known = number <= call.sessions.last();
        if !call.outgoing || stage.connected_at().is_none() || known {
            return;
        }
        self.begin_next_session(now);
    }

    /// Callee: whether a parcel of a session that we do not know begins it. If so, it is open.
    pub(super) fn joins_session(&mut self, now: Timestamp, number: u32) -> bool {
        if !self.may_join(number) || !self.begin_session(now, number) {
            return false;
        }
        self.timers.stop(Timer::AskAgain);
        // A later one may wait still.
        let call = self.state.call();
        if call.is_none_or(|call| call.sessions.early.is_none()) {
            self.timers.stop(Timer::Join);
        }
        true
    }

    /// Callee: whether the caller may begin a session of this number, now or soon.
    pub(super) fn may_join(&self, number: u32) -> bool {
        match &self.state {
            State::Call(call, stage) => {
                !call.outgoing && stage.is_accepted() && number > call.sessions.last()
            }
            State::Idle | State::Ended(_) => false,
        }
    }

    /// Callee: begins the session that had to wait, as soon as there is room for it.
    pub(super) fn join_early_session(&mut self, now: Timestamp) {
        let call = self.state.call();
        let Some(early) = call.and_then(|call| call.sessions.early.as_ref()) else {
            return;
        };
        if self.joins_session(now, early.number) {
            self.acknowledge_soon(now);
            self.hand_over_parcels();
        } else {
            self.set_timer(Timer::Join, now, after::MAKE_ROOM);
        }
    }

    /// Sets a session up to take over; one that was begun before and has not connected gives way.
    /// Says whether it was time and there was room for it.
    fn begin_session(&mut self, now: Timestamp, number: u32) -> bool {
        let closing = self.closing.len();
        let Some(call) = self.state.call_mut() else {
            return false;
        };
        let has_room = closing + call.sessions.beside() <= MAX_LEFT;
        // The first one may still wait for the end of a session of the call before.
        let has_first = call.sessions.current.phase.is_open();
        if !has_first || !has_room || !call.sessions.has_paused(now) {
            return false;
        }
        let session = call.session(number);
        let (offerer, via) = (call.outgoing, call.carrier);
        // Pauses that grew for sessions before this one say nothing of its way.
        call.resends = 0;
        if let Some(given_up) = call.sessions.begin(now, number) {
            let given_up = call.session(given_up.number);
            self.close_session(given_up);
        }
        if self.timers.is_set(Timer::Resend) {
            self.set_timer(Timer::Resend, now, after::RESEND[0]);
        }
        if self.timers.is_set(Timer::PeerClosed) {
            self.timers.stop(Timer::PeerClosed);
            self.on_dead(now);
        }
        if self.timers.is_set(Timer::Renew) {
            self.renew_later(now);
        }
        tracing::info!(%session, "a new session is set up behind the call");
        self.outputs.push_back(Output::OpenTransport {
            session,
            offerer,
            via,
        });
        true
    }

    /// The session that was set up has connected: it takes over.
    fn promote_session(&mut self, now: Timestamp) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let left_over = call.sessions.promote();
        let left_over = left_over.map(|number| call.session(number));
        let session = call.current_session();
        if let Some(left_over) = left_over {
            self.close_session(left_over);
        }
        for timer in [Timer::PeerClosed, Timer::AskAgain] {
            self.timers.stop(timer);
        }
        self.set_timer(Timer::ClosePrevious, now, after::CLOSE_PREVIOUS);
        tracing::info!(%session, "the new session carries the call");
        self.outputs.push_back(Output::UseTransport { session });
        match self.state.stage() {
            Some(Stage::Connecting) => self.enter_active(now),
            Some(Stage::Active { .. } | Stage::Reconnecting { .. }) => {
                self.on_heard(now);
                // The other side learns by this that we have changed over.
                self.keep_alive(now);
                self.resend_texts(now);
            }
            None | Some(Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_)) => {}
        }
    }

    /// Closes the session that was replaced: both sides use its successor, or have had time to.
    pub(super) fn close_previous(&mut self) {
        self.timers.stop(Timer::ClosePrevious);
        let Some(call) = self.state.call_mut() else {
            return;
        };
        if let Some(number) = call.sessions.previous.take() {
            let previous = call.session(number);
            self.close_session(previous);
        }
    }

    /// Closes all sessions of the call, which is over.
    pub(super) fn close_sessions(&mut self) {
        let Some(call) = self.state.call() else {
            return;
        };
        let open = call.sessions.open().into_iter();
        let open: Vec<_> = open.map(|number| call.session(number)).collect();
        for session in open {
            self.close_session(session);
        }
    }

    fn close_session(&mut self, session: SessionId) {
        self.closing.push(session);
        self.outputs.push_back(Output::CloseTransport { session });
    }

    /// A report of a session. Of a session that is closing, only its end matters.
    pub(super) fn on_transport(&mut self, now: Timestamp, session: SessionId, report: Transport) {
        if let Some(at) = self.closing.iter().position(|it| *it == session) {
            if report == Transport::Closed {
                self.closing.swap_remove(at);
                self.open_session();
            }
            return;
        }
        match self.role_of(session) {
            Some(Role::Current) => self.on_current(now, report),
            Some(Role::Next) => self.on_next(now, report),
            Some(Role::Previous) => self.on_previous(report),
            None => {}
        }
    }

    /// The current session reports.
    fn on_current(&mut self, now: Timestamp, report: Transport) {
        match report {
            Transport::Connected => self.on_connected(now),
            Transport::Disconnected => self.on_disconnected(now),
            Transport::Silent(silence) if silence.is_zero() => self.on_heard(now),
            Transport::Silent(silence) => self.on_silence(now, now - silence),
            Transport::ClosedByPeer if self.is_changing_over() => self.on_dead(now),
            Transport::ClosedByPeer => self.set_timer(Timer::PeerClosed, now, after::PEER_CLOSED),
            Transport::Failed | Transport::Closed => {
                self.on_failed(now, EndReason::NoPath, Over::NoPath);
            }
            Transport::Broken => {
                self.on_failed(now, EndReason::InternalError, Over::NoPath);
            }
            Transport::Insecure => self.on_insecure(now),
            Transport::Server(fault) => self.on_server(now, fault),
        }
    }

    /// The session that is set up to take over reports.
    fn on_next(&mut self, now: Timestamp, report: Transport) {
        match report {
            Transport::Connected => self.promote_session(now),
            Transport::Disconnected | Transport::Silent(_) => {}
            Transport::Server(ServerFault::Ended) => self.on_server(now, ServerFault::Ended),
            Transport::ClosedByPeer
            | Transport::Failed
            | Transport::Closed
            | Transport::Broken
            | Transport::Server(ServerFault::Unreachable | ServerFault::Refused) => {
                let next = self.state.call_mut().and_then(|call| {
                    let next = call.sessions.next.take()?;
                    Some(call.session(next.number))
                });
                if let Some(session) = next {
                    tracing::info!(%session, ?report, "the new session came to nothing");
                    self.close_session(session);
                }
            }
            Transport::Insecure => self.on_insecure(now),
        }
    }

    /// The session that was replaced reports.
    fn on_previous(&mut self, report: Transport) {
        match report {
            Transport::Connected | Transport::Disconnected | Transport::Silent(_) => {}
            Transport::ClosedByPeer
            | Transport::Failed
            | Transport::Closed
            | Transport::Insecure
            | Transport::Server(_)
            | Transport::Broken => self.close_previous(),
        }
    }

    /// A session of the running call cannot come back. A new one may.
    fn on_dead(&mut self, now: Timestamp) {
        if let Some(call) = self.state.call_mut() {
            call.sessions.current.phase = Phase::Dead;
        }
        self.lose_path(now, now);
    }

    /// The session failed for good. Before media flowed the call has failed with it.
    fn on_failed(&mut self, now: Timestamp, reason: EndReason, why: Over) {
        let State::Call(_, stage) = &self.state else {
            return;
        };
        if stage.connected_at().is_none() {
            return self.end(now, reason, Notice::Send(why));
        }
        self.on_dead(now);
        self.set_timer(Timer::Renew, now, Duration::ZERO);
    }

    /// The server that carries the call does not do so any more, or never did. One that cannot be
    /// reached now may be reached by the next session; what it ended on purpose stays ended.
    fn on_server(&mut self, now: Timestamp, fault: ServerFault) {
        let (reason, why) = match fault {
            ServerFault::Unreachable => (EndReason::ServerUnreachable, Over::NoServer),
            ServerFault::Refused => (EndReason::ServerRefused, Over::ServerRefused),
            ServerFault::Ended => {
                let notice = Notice::Send(Over::ServerEnded);
                return self.end(now, EndReason::ServerEnded, notice);
            }
        };
        self.on_failed(now, reason, why);
    }

    /// Nobody gives access to what was to carry the call.
    pub(super) fn on_no_access(&mut self, now: Timestamp, id: CallId) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        // Whoever has media has had access.
        if call.id == id && stage.connected_at().is_none() {
            self.end(now, EndReason::NoAccess, Notice::Send(Over::NoAccess));
        }
    }

    /// Somebody else than the other side may hold the other end of the session. Whatever was
    /// agreed until then, the call ends, and the other side is told why.
    fn on_insecure(&mut self, now: Timestamp) {
        self.end(now, EndReason::NotSecure, Notice::Send(Over::NotSecure));
    }

    /// What an open session is to the call.
    fn role_of(&self, session: SessionId) -> Option<Role> {
        let call = self.state.call().filter(|it| it.id == session.call)?;
        let Sessions {
            current,
            next,
            previous,
            ..
        } = &call.sessions;
        let is = |it: &Session| it.number == session.number && it.phase.is_open();
        if is(current) {
            Some(Role::Current)
        } else if next.as_ref().is_some_and(is) {
            Some(Role::Next)
        } else if *previous == Some(session.number) {
            Some(Role::Previous)
        } else {
            None
        }
    }

    /// Whether messages through this session are heard.
    pub(super) fn is_open(&self, session: SessionId) -> bool {
        self.role_of(session).is_some()
    }

    /// Whether this is the session in use.
    pub(super) fn is_current(&self, session: SessionId) -> bool {
        self.role_of(session) == Some(Role::Current)
    }

    /// Whether there is another open session: the other side may have closed this one because it
    /// uses or begins another.
    fn is_changing_over(&self) -> bool {
        self.state.call().is_some_and(|call| {
            let Sessions { next, previous, .. } = &call.sessions;
            next.is_some() || previous.is_some()
        })
    }
}
