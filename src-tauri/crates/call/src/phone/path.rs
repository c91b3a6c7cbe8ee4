//! The path of the session in use: found, lost, given up.
//!
//! The session reports facts; what they mean is decided here and nowhere else. A path is lost when
//! nothing has been heard for [`after::LOST`], or when ICE (RFC 8445) has lost its pair. What is
//! done about it counts from the beginning of the silence, not from its report.

use super::Phone;
use super::end::Notice;
use crate::id::CallId;
use crate::message::Over;
use crate::output::{Output, Sound};
use crate::reason::EndReason;
use crate::sessions::Phase;
use crate::state::{Connectivity, Outage, Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// The session has a path.
    pub(super) fn on_connected(&mut self, now: Timestamp) {
        match self.state.stage() {
            Some(Stage::Ringing(_)) => self.set_stage(Stage::Ringing(Connectivity::Connected)),
            Some(Stage::Connecting) => self.enter_active(now),
            Some(Stage::Active { .. } | Stage::Reconnecting { .. }) => self.on_heard(now),
            None | Some(Stage::Dialing | Stage::Incoming(_)) => {}
        }
    }

    /// ICE lost its pair. The media of a pair that ICE gives up may flow on for a moment, so the
    /// silence begins now unless the session has reported an earlier beginning.
    pub(super) fn on_disconnected(&mut self, now: Timestamp) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        let since = call.liveness.silent_since().unwrap_or(now);
        match stage {
            Stage::Ringing(_) => self.set_stage(Stage::Ringing(Connectivity::Checking)),
            Stage::Active { .. } => self.lose_path(now, since),
            Stage::Dialing
            | Stage::Incoming(_)
            | Stage::Connecting
            | Stage::Reconnecting { .. } => {}
        }
    }

    /// Something came through the session.
    pub(super) fn on_heard(&mut self, now: Timestamp) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        if call.sessions.current.phase == Phase::Dead {
            // It was on its way when the session failed. Nothing follows, so it heals nothing.
            return;
        }
        call.liveness.on_session(now);
        match stage {
            Stage::Reconnecting { connected_at, .. } => {
                *stage = Stage::Active {
                    connected_at: *connected_at,
                };
                self.timers.stop(Timer::Lost);
                self.timers.stop(Timer::Renew);
                self.timers.stop(Timer::GiveUp);
                self.keep_alive(now);
            }
            Stage::Dialing
            | Stage::Ringing(_)
            | Stage::Incoming(_)
            | Stage::Connecting
            | Stage::Active { .. } => {}
        }
    }

    /// The session has heard nothing since then. Reported several times a second while it lasts.
    pub(super) fn on_silence(&mut self, now: Timestamp, since: Timestamp) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        let is_lost = now.since(since) >= after::LOST;
        match stage {
            // Until media flows, a path is wanted and its absence is no loss.
            Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_) | Stage::Connecting => {}
            Stage::Active { .. } => {
                call.liveness.on_silence(since);
                if is_lost {
                    self.lose_path(now, since);
                }
            }
            Stage::Reconnecting { .. } => {
                call.liveness.on_silence(since);
                if is_lost {
                    self.show_outage();
                }
            }
        }
    }

    /// The path is lost; nothing has been heard since then.
    pub(super) fn lose_path(&mut self, now: Timestamp, since: Timestamp) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        let Stage::Active { connected_at } = *stage else {
            return;
        };
        *stage = Stage::Reconnecting {
            connected_at,
            outage: Outage::Hidden,
        };
        let renew = if call.outgoing {
            after::RENEW
        } else {
            after::RENEW_CALLEE
        };
        self.timers.set(Timer::Renew, since + renew);
        self.timers.set(Timer::GiveUp, since + after::GIVE_UP);
        if now.since(since) >= after::LOST {
            self.show_outage();
        } else {
            self.timers.set(Timer::Lost, since + after::LOST);
        }
    }

    /// Tells the user, once, that the path is lost.
    pub(super) fn show_outage(&mut self) {
        match &mut self.state {
            State::Call(
                _,
                Stage::Reconnecting {
                    outage: outage @ Outage::Hidden,
                    ..
                },
            ) => {
                *outage = Outage::Shown;
                self.timers.stop(Timer::Lost);
                self.outputs.push_back(Output::Sound(Sound::Lost));
            }
            State::Idle
            | State::Ended(_)
            | State::Call(
                _,
                Stage::Dialing
                | Stage::Ringing(_)
                | Stage::Incoming(_)
                | Stage::Connecting
                | Stage::Active { .. }
                | Stage::Reconnecting {
                    outage: Outage::Shown,
                    ..
                },
            ) => {}
        }
    }

    /// Sets a new session up while the path is lost, and again a while later. Without signaling nobody
    /// would hear of it: the old path may come back by itself.
    pub(super) fn renew(&mut self, now: Timestamp) {
        match self.state.stage() {
            Some(Stage::Reconnecting { .. }) => {
                self.renew_later(now);
                if self.online {
                    self.renew_session(now);
                }
            }
            Some(Stage::Active { .. }) => self.renew_session(now),
            None
            | Some(Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_) | Stage::Connecting) => {
            }
        }
    }

    /// Leaves the session that was begun last, or asked for, some time to connect.
    pub(super) fn renew_later(&mut self, now: Timestamp) {
        let outgoing = self.state.call().is_some_and(|call| call.outgoing);
        let again = if outgoing {
            after::RENEW_AGAIN
        } else {
            after::RENEW_AGAIN_CALLEE
        };
        self.set_timer(Timer::Renew, now, again);
    }

    /// This machine's network is another one: what the session knows of paths may be wrong. A new one
    /// finds the paths there are now, while the old one carries as long as it can.
    pub(super) fn on_network_changed(&mut self, now: Timestamp) {
        self.renew(now);
        self.resume(now);
    }

    /// This machine cannot make or show the media of the call.
    pub(super) fn on_broken(&mut self, now: Timestamp, id: CallId) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        if call.id == id {
            let why = match stage.connected_at() {
                Some(_) => Over::Lost,
                None => Over::NoPath,
            };
            self.end(now, EndReason::InternalError, Notice::Send(why));
        }
    }
}
