//! What the other side, or a stranger, says; and what signaling says of them.

use crate::time::Timestamp;

use super::Phone;
use super::transition::LastWord;
use crate::collision::{Collision, classify};
use crate::id::{CallId, Peer};
use crate::line::Line;
use crate::message::{Body, Message, MessageError, Over, Parcel};
use crate::output::Output;
use crate::past::Known;
use crate::presence::Presence;
use crate::reason::EndReason;
use crate::state::{Invitation, Path, Phase, State};
use crate::timer::{Timer, after};
use crate::view::Controls;

/// Which way a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Signaling {
        /// Whether the user called or accepted the sender before.
        known: bool,
    },
    Session,
}

/// An invitation as it came.
struct Invite {
    name: String,
    video: bool,
    ring_ms: u32,
    known: bool,
}

impl Phone {
    pub(super) fn message(&mut self, now: Timestamp, from: &str, known: bool, bytes: &[u8]) {
        match Message::parse(bytes) {
            Ok(message) => self.received(now, from, message, Way::Signaling { known }),
            Err(error) => self.not_understood(now, from, error),
        }
    }

    pub(super) fn data(&mut self, now: Timestamp, call: CallId, bytes: &[u8]) {
        let Some(line) = self.state.line() else {
            return;
        };
        if line.call != call || !self.is_open(call) {
            return;
        }
        let from = line.peer.address.clone();
        match Message::parse(bytes) {
            Ok(message) if message.call == call => {
                self.received(now, &from, message, Way::Session);
            }
            Ok(_) => tracing::warn!(%call, "the session's channel speaks of another call"),
            Err(error) => self.not_understood(now, &from, error),
        }
    }

    fn received(&mut self, now: Timestamp, from: &str, message: Message, way: Way) {
        let Message { call, body } = message;
        tracing::debug!(%call, ?body, "received");
        let ours = self.heard(now, from, call, way);
        match body {
            Body::Invite {
                name,
                video,
                ring_ms,
            } => match way {
                Way::Signaling { known } => self.invited(
                    now,
                    from,
                    call,
                    Invite {
                        name,
                        video,
                        ring_ms,
                        known,
                    },
                ),
                Way::Session => tracing::warn!(%call, "an invitation within a call"),
            },
            Body::Over { why } if ours => self.over(now, why),
            Body::Over { .. } => self.past.remember(from, call, None),
            Body::Parcel { parcel } if ours => self.deliver(parcel),
            // It may have overtaken nothing that matters: sessions open after the invitation.
            Body::Parcel { .. } => {}
            Body::Ringing | Body::Accept { .. } | Body::Controls { .. } | Body::Still if !ours => {
                self.not_in_that_call(from, call);
            }
            Body::Ringing => self.confirmed(now),
            Body::Accept { name, instead_of } => self.accepted(now, name, instead_of),
            Body::Controls {
                sequence,
                microphone,
                camera,
            } => {
                if let Some(line) = self.state.line_mut() {
                    line.remote
                        .report(sequence, Controls { microphone, camera });
                }
            }
            Body::Still => {}
        }
    }

    /// Notes a sign of life of the other side. Says whether it is about our call with them.
    fn heard(&mut self, now: Timestamp, from: &str, call: CallId, way: Way) -> bool {
        let Some(line) = self.state.line_mut().filter(|line| line.is(from, call)) else {
            return false;
        };
        match way {
            Way::Signaling { .. } => line.presence.heard(now),
            Way::Session => {
                line.presence.heard_directly(now);
                self.timers.stop(Timer::Repeat);
                if self.phase() == Phase::Reconnecting {
                    self.find(now);
                }
            }
        }
        true
    }

    /// They believe to be in a call that we are not in: tell them, so that both agree.
    fn not_in_that_call(&mut self, from: &str, call: CallId) {
        match self.past.look_up(from, call) {
            Known::Unknown => self.say_over(from, call, Over::Gone),
            Known::Over(Some(why)) => self.say_over(from, call, why),
            Known::Over(None) => {}
        }
    }

