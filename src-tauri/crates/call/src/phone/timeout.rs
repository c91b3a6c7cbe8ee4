//! What happens when a deadline passes.

use super::Phone;
use super::end::Notice;
use crate::liveness::PROBE_AFTER;
use crate::message::{Body, Over};
use crate::reason::EndReason;
use crate::state::{Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// A timer is stopped when its stage is left, so each one meets the stage it was set for.
    pub(super) fn on_timeout(&mut self, now: Timestamp, timer: Timer) {
        match timer {
            Timer::Ring => self.on_no_answer(now),
            Timer::NoRelay => self.end(now, EndReason::NoRelay, Notice::Send(Over::Cancelled)),
            Timer::Repeat => self.repeat(now),
            Timer::Resend => self.resend_parcels(now),
            Timer::Acknowledge => {
                self.acknowledge_parcels();
                self.acknowledge_texts();
            }
            Timer::ResendTexts => self.resend_texts(now),
            Timer::Typing => self.set_typing(now, false),
            Timer::LeaveChat => self.leave_chat(),
            Timer::Probe => self.probe(now),
            Timer::Connect => self.end(now, EndReason::NoPath, Notice::Send(Over::NoPath)),
            Timer::Alive => self.keep_alive(now),
            Timer::PeerClosed => self.on_unexplained_close(now),
            Timer::Lost => self.show_outage(),
            Timer::Renew => self.renew(now),
            Timer::AskAgain => self.ask_again(now),
            Timer::Join => self.join_early_session(now),
            Timer::ClosePrevious => self.close_previous(),
            Timer::GiveUp => self.end(now, EndReason::ConnectionLost, Notice::Send(Over::Lost)),
            Timer::Record => self.on_recording_timeout(now),
            Timer::LeaveEnded => self.state = State::Idle,
            Timer::Resume => self.resume(now),
            Timer::StopResuming => self.stop_resuming(),
            Timer::Quiet => self.on_quiet_timeout(now),
        }
    }

    /// The other side closed its session in order and nothing said why. A program that does so has
    /// not vanished.
    fn on_unexplained_close(&mut self, now: Timestamp) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        let (reason, told) = match stage {
            // They gave us up while this machine slept.
            Stage::Active { .. } if call.has_just_woken(now) => {
                (EndReason::ConnectionLost, Over::Lost)
            }
            Stage::Active { .. } => (EndReason::RemoteHangup, Over::Gone),
            // They hung up or gave up, and which of the two was lost with the path.
            Stage::Reconnecting { .. } => (EndReason::ConnectionLost, Over::Lost),
            Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_) | Stage::Connecting => {
                (EndReason::PeerGone, Over::Gone)
            }
        };
        self.end(now, reason, Notice::Send(told));
    }

    fn on_no_answer(&mut self, now: Timestamp) {
        match self.state.stage() {
            Some(Stage::Dialing | Stage::Ringing(_)) => {
                self.end(now, EndReason::NoAnswer, Notice::Send(Over::Cancelled));
            }
            Some(Stage::Incoming(_)) => {
                self.end(now, EndReason::Missed, Notice::OnRequest(Over::Gone));
            }
            None | Some(Stage::Connecting | Stage::Active { .. } | Stage::Reconnecting { .. }) => {}
        }
    }

    /// Sends again what may have been lost: the caller's invitation or the callee's acceptance.
    pub(super) fn repeat(&mut self, now: Timestamp) {
        if !self.online {
            return self.set_timer(Timer::Repeat, now, after::REPEAT);
        }
        let State::Call(call, stage) = &self.state else {
            return;
        };
        match stage {
            Stage::Dialing => self.send_invite(now),
            Stage::Connecting | Stage::Active { .. } | Stage::Reconnecting { .. } => {
                if !call.outgoing {
                    self.send_accept(now);
                }
            }
            Stage::Ringing(_) | Stage::Incoming(_) => {}
        }
    }

    /// Finds out, by a message through the relay, whether the other side is still there: the relay
    /// reports it as undeliverable when their program is gone, and they answer it when they are
    /// not in this call any more.
    fn probe(&mut self, now: Timestamp) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        let liveness = &call.liveness;
        let silence = liveness.silence(now);
        let (send, next) = match stage {
            Stage::Dialing => return,
            Stage::Ringing(_) | Stage::Incoming(_) | Stage::Connecting => {
                let is_absent = liveness.is_absent(now);
                (
                    true,
                    if is_absent {
                        after::PROBE_AGAIN
                    } else {
                        after::PROBE
                    },
                )
            }
            Stage::Active { .. } | Stage::Reconnecting { .. } if silence >= PROBE_AFTER => {
                (true, after::PROBE_AGAIN)
            }
            Stage::Active { .. } | Stage::Reconnecting { .. } => (false, PROBE_AFTER - silence),
        };
        if send && self.online {
            self.send(Body::Still);
        }
        self.set_timer(Timer::Probe, now, next);
    }
}
