//! Calls that ring for nobody to hear. Their callers get what they would get from a phone that rings
//! and is not answered: the confirmation, its repeats, the questions whether they are still there,
//! and after the ring time the word that there is no such call. Nothing here touches the user's own
//! call, the view, a device or a sound.

use super::Phone;
use super::invitation::Invite;
use super::transition::ring_for;
use crate::call::Call;
use crate::id::CallId;
use crate::input::{Absence, Standing};
use crate::message::{Body, Over};
use crate::output::Output;
use crate::quiet::{Due, QuietCall};
use crate::time::Timestamp;
use crate::timer::Timer;

impl Phone {
    /// Confirms that it rings, and lets nobody hear it.
    pub(super) fn ring_quietly(&mut self, now: Timestamp, call: Call, invite: Invite) {
        let (id, from) = (call.id, call.peer.address.clone());
        // A phone rings for one call of a person at a time.
        if let Some(earlier) = self.quiet.take_of(&from) {
            self.leave_quiet(&earlier, Some(Over::Gone));
        }
        let until = now + ring_for(invite.ring);
        let asks_access = call.carrier.needs_access();
        if !self.quiet.has_room() {
            tracing::debug!(call = %id, "too many calls ring for nobody to hear");
        } else if asks_access && !self.quiet.take_ask(now) {
            // A phone that rings says so before it hears that there is no access.
            self.send_about(&from, id, Body::Ringing);
            self.recent.remember(&from, id, Some(Over::NoAccess));
            self.send_over(&from, id, Over::NoAccess);
        } else {
            self.quiet.add(now, &from, id, until, asks_access);
            if asks_access {
                let with = from.clone();
                self.outputs
                    .push_back(Output::AskForAccess { call: id, with });
            }
            self.send_about(&from, id, Body::Ringing);
        }
        self.follow_quiet();
        match invite.standing {
            Standing::Blocked => {}
            Standing::Known | Standing::Stranger | Standing::Unwelcome => {
                self.outputs.push_back(Output::Missed { peer: call.peer });
            }
        }
    }

    /// A message about such a call.
    pub(super) fn on_quiet(&mut self, now: Timestamp, from: &str, id: CallId, body: &Body) {
        self.quiet.on_message(now, from, id);
        match body {
            Body::Invite { .. } => self.send_about(from, id, Body::Ringing),
            Body::Over { .. } => {
                self.forget_quiet(from, id, None);
            }
            Body::Parcel {
                session: 0,
                number,
                parcel,
            } => {
                self.quiet.on_parcel(now, from, *number, parcel.0.len());
                self.follow_quiet();
            }
            Body::Ringing
            | Body::Accept { .. }
            | Body::Parcel { .. }
            | Body::Received { .. }
            | Body::Renew { .. }
            | Body::Controls(_)
            | Body::Receipt(_)
            | Body::Record(_)
            | Body::Recorded(_)
            | Body::Chat(_)
            | Body::Still => {}
        }
    }

    /// Nobody is at that address: a phone that rings for them would notice.
    pub(super) fn on_quiet_undeliverable(&mut self, now: Timestamp, to: &str, why: Absence) {
        if let Some(call) = self.quiet.on_undeliverable(now, to, why) {
            self.leave_quiet(&call, Some(Over::Gone));
        }
        self.follow_quiet();
    }

    /// A phone that rings would end the call for want of access.
    pub(super) fn on_quiet_no_access(&mut self, id: CallId) {
        if let Some(call) = self.quiet.on_no_access(id) {
            self.leave_quiet(&call, Some(Over::NoAccess));
            self.send_over(&call.with, id, Over::NoAccess);
            self.follow_quiet();
        }
    }

    /// Does what a phone that rings would do now.
    pub(super) fn on_quiet_timeout(&mut self, now: Timestamp) {
        while let Some(due) = self.quiet.due(now) {
            match due {
                Due::End(it) => self.leave_quiet(&it, Some(Over::Gone)),
                Due::Probe(it) if self.online => self.send_about(&it.with, it.call, Body::Still),
                Due::Probe(_) => {}
                Due::Acknowledge(it) => {
                    let next = it.next_parcel();
                    self.send_about(&it.with, it.call, Body::Received { session: 0, next });
                }
            }
        }
        self.follow_quiet();
    }

    /// Such a call is over, if there is one; whoever asks about it later is told this. Says whether
    /// there was one.
    pub(super) fn forget_quiet(&mut self, from: &str, id: CallId, told: Option<Over>) -> bool {
        let call = self.quiet.take(from, id);
        if let Some(call) = &call {
            self.leave_quiet(call, told);
            self.follow_quiet();
        }
        call.is_some()
    }

    /// A call that was taken out is over: what it asked for is given back.
    fn leave_quiet(&mut self, call: &QuietCall, told: Option<Over>) {
        self.recent.remember(&call.with, call.call, told);
        if call.asks_access {
            self.outputs
                .push_back(Output::ReleaseAccess { call: call.call });
        }
    }

    fn follow_quiet(&mut self) {
        match self.quiet.next() {
            Some(at) => self.timers.set(Timer::Quiet, at),
            None => self.timers.stop(Timer::Quiet),
        }
    }
}