    fn not_understood(&mut self, now: Timestamp, from: &str, error: MessageError) {
        tracing::warn!(%error, "a message was dropped");
        match error {
            MessageError::TooLarge(_) | MessageError::Malformed => {}
            MessageError::Version { call, invite, .. } => {
                if self.state.line().is_some_and(|line| line.is(from, call)) {
                    let word = LastWord::Tell(Over::Incompatible);
                    self.end(now, EndReason::Incompatible, word);
                } else if invite {
                    self.say_over(from, call, Over::Incompatible);
                }
            }
        }
    }

    fn invited(&mut self, now: Timestamp, from: &str, call: CallId, invite: Invite) {
        let collision = classify(&self.state, &self.past, from, call);
        if collision != Collision::None {
            tracing::info!(%call, ?collision, "invited");
        }
        let Invite {
            name,
            video,
            ring_ms,
            known,
        } = invite;
        let invitation = Invitation { video, known };
        let line = |now| {
            let peer = Peer {
                address: from.to_owned(),
                name: name.clone(),
            };
            Line::new(call, peer, false, Presence::new(now))
        };
        match collision {
            Collision::None => self.ring(now, line(now), invitation, ring_ms),
            Collision::Repeated => {
                if self.phase() == Phase::Incoming {
                    self.tell(Body::Ringing);
                }
            }
            Collision::Past(Some(why)) => self.say_over(from, call, why),
            Collision::Past(None) => {}
            Collision::Busy => {
                self.past.remember(from, call, Some(Over::Busy));
                self.say_over(from, call, Over::Busy);
                self.outputs.push_back(Output::Missed {
                    peer: line(now).peer,
                });
            }
            // Their phone finds the same and answers our invitation.
            Collision::GlareWon => self.past.remember(from, call, None),
            Collision::GlareLost => self.give_way(now, line(now), invitation),
            Collision::GlareTied => {
                self.end(now, EndReason::Busy, LastWord::IfAsked(Over::Busy));
            }
            Collision::Recall => {
                self.end(now, EndReason::Replaced, LastWord::IfAsked(Over::Gone));
                self.ring(now, line(now), invitation, ring_ms);
            }
        }
    }

    /// Our call to them becomes their call to us, which our user has accepted by calling.
    fn give_way(&mut self, now: Timestamp, mut line: Line, invitation: Invitation) {
        if let Some(ours) = self.state.line() {
            line.local.wish = ours.local.wish;
            line.instead_of = Some(ours.call);
            if line.peer.name.is_empty() {
                line.peer.name.clone_from(&ours.peer.name);
            }
        }
        self.end(now, EndReason::Replaced, LastWord::IfAsked(Over::Cancelled));
        self.state = State::Incoming(Box::new(line), invitation);
        self.answer(now);
    }

    /// Caller: their device rings.
    fn confirmed(&mut self, now: Timestamp) {
        match self.phase() {
            Phase::Dialing => self.rings(now),
            Phase::Idle
            | Phase::Ringing
            | Phase::Incoming
            | Phase::Connecting
            | Phase::Active
            | Phase::Reconnecting
            | Phase::Ended => {}
        }
    }

    /// Caller: they said yes.
    fn accepted(&mut self, now: Timestamp, name: String, instead_of: Option<CallId>) {
        let path = match &self.state {
            State::Dialing(_) => Path::Down,
            State::Ringing(_, path) => *path,
            State::Idle
            | State::Incoming(..)
            | State::Connecting(_)
            | State::Active(..)
            | State::Reconnecting(..)
            | State::Ended(_) => return,
        };
        if let Some(line) = self.state.line_mut() {
            if line.peer.name.is_empty() {
                line.peer.name = name;
            }
            if let Some(theirs) = instead_of {
                self.past.remember(&line.peer.address, theirs, None);
            }
        }
        self.answered(now, path);
    }

    fn deliver(&mut self, parcel: Parcel) {
        let Some(line) = self.state.line_mut() else {
            return;
        };
        let call = line.call;
        if self.slot.is_open(call) {
            self.outputs.push_back(Output::Parcel {
                call,
                parcel: parcel.0,
            });
        } else if !line.inbox.push(parcel.0) {
            tracing::warn!(%call, "a parcel was dropped: too many wait");
        }
    }

