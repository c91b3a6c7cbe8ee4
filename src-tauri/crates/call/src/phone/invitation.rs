//! Invitations: ring, refuse, or settle a collision with what the phone is doing.

use std::time::Duration;

use super::Phone;
use super::end::Notice;
use crate::call::Call;
use crate::collision::{Collision, classify, standing_now};
use crate::id::CallId;
use crate::input::Standing;
use crate::message::{Body, Over};
use crate::output::Output;
use crate::reason::EndReason;
use crate::state::{Invitation, Stage, State};
use crate::time::Timestamp;

/// An invitation as it arrived: what it says, and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invite {
    /// Whether the caller's camera will be on.
    pub(super) video: bool,
    /// How long the caller waits for an answer.
    pub(super) ring: Duration,
    /// What the caller is to the user, the current call aside.
    pub(super) standing: Standing,
    /// The lost call that shall go on.
    pub(super) resumes: Option<CallId>,
}

impl Phone {
    pub(super) fn on_invite(&mut self, now: Timestamp, call: Call, invite: Invite) {
        let (id, from) = (call.id, call.peer.address.clone());
        let standing = standing_now(&self.state, &from, invite.standing);
        let collision = classify(&self.state, &self.recent, &from, id, standing);
        tracing::debug!(call = %id, ?standing, ?collision, "invited");
        let invitation = Invitation {
            video: invite.video,
            known: standing == Standing::Known,
            ring: invite.ring,
        };
        let is_new = matches!(collision, Collision::None | Collision::Recall);
        if is_new && self.on_resuming_invite(now, &call, Invite { standing, ..invite }) {
            return;
        }
        let rings = is_new || collision == Collision::Unwelcome;
        if rings && call.carrier.needs_access() && !self.asks.take(now, &from) {
            tracing::debug!(call = %id, "a caller asks for access too often");
            self.recent.remember(&from, id, Some(Over::NoAccess));
            return self.send_over(&from, id, Over::NoAccess);
        }
        match collision {
            Collision::None if !invitation.known && self.declined.contains(now, &from) => {
                tracing::debug!(call = %id, "a stranger who was declined calls again");
                self.recent.remember(&from, id, Some(Over::Declined));
                self.send_over(&from, id, Over::Declined);
            }
            Collision::None | Collision::Recall
                if !invitation.known && self.rings.are_spent(now, &from) =>
            {
                tracing::debug!(call = %id, "strangers ring too often");
                self.ring_quietly(now, call, invite);
            }
            Collision::Unwelcome => self.ring_quietly(now, call, invite),
            Collision::None => self.enter_incoming(now, call, invitation),
            Collision::Repeated => self.repeat_ringing(),
            Collision::Over(Some(why)) => self.send_over(&from, id, why),
            Collision::Over(None) => {}
            Collision::Busy => {
                self.recent.remember(&from, id, Some(Over::Busy));
                self.send_over(&from, id, Over::Busy);
                self.outputs.push_back(Output::Missed { peer: call.peer });
            }
            // Their phone classifies our invitation as `GlareLost` and accepts our call.
            Collision::GlareWon => self.recent.remember(&from, id, None),
            Collision::GlareLost => self.give_way(now, call, invitation),
            Collision::GlareTied => {
                self.end(now, EndReason::Busy, Notice::OnRequest(Over::Busy));
            }
            Collision::Recall => {
                self.end(now, EndReason::Replaced, Notice::OnRequest(Over::Gone));
                self.enter_incoming(now, call, invitation);
            }
        }
    }

    /// Our confirmation that it rings here may have been lost.
    fn repeat_ringing(&mut self) {
        match self.state.stage() {
            Some(Stage::Incoming(_)) => self.send(Body::Ringing),
            None
            | Some(
                Stage::Dialing
                | Stage::Ringing(_)
                | Stage::Connecting
                | Stage::Active { .. }
                | Stage::Reconnecting { .. },
            ) => {}
        }
    }

    /// Our call to them becomes their call to us, which our user has accepted by calling.
    fn give_way(&mut self, now: Timestamp, mut theirs: Call, invitation: Invitation) {
        if let Some(ours) = self.state.call() {
            theirs.local.wish = ours.local.wish;
            theirs.instead_of = Some(ours.id);
            if theirs.peer.name.is_empty() {
                theirs.peer.name.clone_from(&ours.peer.name);
            }
        }
        let notice = Notice::OnRequest(Over::Cancelled);
        self.end(now, EndReason::Replaced, notice);
        self.state = State::Call(Box::new(theirs), Stage::Incoming(invitation));
        self.ask_for_access();
        self.accept_call(now);
    }
}
