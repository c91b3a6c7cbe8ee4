//! What the user wants.

use super::Phone;
use super::end::Notice;
use crate::call::Call;
use crate::input::Command;
use crate::message::Over;
use crate::reason::EndReason;
use crate::recent::Lookup;
use crate::state::{Stage, State};
use crate::time::Timestamp;

impl Phone {
    pub(super) fn on_command(&mut self, now: Timestamp, command: Command) {
        match command {
            Command::Dial {
                call,
                peer,
                video,
                via,
            } => self.dial(now, Call::outgoing(now, call, peer, via, video)),
            Command::Accept { video } => self.accept(now, video),
            Command::Decline => self.decline(now),
            Command::End => self.hang_up(now),
            Command::Resume { call, video } => self.want_to_resume(now, call, video),
            Command::Dismiss => self.dismiss(),
            Command::SetMicrophone(microphone) => self.on_wish(|wish| wish.microphone = microphone),
            Command::SetCamera(camera) => self.on_wish(|wish| wish.camera = camera),
            Command::Share(on) => self.share(on),
            Command::AskToRecord { id, statement } => self.ask_to_record(now, id, statement),
            Command::AgreeToRecord { id, statement } => self.agree_to_record(now, id, statement),
            Command::RefuseToRecord { id } => self.refuse_to_record(now, id),
            Command::StopRecording => self.stop_recording(now),
            Command::Say(text) => self.say(now, text),
            Command::Typing => self.say_typing(now),
        }
    }

    fn dial(&mut self, now: Timestamp, ours: Call) {
        match &self.state {
            State::Idle | State::Ended(_) => {
                if self.recent.find(&ours.peer.address, ours.id) == Lookup::Unknown {
                    self.enter_dialing(now, ours);
                } else {
                    tracing::warn!(call = %ours.id, "an id is used twice: cannot dial");
                }
            }
            // Who is dialled calls us this very moment: both want to talk.
            State::Call(call, Stage::Incoming(_)) if call.peer.address == ours.peer.address => {
                tracing::info!(call = %call.id, "dialling the caller accepts their call");
                self.accept(now, ours.local.wish.camera);
            }
            State::Call(
                call,
                Stage::Dialing
                | Stage::Ringing(_)
                | Stage::Incoming(_)
                | Stage::Connecting
                | Stage::Active { .. }
                | Stage::Reconnecting { .. },
            ) => tracing::warn!(call = %call.id, state = self.state.name(), "cannot dial now"),
        }
    }

    fn accept(&mut self, now: Timestamp, video: bool) {
        match &mut self.state {
            State::Call(call, Stage::Incoming(_)) => {
                call.local.wish.camera = video;
                self.accept_call(now);
            }
            State::Idle
            | State::Ended(_)
            | State::Call(
                _,
                Stage::Dialing
                | Stage::Ringing(_)
                | Stage::Connecting
                | Stage::Active { .. }
                | Stage::Reconnecting { .. },
            ) => {
                let call = self.call().map(tracing::field::display);
                tracing::debug!(call, state = self.state.name(), "nothing to accept");
            }
        }
    }

    fn decline(&mut self, now: Timestamp) {
        match &self.state {
            State::Call(call, Stage::Incoming(invitation)) => {
                if !invitation.known {
                    self.declined.add(now, &call.peer.address);
                }
                self.end(now, EndReason::Declined, Notice::Send(Over::Declined));
            }
            State::Idle
            | State::Ended(_)
            | State::Call(
                _,
                Stage::Dialing
                | Stage::Ringing(_)
                | Stage::Connecting
                | Stage::Active { .. }
                | Stage::Reconnecting { .. },
            ) => {
                let call = self.call().map(tracing::field::display);
                tracing::debug!(call, state = self.state.name(), "nothing to decline");
            }
        }
    }

    fn hang_up(&mut self, now: Timestamp) {
        match self.state.stage() {
            None => {}
            Some(Stage::Dialing | Stage::Ringing(_)) => {
                self.end(now, EndReason::Cancelled, Notice::Send(Over::Cancelled));
            }
            Some(Stage::Incoming(_)) => self.decline(now),
            Some(Stage::Connecting | Stage::Active { .. } | Stage::Reconnecting { .. }) => {
                self.end(now, EndReason::LocalHangup, Notice::Send(Over::HungUp));
            }
        }
    }

    fn dismiss(&mut self) {
        match self.state {
            State::Ended(_) => {
                self.cancel_resumption();
                self.timers.stop_call();
                self.state = State::Idle;
            }
            State::Idle | State::Call(..) => {}
        }
    }
}
