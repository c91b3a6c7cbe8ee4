//! What signaling says of its link, and of addresses where nobody is.

use super::Phone;
use super::end::Notice;
use crate::id::CallId;
use crate::input::Absence;
use crate::message::Over;
use crate::reason::EndReason;
use crate::state::{Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// Nobody is at that address.
    pub(super) fn on_undeliverable(&mut self, now: Timestamp, to: &str, why: Absence) {
        if !self.online && why != Absence::Ended {
            // Said by a relay that we have lost since.
            return;
        }
        self.on_quiet_undeliverable(now, to, why);
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        if call.peer.address != to {
            return;
        }
        call.liveness.on_undeliverable(now, why);
        let is_gone = call.liveness.is_gone();
        let (over, reason) = match stage {
            Stage::Dialing => (true, EndReason::Unreachable),
            Stage::Ringing(_) => (is_gone, EndReason::Unreachable),
            Stage::Incoming(_) => (is_gone, EndReason::Missed),
            Stage::Connecting => (is_gone, EndReason::PeerGone),
            Stage::Active { .. } | Stage::Reconnecting { .. } => {
                if call.liveness.has_died(now) {
                    self.end(now, EndReason::PeerGone, Notice::OnRequest(Over::Gone));
                }
                return;
            }
        };
        if over {
            self.end(now, reason, Notice::OnRequest(Over::Gone));
        } else {
            self.set_timer(Timer::Probe, now, after::PROBE_AGAIN);
        }
    }

    /// The other side of a call speaks none of the versions in which messages are sealed. Nothing
    /// can be said to them, so they are not told.
    pub(super) fn on_incompatible(&mut self, now: Timestamp, from: &str, id: CallId) {
        if self.state.call().is_some_and(|call| call.is(from, id)) {
            let notice = Notice::OnRequest(Over::Incompatible);
            self.end(now, EndReason::Incompatible, notice);
        }
    }

    /// The link to the relay came or went. A running call does not care.
    pub(super) fn on_link(&mut self, now: Timestamp, online: bool) {
        if std::mem::replace(&mut self.online, online) == online {
            return;
        }
        if online {
            self.resume(now);
        }
        let Some(stage) = self.state.stage() else {
            return;
        };
        match (stage, online) {
            (Stage::Dialing, true) => {
                self.timers.stop(Timer::NoRelay);
                self.send_invite(now);
            }
            (Stage::Dialing, false) => self.set_timer(Timer::NoRelay, now, after::NO_RELAY),
            (Stage::Connecting, true) => self.repeat(now),
            // The network may be another one.
            (Stage::Reconnecting { .. }, true) => self.renew(now),
            (Stage::Ringing(_) | Stage::Incoming(_) | Stage::Active { .. }, true | false)
            | (Stage::Connecting | Stage::Reconnecting { .. }, false) => {}
        }
        if online {
            // What was sent last may have been lost with the link. Of a session that was given up
            // just now nothing is sent: it would hold up the one that takes its place.
            self.resend_parcels(now);
            self.resend_texts(now);
        }
    }
}
