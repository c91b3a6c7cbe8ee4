//! The path between the two sessions: found, lost, looked for, given up.
//!
//! The session reports facts; what they mean is decided here and nowhere else. A path is lost when
//! nothing has been heard for [`after::LOST`], or when ICE (RFC 8445) has lost its pair. What is
//! done about it counts from the beginning of the silence, not from its report.

use super::Phone;
use super::end::Notice;
use crate::message::Over;
use crate::output::{Output, Sound};
use crate::reason::EndReason;
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
        call.liveness.on_session(now);
        match stage {
            Stage::Reconnecting { connected_at, .. } => {
                *stage = Stage::Active {
                    connected_at: *connected_at,
                };
                self.timers.stop(Timer::Lost);
                self.timers.stop(Timer::Restart);
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
        let Some(connected_at) = stage.connected_at() else {
            return;
        };
        *stage = Stage::Reconnecting {
            connected_at,
            outage: Outage::Hidden,
        };
        let restart = if call.outgoing {
            after::RESTART
        } else {
            after::RESTART_ANSWERER
        };
        self.timers.set(Timer::Restart, since + restart);
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

    /// Looks for a new path, and again a while later.
    pub(super) fn restart(&mut self, now: Timestamp) {
        let Some(call) = self.state.call() else {
            return;
        };
        let call = call.id;
        self.set_timer(Timer::Restart, now, after::RESTART_AGAIN);
        // A restart gives the old path up, and without signaling nobody hears of the new one: the
        // old one may come back by itself.
        if self.online {
            tracing::info!(%call, "looking for a new path");
            self.outputs.push_back(Output::RestartTransport { call });
        }
    }

    /// The session failed for good, and no restart brings it back.
    pub(super) fn on_failed(&mut self, now: Timestamp) {
        match self.state.stage() {
            None | Some(Stage::Dialing | Stage::Incoming(_)) => {}
            Some(Stage::Ringing(_) | Stage::Connecting) => {
                self.end(now, EndReason::NoPath, Notice::Send(Over::NoPath));
            }
            Some(Stage::Active { .. } | Stage::Reconnecting { .. }) => {
                self.end(now, EndReason::ConnectionLost, Notice::Send(Over::Lost));
            }
        }
    }

    /// Somebody else than the other side may hold the other end of the session. Whatever was
    /// agreed until then, the call ends, and the other side is told why.
    pub(super) fn on_insecure(&mut self, now: Timestamp) {
        self.end(now, EndReason::NotSecure, Notice::Send(Over::NotSecure));
    }

    /// A fault of this machine ended the session.
    pub(super) fn on_broken(&mut self, now: Timestamp) {
        let why = match self.state.stage() {
            None | Some(Stage::Dialing | Stage::Incoming(_)) => return,
            Some(Stage::Ringing(_) | Stage::Connecting) => Over::NoPath,
            Some(Stage::Active { .. } | Stage::Reconnecting { .. }) => Over::Lost,
        };
        self.end(now, EndReason::InternalError, Notice::Send(why));
    }
}
