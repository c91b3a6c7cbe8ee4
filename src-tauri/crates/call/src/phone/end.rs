//! The end of a call: what the other side is told, and what the user is told of it.

use super::Phone;
use crate::controls::OFF;
use crate::id::CallId;
use crate::message::{Body, Over};
use crate::output::{Output, Sound};
use crate::reason::EndReason;
use crate::state::{Ended, Resumption, Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

/// What the other side is told of the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Tell them now, every way there is, and again whenever they ask.
    Send(Over),
    /// Tell them only if they ask.
    OnRequest(Over),
    /// They ended the call.
    NotNeeded,
}

impl Phone {
    /// The call is over.
    pub(super) fn end(&mut self, now: Timestamp, reason: EndReason, notice: Notice) {
        let State::Call(call, stage) = &self.state else {
            return;
        };
        let (id, peer, outgoing) = (call.id, call.peer.clone(), call.outgoing);
        let carrier = call.carrier;
        let shared = call.local.screen.wish || call.local.screen.actual;
        let stage = *stage;
        let lasted = stage.connected_at().map(|at| now.since(at));
        match notice {
            Notice::Send(_) | Notice::NotNeeded => self.hurry_chat(now),
            Notice::OnRequest(_) => {}
        }
        self.give_notice(&peer.address, id, stage, notice);
        self.timers.stop_call();
        self.stop_recording_with_call();
        if carrier.needs_access() {
            self.outputs.push_back(Output::ReleaseAccess { call: id });
        }
        self.outputs.push_back(Output::SetCapture {
            microphone: OFF.microphone,
            camera: OFF.camera,
        });
        if shared {
            self.outputs.push_back(Output::SetScreen { on: false });
        }
        self.outputs.push_back(Output::Sound(sound_of(reason)));
        self.outputs.push_back(Output::Ended {
            call: id,
            peer: peer.clone(),
            reason,
            outgoing,
            lasted,
        });
        self.close_sessions();
        if reason == EndReason::Replaced {
            self.state = State::Idle;
            self.close_chat(now, id);
            return;
        }
        if !reason.stays() {
            self.set_timer(Timer::LeaveEnded, now, after::LEAVE_ENDED);
        }
        let resumption = if lasted.is_some() && reason.is_loss() {
            self.set_timer(Timer::StopResuming, now, after::STOP_RESUMING);
            Resumption::Offered { theirs: None }
        } else {
            Resumption::None
        };
        self.state = State::Ended(Box::new(Ended {
            call: id,
            peer,
            reason,
            lasted,
            outgoing,
            carrier,
            resumption,
        }));
        self.close_chat(now, id);
    }

    /// Tells the reason and remembers it for those who ask later.
    fn give_notice(&mut self, to: &str, id: CallId, stage: Stage, notice: Notice) {
        let told = match notice {
            Notice::Send(why) | Notice::OnRequest(why) => Some(why),
            Notice::NotNeeded => None,
        };
        self.recent.remember(to, id, told);
        match notice {
            Notice::Send(why) => {
                if stage.connected_at().is_some() {
                    self.send_data(Body::Over { why });
                }
                self.send_over(to, id, why);
            }
            Notice::OnRequest(_) | Notice::NotNeeded => {}
        }
    }

    /// Tells somebody through signaling that a call is over, ours or any other.
    pub(super) fn send_over(&mut self, to: &str, id: CallId, why: Over) {
        self.send_about(to, id, Body::Over { why });
    }

    /// The other side ended our call.
    pub(super) fn on_over(&mut self, now: Timestamp, why: Over) {
        let reason = match self.state.stage() {
            None => return,
            Some(Stage::Dialing | Stage::Ringing(_)) => reason_while_calling(why),
            Some(Stage::Incoming(_)) => reason_while_incoming(why),
            Some(Stage::Connecting | Stage::Active { .. } | Stage::Reconnecting { .. }) => {
                reason_after_answer(why)
            }
        };
        self.end(now, reason, Notice::NotNeeded);
    }
}

/// The caller's reason when the callee ends the call before the answer.
fn reason_while_calling(why: Over) -> EndReason {
    match why {
        Over::Declined => EndReason::RemoteDeclined,
        Over::Busy => EndReason::Busy,
        Over::Cancelled | Over::HungUp | Over::Unknown => EndReason::RemoteHangup,
        Over::NoPath => EndReason::NoPath,
        Over::Lost => EndReason::ConnectionLost,
        Over::Gone => EndReason::Unreachable,
        Over::Incompatible => EndReason::Incompatible,
        Over::NoAccess => EndReason::NoAccess,
        Over::NoServer => EndReason::ServerUnreachable,
        Over::ServerRefused => EndReason::ServerRefused,
        Over::ServerEnded => EndReason::ServerEnded,
        Over::NotSecure => EndReason::NotSecure,
    }
}

/// The callee's reason when the caller ends the call before the answer.
fn reason_while_incoming(why: Over) -> EndReason {
    match why {
        Over::Cancelled
        | Over::Declined
        | Over::Busy
        | Over::HungUp
        | Over::NoPath
        | Over::Lost
        | Over::Gone
        | Over::NoAccess
        | Over::NoServer
        | Over::ServerRefused
        | Over::ServerEnded
        | Over::Unknown => EndReason::Missed,
        Over::Incompatible => EndReason::Incompatible,
        Over::NotSecure => EndReason::NotSecure,
    }
}

/// Either side's reason when the other one ends the call after the answer.
fn reason_after_answer(why: Over) -> EndReason {
    match why {
        Over::HungUp | Over::Cancelled | Over::Declined | Over::Busy | Over::Unknown => {
            EndReason::RemoteHangup
        }
        Over::NoPath => EndReason::NoPath,
        Over::Lost => EndReason::ConnectionLost,
        Over::Gone => EndReason::PeerGone,
        Over::Incompatible => EndReason::Incompatible,
        Over::NoAccess => EndReason::NoAccess,
        Over::NoServer => EndReason::ServerUnreachable,
        Over::ServerRefused => EndReason::ServerRefused,
        Over::ServerEnded => EndReason::ServerEnded,
        Over::NotSecure => EndReason::NotSecure,
    }
}

/// The tone that goes with an end; none where the user knows, or was never there.
fn sound_of(reason: EndReason) -> Sound {
    match reason {
        EndReason::LocalHangup
        | EndReason::RemoteHangup
        | EndReason::RemoteDeclined
        | EndReason::Busy
        | EndReason::NoAnswer
        | EndReason::Unreachable
        | EndReason::NoRelay
        | EndReason::NoPath
        | EndReason::ConnectionLost
        | EndReason::PeerGone
        | EndReason::Incompatible
        | EndReason::NotSecure
        | EndReason::NoAccess
        | EndReason::ServerUnreachable
        | EndReason::ServerRefused
        | EndReason::ServerEnded
        | EndReason::InternalError => Sound::Ended,
        EndReason::Cancelled | EndReason::Missed | EndReason::Declined | EndReason::Replaced => {
            Sound::Silence
        }
    }
}
