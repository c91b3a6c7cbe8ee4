//! Messages of the other side, or of a stranger: which call they are about, and who handles them.

use std::time::Duration;

use super::Phone;
use super::end::Notice;
use super::invitation::Invite;
use crate::call::Call;
use crate::carrier::Carrier;
use crate::id::{CallId, Peer, SessionId};
use crate::input::Standing;
use crate::message::{Body, Message, MessageError, Over};
use crate::reason::EndReason;
use crate::recent::Lookup;
use crate::state::{Connectivity, Stage, State};
use crate::time::Timestamp;
use crate::timer::Timer;

/// Which way a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Signaling {
        /// What the sender is to the user.
        standing: Standing,
    },
    Session {
        /// Whether it is the session in use.
        is_current: bool,
    },
}

impl Phone {
    /// Bytes through signaling.
    pub(super) fn on_message(
        &mut self,
        now: Timestamp,
        from: &str,
        standing: Standing,
        bytes: &[u8],
    ) {
        match Message::parse(bytes) {
            Ok(message) => self.received(now, from, message, Channel::Signaling { standing }),
            Err(error) => self.on_malformed(now, from, error),
        }
    }

    /// Bytes through a session's own channel.
    pub(super) fn on_data(&mut self, now: Timestamp, session: SessionId, bytes: &[u8]) {
        let Some(call) = self.state.call() else {
            return;
        };
        if !self.is_open(session) {
            return;
        }
        let from = call.peer.address.clone();
        if self.is_current(session) {
            // Both sides have changed over to it.
            self.close_previous();
        }
        match Message::parse(bytes) {
            Ok(message) if message.call == session.call => {
                let is_current = self.is_current(session);
                self.received(now, &from, message, Channel::Session { is_current });
            }
            Ok(_) => tracing::debug!(%session, "the session's channel speaks of another call"),
            Err(error) => self.on_malformed(now, &from, error),
        }
    }

    fn received(&mut self, now: Timestamp, from: &str, message: Message, channel: Channel) {
        let Message { call: id, body } = message;
        tracing::debug!(call = %id, ?body, "received");
        if self.quiet.contains(from, id) {
            self.on_quiet(now, from, id, &body);
            return;
        }
        if self.on_resumed(now, from, id, &body) {
            return;
        }
        let ours = self.note_life(now, from, id, channel);
        match body {
            Body::Invite {
                name,
                video,
                ring_ms,
                resumes,
                via,
            } => match channel {
                Channel::Signaling { standing } => {
                    let Some(carrier) = via.first_of(&self.config.carriers) else {
                        return self.refuse_carriers(from, id);
                    };
                    let address = from.to_owned();
                    let call = Call::incoming(now, id, Peer { address, name }, carrier);
                    let ring = Duration::from_millis(u64::from(ring_ms));
                    let invite = Invite {
                        video,
                        ring,
                        standing,
                        resumes,
                    };
                    self.on_invite(now, call, invite);
                }
                Channel::Session { .. } => {
                    tracing::debug!(call = %id, "an invitation within a call");
                }
            },
            Body::Over { why } if ours => self.on_over(now, why),
            // It may have overtaken its invitation, which must not ring any more.
            Body::Over { .. } => self.recent.remember(from, id, None),
            Body::Parcel {
                session,
                number,
                parcel,
            } if ours => self.on_parcel(now, session, number, parcel),
            Body::Received { session, next } if ours => {
                self.on_parcels_received(now, session, next);
            }
            Body::Renew { session } if ours => self.on_renew(now, session),
            // No parcel of a call that we may still join comes this way: the caller opens its
            // session, which makes parcels, only after our `ringing`.
            Body::Parcel { .. } | Body::Received { .. } | Body::Renew { .. } => {}
            Body::Chat(said) if ours || self.has_chat(from, id) => {
                self.on_chat(now, from, id, said);
            }
            Body::Ringing
            | Body::Accept { .. }
            | Body::Controls(_)
            | Body::Receipt(_)
            | Body::Record(_)
            | Body::Recorded(_)
            | Body::Chat(_)
            | Body::Still
                if !ours =>
            {
                self.answer_for_other_call(from, id);
            }
            Body::Ringing => self.on_ringing(now),
            Body::Accept {
                name,
                instead_of,
                via,
            } => self.on_accept(now, name, instead_of, via),
            Body::Controls(report) => {
                if let Some(call) = self.state.call_mut() {
                    call.local.on_heard(report.heard);
                    call.remote.on_report(report);
                }
                // The conversation of the call before may still wait for its last words.
                if self.has_chat(from, id) {
                    self.on_takes_texts(report.takes_texts);
                }
            }
            Body::Receipt(receipt) => match channel {
                Channel::Session { .. } => self.on_receipt(now, receipt),
                Channel::Signaling { .. } => tracing::debug!(call = %id, "a receipt by signaling"),
            },
            Body::Record(record) => self.on_record(now, record),
            Body::Recorded(recorded) => self.on_recorded(now, recorded),
            Body::Chat(_) | Body::Still => {}
        }
    }