    fn over(&mut self, now: Timestamp, why: Over) {
        let reason = match self.phase() {
            Phase::Idle | Phase::Ended => return,
            Phase::Dialing | Phase::Ringing => not_answered(why),
            Phase::Incoming => not_asked_any_more(why),
            Phase::Connecting | Phase::Active | Phase::Reconnecting => not_in_it_any_more(why),
        };
        self.end(now, reason, LastWord::Theirs);
    }

    /// Nobody is at that address.
    pub(super) fn undeliverable(&mut self, now: Timestamp, to: &str) {
        let phase = self.phase();
        if !self.online {
            // Said by a relay that we have lost since.
            return;
        }
        let Some(line) = self.state.line_mut().filter(|line| line.peer.address == to) else {
            return;
        };
        line.presence.missing(now);
        let (gone, died) = (line.presence.is_gone(), line.presence.died(now));
        let (over, reason) = match phase {
            Phase::Idle | Phase::Ended => return,
            Phase::Dialing => (true, EndReason::Unreachable),
            Phase::Ringing => (gone, EndReason::Unreachable),
            Phase::Incoming => (gone, EndReason::Missed),
            Phase::Connecting => (gone, EndReason::PeerGone),
            Phase::Active | Phase::Reconnecting => (died, EndReason::PeerGone),
        };
        if over {
            self.end(now, reason, LastWord::IfAsked(Over::Gone));
        } else if !phase.has_channel() {
            self.timers.set(Timer::Probe, now, after::PROBE_AGAIN);
        }
    }

    /// The link to the relay came or went. A running call does not care.
    pub(super) fn link(&mut self, now: Timestamp, online: bool) {
        if std::mem::replace(&mut self.online, online) == online {
            return;
        }
        match (self.phase(), online) {
            (Phase::Dialing, true) => {
                self.timers.stop(Timer::NoRelay);
                self.invite(now);
            }
            (Phase::Dialing, false) => self.timers.set(Timer::NoRelay, now, after::NO_RELAY),
            (Phase::Connecting, true) => self.repeat(now),
            // What was lost with the path can be negotiated again.
            (Phase::Reconnecting, true) => self.restart(now),
            (
                Phase::Idle | Phase::Ringing | Phase::Incoming | Phase::Active | Phase::Ended,
                true | false,
            )
            | (Phase::Connecting | Phase::Reconnecting, false) => {}
        }
    }
}

/// The caller's reason when the callee says that it is over before the answer.
fn not_answered(why: Over) -> EndReason {
    match why {
        Over::Declined => EndReason::RemoteDeclined,
        Over::Busy => EndReason::Busy,
        Over::Cancelled | Over::HungUp | Over::Unknown => EndReason::RemoteHangup,
        Over::NoPath => EndReason::NoPath,
        Over::Lost => EndReason::ConnectionLost,
        Over::Gone => EndReason::Unreachable,
        Over::Incompatible => EndReason::Incompatible,
    }
}

/// The callee's reason when the caller says that it is over before the answer.
fn not_asked_any_more(why: Over) -> EndReason {
    match why {
        Over::Cancelled
        | Over::Declined
        | Over::Busy
        | Over::HungUp
        | Over::NoPath
        | Over::Lost
        | Over::Gone
        | Over::Unknown => EndReason::Missed,
        Over::Incompatible => EndReason::Incompatible,
    }
}

/// Either's reason when the other one says that it is over after the answer.
fn not_in_it_any_more(why: Over) -> EndReason {
    match why {
        Over::HungUp | Over::Cancelled | Over::Declined | Over::Busy | Over::Unknown => {
            EndReason::RemoteHangup
        }
        Over::NoPath => EndReason::NoPath,
        Over::Lost => EndReason::ConnectionLost,
        Over::Gone => EndReason::PeerGone,
        Over::Incompatible => EndReason::Incompatible,
    }
}
