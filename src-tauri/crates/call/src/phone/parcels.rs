//! Parcels between the two ends of a session: carried, acknowledged, and sent again where they may
//! be lost.

use super::Phone;
use crate::call::Call;
use crate::id::SessionId;
use crate::message::{Body, MAX_DATA, MAX_PARCEL, Message, Parcel};
use crate::ordered::Arrival;
use crate::output::Output;
use crate::state::{Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// Our end of a session has a parcel for theirs.
    pub(super) fn send_parcel(&mut self, now: Timestamp, id: SessionId, parcel: Vec<u8>) {
        let State::Call(call, _) = &mut self.state else {
            return;
        };
        if call.id != id.call {
            return;
        }
        let session = call.sessions.find(id.number);
        let Some(session) = session.filter(|it| it.phase.is_open()) else {
            return;
        };
        if parcel.len() > MAX_PARCEL {
            tracing::warn!(session = %id, bytes = parcel.len(), "our parcel is too large");
            return;
        }
        let Some(number) = session.sent.push(parcel.clone()) else {
            tracing::warn!(session = %id, "more parcels are made than arrive; one is dropped");
            return;
        };
        self.tell_about(
            id.number,
            Body::Parcel {
                session: id.number,
                number,
                parcel: Parcel(parcel),
            },
        );
        if !self.timers.is_set(Timer::Resend) {
            self.set_timer(Timer::Resend, now, after::RESEND[0]);
        }
    }

    /// Sends again, every way there is, what the other side did not acknowledge.
    pub(super) fn resend_parcels(&mut self, now: Timestamp) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let mut kept = Vec::new();
        for session in call.sessions.iter() {
            kept.extend(session.sent.kept().map(|(number, parcel)| Body::Parcel {
                session: session.number,
                number,
                parcel: Parcel(parcel.clone()),
            }));
        }
        if kept.is_empty() {
            return;
        }
        call.resends = (call.resends + 1).min(after::RESEND.len() - 1);
        let pause = after::RESEND[call.resends];
        for parcel in kept {
            self.tell_every_way(parcel);
        }
        self.set_timer(Timer::Resend, now, pause);
    }

    /// The other side has all of ours below this number.
    pub(super) fn on_parcels_received(&mut self, now: Timestamp, session: u32, next: u32) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let session = call.sessions.find(session);
        if !session.is_some_and(|it| it.sent.acknowledge(next)) {
            return;
        }
        call.resends = 0;
        if call.sessions.iter().all(|it| it.sent.is_empty()) {
            self.timers.stop(Timer::Resend);
        } else {
            self.set_timer(Timer::Resend, now, after::RESEND[0]);
        }
    }

    /// A parcel of their end of a session for ours; it may begin that session.
    pub(super) fn on_parcel(
        &mut self,
        now: Timestamp,
        session: u32,
        number: u32,
        Parcel(parcel): Parcel,
    ) {
        let is_known = |call: &mut Call| call.sessions.find(session).is_some();
        if !self.state.call_mut().is_some_and(is_known) && !self.joins_session(now, session) {
            return self.keep_early_parcel(session, number, parcel);
        }
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let Some(session) = call.sessions.find(session) else {
            return;
        };
        let bytes = parcel.len();
        match session.received.push(number, parcel, bytes) {
            Arrival::New | Arrival::Known => {}
            Arrival::Refused => {
                tracing::debug!(call = %call.id, "a parcel has to wait: too many came before it");
            }
        }
        session.owes_acknowledgement = true;
        self.acknowledge_soon(now);
        self.hand_over_parcels();
    }

    /// Callee: a parcel of a session that is begun too soon, or of one that is over. The first waits
    /// with its session.
    fn keep_early_parcel(&mut self, session: u32, number: u32, parcel: Vec<u8>) {
        if !self.may_join(session) {
            return;
        }
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let pause_ends = call.sessions.pause_ends();
        let Some(early) = call.sessions.wait_for(session) else {
            return;
        };
        let bytes = parcel.len();
        // What is refused is not acknowledged, so it comes again.
        early.received.push(number, parcel, bytes);
        early.owes_acknowledgement = true;
        if !self.timers.is_set(Timer::Join) {
            self.timers.set(Timer::Join, pause_ends);
        }
    }

    /// Says in a moment which parcels have arrived.
    pub(super) fn acknowledge_soon(&mut self, now: Timestamp) {
        if !self.timers.is_set(Timer::Acknowledge) {
            self.set_timer(Timer::Acknowledge, now, after::ACKNOWLEDGE);
        }
    }

    /// Says which parcels have arrived.
    pub(super) fn acknowledge_parcels(&mut self) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let mut received = Vec::new();
        for session in call.sessions.iter_mut() {
            if std::mem::take(&mut session.owes_acknowledgement) {
                received.push((session.number, session.received.next()));
            }
        }
        for (session, next) in received {
            self.tell_about(session, Body::Received { session, next });
        }
    }

    /// Gives our sessions, once they are open, the parcels of theirs whose turn it is.
    pub(super) fn hand_over_parcels(&mut self) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let id = call.id;
        for session in call.sessions.iter_mut().filter(|it| it.phase.is_open()) {
            let parcels = session.received.take();
            let session = SessionId {
                call: id,
                number: session.number,
            };
            let parcels = parcels.into_iter();
            self.outputs
                .extend(parcels.map(|parcel| Output::Parcel { session, parcel }));
        }
    }

    /// Says something about a session: of the one in use through its own channel, while that has a
    /// path and the message fits, else every way there is. Another session is set up because the one
    /// in use may carry nothing any more.
    pub(super) fn tell_about(&mut self, number: u32, body: Body) {
        let has_path = match self.state.stage() {
            Some(Stage::Active { .. }) => self
                .state
                .call()
                .is_some_and(|call| call.sessions.current.number == number),
            None
            | Some(
                Stage::Dialing
                | Stage::Ringing(_)
                | Stage::Incoming(_)
                | Stage::Connecting
                | Stage::Reconnecting { .. },
            ) => false,
        };
        match self.data_message(&body) {
            Some((session, bytes)) if has_path => {
                self.outputs.push_back(Output::Data { session, bytes });
            }
            Some(_) | None => self.tell_every_way(body),
        }
    }

    /// Says something about our call through signaling, and through the session in use as well where
    /// that has been connected.
    pub(super) fn tell_every_way(&mut self, body: Body) {
        let was_connected = self
            .state
            .stage()
            .is_some_and(|it| it.connected_at().is_some());
        if let Some((session, bytes)) = self.data_message(&body).filter(|_| was_connected) {
            self.outputs.push_back(Output::Data { session, bytes });
        }
        self.send(body);
    }

    /// A message about our call in the form for the own channel of the session in use, where it fits.
    fn data_message(&self, body: &Body) -> Option<(SessionId, Vec<u8>)> {
        let call = self.state.call()?;
        let (session, call) = (call.current_session(), call.id);
        let body = body.clone();
        let bytes = Message { call, body }.encode();
        (bytes.len() <= MAX_DATA).then_some((session, bytes))
    }
}
