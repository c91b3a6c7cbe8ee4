//! A call that was lost and shall go on: whoever called invites again, and whoever wants it too is
//! connected without being rung.
//!
//! Each side has to want it by itself, within [`after::STOP_RESUMING`] of the end: no device opens
//! without the press of its user.

use super::Phone;
use super::end::Notice;
use super::invitation::Invite;
use crate::call::Call;
use crate::carrier::Carriers;
use crate::id::CallId;
use crate::input::Standing;
use crate::message::{Body, Over};
use crate::reason::EndReason;
use crate::recent::Lookup;
use crate::state::{Ended, Invitation, Resumption, Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// The user wants to go on with the call that was lost, by a call of this id if we invite.
    pub(super) fn want_to_resume(&mut self, now: Timestamp, id: CallId, video: bool) {
        let State::Ended(ended) = &mut self.state else {
            return;
        };
        match &mut ended.resumption {
            Resumption::None | Resumption::Inviting { .. } | Resumption::Expecting { .. } => {
                tracing::debug!(call = %ended.call, "nothing to resume");
            }
            Resumption::Offered {
                theirs: Some(theirs),
            } => {
                let theirs = (**theirs).clone();
                self.accept_resumed(now, theirs, video);
            }
            Resumption::Offered { theirs: None } if ended.outgoing => {
                if self.recent.find(&ended.peer.address, id) != Lookup::Unknown {
                    tracing::warn!(call = %id, "an id is used twice: cannot resume");
                    return;
                }
                ended.resumption = Resumption::Inviting { call: id, video };
                self.resume(now);
            }
            Resumption::Offered { theirs: None } => {
                ended.resumption = Resumption::Expecting { video };
            }
        }
    }

    /// Invites the other side of the lost call, now and until there is an answer.
    pub(super) fn resume(&mut self, now: Timestamp) {
        let State::Ended(ended) = &self.state else {
            return;
        };
        let Resumption::Inviting { call, video } = ended.resumption else {
            return;
        };
        if self.online {
            let invite = Body::Invite {
                name: self.config.name.clone(),
                video,
                ring_ms: u32::try_from(self.config.ring.as_millis()).unwrap_or(u32::MAX),
                resumes: Some(ended.call),
                via: Carriers::new([ended.carrier]),
            };
            let to = ended.peer.address.clone();
            self.send_about(&to, call, invite);
        }
        self.set_timer(Timer::Resume, now, after::RESUME);
    }

    /// The two did not come together in time.
    pub(super) fn stop_resuming(&mut self) {
        self.cancel_resumption();
        if let State::Ended(ended) = &mut self.state {
            ended.resumption = Resumption::None;
        }
    }

    /// Takes back our invitation, if there is one. To be called before an ended call is left.
    pub(super) fn cancel_resumption(&mut self) {
        let State::Ended(ended) = &self.state else {
            return;
        };
        if let Resumption::Inviting { call, .. } = ended.resumption {
            let to = ended.peer.address.clone();
            self.recent.remember(&to, call, Some(Over::Cancelled));
            self.send_over(&to, call, Over::Cancelled);
        }
        self.timers.stop(Timer::Resume);
        self.timers.stop(Timer::StopResuming);
    }

    /// The other side invites us to go on with a call that was lost. Says whether that settles the
    /// invitation; it is like any other else.
    pub(super) fn on_resuming_invite(
        &mut self,
        now: Timestamp,
        theirs: &Call,
        invite: Invite,
    ) -> bool {
        let Some(lost) = invite.resumes else {
            return false;
        };
        match invite.standing {
            Standing::Known | Standing::Stranger | Standing::Unwelcome => {}
            Standing::Blocked => return false,
        }
        match &mut self.state {
            State::Ended(ended) if ended.is(&theirs.peer.address, lost) => {
                let video = match &mut ended.resumption {
                    Resumption::None => return false,
                    Resumption::Offered { theirs: waiting } => {
                        *waiting = Some(Box::new(theirs.clone()));
                        return true;
                    }
                    Resumption::Inviting { video, .. } | Resumption::Expecting { video } => *video,
                };
                self.accept_resumed(now, theirs.clone(), video);
                true
            }
            // They have given the call up; our user has not, and is in it with open devices.
            State::Call(call, stage)
                if call.is(&theirs.peer.address, lost) && stage.connected_at().is_some() =>
            {
                let video = call.local.wish.camera;
                let microphone = call.local.wish.microphone;
                self.end(now, EndReason::Replaced, Notice::OnRequest(Over::Gone));
                let mut theirs = theirs.clone();
                theirs.local.wish.microphone = microphone;
                self.accept_resumed(now, theirs, video);
                true
            }
            State::Idle | State::Call(..) | State::Ended(_) => false,
        }
    }

    /// Connects without ringing.
    fn accept_resumed(&mut self, now: Timestamp, mut theirs: Call, video: bool) {
        self.cancel_resumption();
        self.timers.stop_call();
        theirs.local.wish.camera = video;
        let invitation = Invitation {
            video,
            known: true,
            ring: self.config.ring,
        };
        self.state = State::Call(Box::new(theirs), Stage::Incoming(invitation));
        self.ask_for_access();
        self.accept_call(now);
    }

    /// Whether a message is about the call that an invitation would resume, ours or theirs; if so, it
    /// is handled.
    pub(super) fn on_resumed(
        &mut self,
        now: Timestamp,
        from: &str,
        id: CallId,
        body: &Body,
    ) -> bool {
        let State::Ended(ended) = &mut self.state else {
            return false;
        };
        if let Resumption::Offered { theirs } = &mut ended.resumption
            && matches!(body, Body::Over { .. })
            && theirs.take_if(|it| it.is(from, id)).is_some()
        {
            // They do not want it any more.
            self.recent.remember(from, id, None);
            return true;
        }
        let Resumption::Inviting { call, video } = ended.resumption else {
            return false;
        };
        if call != id || ended.peer.address != from {
            return false;
        }
        match body {
            Body::Accept { name, via, .. } => {
                let peer = ended.peer.clone();
                let call = Call::outgoing(now, id, peer, ended.carrier, video);
                let (name, via) = (name.clone(), *via);
                self.timers.stop_call();
                self.state = State::Call(Box::new(call), Stage::Dialing);
                self.ask_for_access();
                self.on_accept(now, name, None, via);
            }
            Body::Over { .. } => {
                self.recent.remember(from, id, None);
                ended.resumption = Resumption::None;
                self.cancel_resumption();
            }
            // It rings there as any call: they had left the one that was lost.
            Body::Ringing
            | Body::Invite { .. }
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
        true
    }
}

impl Ended {
    /// Whether this was that call with that person.
    fn is(&self, with: &str, id: CallId) -> bool {
        self.call == id && self.peer.address == with
    }
}
