//! The steps from stage to stage on the way to media, whoever asks for them.

use std::time::Duration;

use super::{Config, Phone};
use crate::call::Call;
use crate::carrier::Carriers;
use crate::liveness::PROBE_AFTER;
use crate::message::Body;
use crate::output::{Output, Sound};
use crate::state::{Connectivity, Invitation, Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// Caller: the user calls somebody.
    pub(super) fn enter_dialing(&mut self, now: Timestamp, call: Call) {
        self.cancel_resumption();
        self.timers.stop_call();
        self.state = State::Call(Box::new(call), Stage::Dialing);
        self.ask_for_access();
        self.set_timer(Timer::Ring, now, self.config.ring);
        if self.online {
            self.send_invite(now);
        } else {
            self.set_timer(Timer::NoRelay, now, after::NO_RELAY);
        }
    }

    /// Caller: sends the invitation, now and until something is heard.
    pub(super) fn send_invite(&mut self, now: Timestamp) {
        let Some(call) = self.state.call() else {
            return;
        };
        let ring_ms = u32::try_from(self.config.ring.as_millis()).unwrap_or(u32::MAX);
        let video = call.local.wish.camera;
        let via = Carriers::new([call.carrier]);
        let name = self.config.name.clone();
        self.send(Body::Invite {
            name,
            video,
            ring_ms,
            resumes: None,
            via,
        });
        self.set_timer(Timer::Repeat, now, after::REPEAT);
    }

    /// Callee: somebody calls.
    pub(super) fn enter_incoming(&mut self, now: Timestamp, call: Call, invitation: Invitation) {
        if !invitation.known {
            self.rings.add(now, &call.peer.address);
        }
        self.cancel_resumption();
        self.timers.stop_call();
        self.set_timer(Timer::Ring, now, ring_for(invitation.ring));
        self.set_timer(Timer::Probe, now, after::PROBE);
        self.state = State::Call(Box::new(call), Stage::Incoming(invitation));
        self.ask_for_access();
        self.send(Body::Ringing);
        self.outputs.push_back(Output::Sound(Sound::RingTone));
    }

    /// Asks for what a session of the call needs, long before one opens.
    pub(super) fn ask_for_access(&mut self) {
        let Some(call) = self.state.call().filter(|it| it.carrier.needs_access()) else {
            return;
        };
        let (call, with) = (call.id, call.peer.address.clone());
        self.outputs.push_back(Output::AskForAccess { call, with });
    }

    /// Caller: their device rings. Our session opens, so that an answer leads to media at once.
    pub(super) fn enter_ringing(&mut self, now: Timestamp) {
        self.timers.stop(Timer::Repeat);
        self.timers.stop(Timer::NoRelay);
        self.set_timer(Timer::Probe, now, after::PROBE);
        self.set_stage(Stage::Ringing(Connectivity::Checking));
        self.outputs.push_back(Output::Sound(Sound::RingBack));
        self.open_session();
    }

    /// Callee: accepts, because the user says so or because we were calling them.
    pub(super) fn accept_call(&mut self, now: Timestamp) {
        self.send_accept(now);
        self.enter_connecting(now);
    }

    /// Callee: sends the acceptance, now and until the caller is heard through the session.
    pub(super) fn send_accept(&mut self, now: Timestamp) {
        let Some(call) = self.state.call() else {
            return;
        };
        let (instead_of, via) = (call.instead_of, call.carrier);
        let name = self.config.name.clone();
        self.send(Body::Accept {
            name,
            instead_of,
            via,
        });
        self.set_timer(Timer::Repeat, now, after::REPEAT);
    }

    /// Both said yes: a path is wanted, and what is captured may leave.
    pub(super) fn enter_connecting(&mut self, now: Timestamp) {
        self.timers.stop(Timer::Ring);
        self.set_timer(Timer::Connect, now, after::CONNECT);
        self.set_timer(Timer::Probe, now, after::PROBE);
        self.set_stage(Stage::Connecting);
        self.begin_chat(now);
        self.open_session();
        self.outputs.push_back(Output::Sound(Sound::Silence));
        self.set_capture();
    }

    /// Media flows for the first time.
    pub(super) fn enter_active(&mut self, now: Timestamp) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        call.liveness.on_session(now);
        let outgoing = call.outgoing;
        self.timers.stop(Timer::Connect);
        // The caller's invitation was answered. The callee's acceptance is repeated until the
        // caller's first message through the session: a caller whose session has connected may
        // still wait for an acceptance that was lost.
        if outgoing {
            self.timers.stop(Timer::Repeat);
        }
        self.set_timer(Timer::Probe, now, PROBE_AFTER);
        self.set_stage(Stage::Active { connected_at: now });
        self.outputs.push_back(Output::Sound(Sound::Connected));
        self.keep_alive(now);
    }

    /// Moves the call that is not over to another stage.
    pub(super) fn set_stage(&mut self, next: Stage) {
        match &mut self.state {
            State::Idle | State::Ended(_) => {}
            State::Call(_, stage) => *stage = next,
        }
    }
}

/// How long it rings here for a caller who says to wait for this long.
pub(super) fn ring_for(wait: Duration) -> Duration {
    wait.clamp(Config::RING_MIN, Config::RING_MAX) + after::RING_MARGIN
}
