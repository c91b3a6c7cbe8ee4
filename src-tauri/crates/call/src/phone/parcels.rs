//! Parcels between the two sessions: carried, acknowledged, and sent again where they may be lost.

use super::Phone;
use crate::id::CallId;
use crate::message::{Body, MAX_DATA, MAX_PARCEL, Message, Parcel};
use crate::output::Output;
use crate::parcels::Arrival;
use crate::state::{Stage, State};
use crate::time::Timestamp;
use crate::timer::{Timer, after};

impl Phone {
    /// Our session has a parcel for theirs.
    pub(super) fn send_parcel(&mut self, now: Timestamp, id: CallId, parcel: Vec<u8>) {
        let State::Call(call, _) = &mut self.state else {
            return;
        };
        if call.id != id || !self.slot.is_open(id) {
            return;
        }
        if parcel.len() > MAX_PARCEL {
            tracing::warn!(call = %id, bytes = parcel.len(), "our session's parcel is too large");
            return;
        }
        let Some(number) = call.sent.push(parcel.clone()) else {
            tracing::warn!(call = %id, "our session makes more parcels than arrive; one is dropped");
            return;
        };
        let parcel = Parcel(parcel);
        self.tell(Body::Parcel { number, parcel });
        if !self.timers.is_set(Timer::Resend) {
            self.set_timer(Timer::Resend, now, after::RESEND[0]);
        }
    }

    /// Sends again, every way there is, what the other side did not acknowledge.
    pub(super) fn resend_parcels(&mut self, now: Timestamp) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let kept: Vec<_> = call.sent.kept().map(|(at, it)| (at, it.clone())).collect();
        if kept.is_empty() {
            return;
        }
        call.resends = (call.resends + 1).min(after::RESEND.len() - 1);
        let pause = after::RESEND[call.resends];
        for (number, parcel) in kept {
            let parcel = Parcel(parcel);
            self.tell_every_way(Body::Parcel { number, parcel });
        }
        self.set_timer(Timer::Resend, now, pause);
    }

    /// The other side has all of ours below this number.
    pub(super) fn on_parcels_received(&mut self, now: Timestamp, next: u32) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        if !call.sent.acknowledge(next) {
            return;
        }
        call.resends = 0;
        if call.sent.is_empty() {
            self.timers.stop(Timer::Resend);
        } else {
            self.set_timer(Timer::Resend, now, after::RESEND[0]);
        }
    }

    /// A parcel of their session for ours.
    pub(super) fn on_parcel(&mut self, now: Timestamp, number: u32, Parcel(parcel): Parcel) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let bytes = parcel.len();
        match call.received.push(number, parcel, bytes) {
            Arrival::New | Arrival::Known => {}
            Arrival::Refused => {
                tracing::debug!(call = %call.id, "a parcel has to wait: too many came before it");
            }
        }
        if !self.timers.is_set(Timer::Acknowledge) {
            self.set_timer(Timer::Acknowledge, now, after::ACKNOWLEDGE);
        }
        self.hand_over_parcels();
    }

    /// Says which parcels have arrived.
    pub(super) fn acknowledge_parcels(&mut self) {
        if let Some(call) = self.state.call() {
            let next = call.received.next();
            self.tell(Body::Received { next });
        }
    }

    /// Gives our session, once it is open, the parcels of theirs whose turn it is.
    pub(super) fn hand_over_parcels(&mut self) {
        let Some(call) = self.state.call_mut() else {
            return;
        };
        let id = call.id;
        if !self.slot.is_open(id) {
            return;
        }
        for parcel in call.received.take() {
            self.outputs.push_back(Output::Parcel { call: id, parcel });
        }
    }

    /// Says something about our call through the session while that has a path and the message fits,
    /// else every way there is.
    fn tell(&mut self, body: Body) {
        let has_path = match self.state.stage() {
            Some(Stage::Active { .. }) => true,
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
            Some((call, bytes)) if has_path => {
                self.outputs.push_back(Output::Data { call, bytes });
            }
            Some(_) | None => self.tell_every_way(body),
        }
    }

    /// Says something about our call through signaling, and through the session as well where that
    /// has been connected.
    fn tell_every_way(&mut self, body: Body) {
        let was_connected = self
            .state
            .stage()
            .is_some_and(|it| it.connected_at().is_some());
        if let Some((call, bytes)) = self.data_message(&body).filter(|_| was_connected) {
            self.outputs.push_back(Output::Data { call, bytes });
        }
        self.send(body);
    }

    /// A message about our call in the form for the session's channel, where it fits.
    fn data_message(&self, body: &Body) -> Option<(CallId, Vec<u8>)> {
        let call = self.state.call()?.id;
        let body = body.clone();
        let bytes = Message { call, body }.encode();
        (bytes.len() <= MAX_DATA).then_some((call, bytes))
    }
}