    /// Notes a sign of life of the other side. Says whether the message is about our call.
    fn note_life(&mut self, now: Timestamp, from: &str, id: CallId, channel: Channel) -> bool {
        let Some(call) = self.state.call_mut().filter(|call| call.is(from, id)) else {
            return false;
        };
        match channel {
            Channel::Signaling { .. } => call.liveness.on_message(now),
            Channel::Session { is_current } => {
                // Only who knows that the call was accepted uses a session's channel.
                self.timers.stop(Timer::Repeat);
                if is_current {
                    self.on_heard(now);
                }
            }
        }
        true
    }

    /// Nothing that the caller can use is of use here. Nobody is rung for a call that cannot be,
    /// and whoever is unwelcome is told the same as everybody.
    fn refuse_carriers(&mut self, from: &str, id: CallId) {
        self.recent.remember(from, id, Some(Over::Incompatible));
        self.send_over(from, id, Over::Incompatible);
    }

    /// The sender believes to be in a call that we are not in. Tells them, so that both agree.
    fn answer_for_other_call(&mut self, from: &str, id: CallId) {
        match self.recent.find(from, id) {
            Lookup::Unknown => self.send_over(from, id, Over::Gone),
            Lookup::Over { told: Some(why) } => self.send_over(from, id, why),
            Lookup::Over { told: None } => {}
        }
    }

    fn on_malformed(&mut self, now: Timestamp, from: &str, error: MessageError) {
        match error {
            MessageError::TooLarge(_) | MessageError::Malformed => {
                let ours = |call: &&Call| call.peer.address == from;
                let call = self.state.call().filter(ours);
                let call = call.map(|call| tracing::field::display(call.id));
                tracing::debug!(call, %error, "a message was dropped");
            }
            MessageError::Version {
                call: id, invite, ..
            } => {
                tracing::debug!(call = %id, %error, "a message was dropped");
                if self.state.call().is_some_and(|call| call.is(from, id)) {
                    let notice = Notice::Send(Over::Incompatible);
                    self.end(now, EndReason::Incompatible, notice);
                } else if self.forget_quiet(from, id, Some(Over::Incompatible)) || invite {
                    self.send_over(from, id, Over::Incompatible);
                }
            }
        }
    }

    /// Caller: their device rings.
    fn on_ringing(&mut self, now: Timestamp) {
        match self.state.stage() {
            Some(Stage::Dialing) => self.enter_ringing(now),
            None
            | Some(
                Stage::Ringing(_)
                | Stage::Incoming(_)
                | Stage::Connecting
                | Stage::Active { .. }
                | Stage::Reconnecting { .. },
            ) => {}
        }
    }

    /// Caller: they accept.
    pub(super) fn on_accept(
        &mut self,
        now: Timestamp,
        name: String,
        instead_of: Option<CallId>,
        via: Carrier,
    ) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        let connectivity = match stage {
            Stage::Dialing => Connectivity::Checking,
            Stage::Ringing(connectivity) => *connectivity,
            Stage::Incoming(_)
            | Stage::Connecting
            | Stage::Active { .. }
            | Stage::Reconnecting { .. } => return,
        };
        if via != call.carrier {
            tracing::debug!(call = %call.id, ?via, "accepted by what was not offered");
            let notice = Notice::Send(Over::Incompatible);
            return self.end(now, EndReason::Incompatible, notice);
        }
        if call.peer.name.is_empty() {
            call.peer.name = name;
        }
        if let Some(theirs) = instead_of {
            let from = call.peer.address.clone();
            if !self.forget_quiet(&from, theirs, None) {
                self.recent.remember(&from, theirs, None);
            }
        }
        self.timers.stop(Timer::Repeat);
        self.timers.stop(Timer::NoRelay);
        self.enter_connecting(now);
        match connectivity {
            Connectivity::Checking => {}
            Connectivity::Connected => self.enter_active(now),
        }
    }
}
