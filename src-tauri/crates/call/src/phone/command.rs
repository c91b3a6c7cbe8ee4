//! What the user wants.

use crate::time::Timestamp;

use super::Phone;
use super::transition::LastWord;
use crate::id::{CallId, Peer};
use crate::input::Command;
use crate::line::Line;
use crate::message::Over;
use crate::output::Output;
use crate::past::Known;
use crate::presence::Presence;
use crate::reason::EndReason;
use crate::state::{Phase, State};
use crate::timer::{Timer, after};
use crate::view::Controls;

impl Phone {
    pub(super) fn command(&mut self, now: Timestamp, command: Command) {
        match command {
            Command::Dial { call, peer, video } => self.dial(now, call, peer, video),
            Command::Accept { video } => self.accept(now, video),
            Command::Decline => self.decline(now),
            Command::End => self.hang_up(now),
            Command::Dismiss => self.dismiss(),
            Command::SetMicrophone(microphone) => {
                self.wish(|wish| Controls { microphone, ..wish });
            }
            Command::SetCamera(camera) => self.wish(|wish| Controls { camera, ..wish }),
        }
    }

    fn dial(&mut self, now: Timestamp, call: CallId, peer: Peer, video: bool) {
        let fresh = self.past.look_up(&peer.address, call) == Known::Unknown;
        if !self.phase().is_free() || !fresh {
            tracing::warn!(%call, phase = %self.phase(), fresh, "cannot dial now");
            return;
        }
        let mut line = Line::new(call, peer, true, Presence::new(now));
        line.local.wish.camera = video;
        self.timers.stop_all();
        self.state = State::Dialing(Box::new(line));
        self.timers.set(Timer::Ring, now, self.config.ring);
        if self.online {
            self.invite(now);
        } else {
            self.timers.set(Timer::NoRelay, now, after::NO_RELAY);
        }
    }

    fn accept(&mut self, now: Timestamp, video: bool) {
        match self.phase() {
            Phase::Incoming => {
                if let Some(line) = self.state.line_mut() {
                    line.local.wish.camera = video;
                }
                self.answer(now);
            }
            Phase::Idle
            | Phase::Dialing
            | Phase::Ringing
            | Phase::Connecting
            | Phase::Active
            | Phase::Reconnecting
            | Phase::Ended => tracing::debug!(phase = %self.phase(), "nothing to accept"),
        }
    }

    fn decline(&mut self, now: Timestamp) {
        match self.phase() {
            Phase::Incoming => {
                self.end(now, EndReason::Declined, LastWord::Tell(Over::Declined));
            }
            Phase::Idle
            | Phase::Dialing
            | Phase::Ringing
            | Phase::Connecting
            | Phase::Active
            | Phase::Reconnecting
            | Phase::Ended => tracing::debug!(phase = %self.phase(), "nothing to decline"),
        }
    }

    fn hang_up(&mut self, now: Timestamp) {
        match self.phase() {
            Phase::Idle | Phase::Ended => {}
            Phase::Dialing | Phase::Ringing => {
                self.end(now, EndReason::Cancelled, LastWord::Tell(Over::Cancelled));
            }
            Phase::Incoming => {
                self.end(now, EndReason::Declined, LastWord::Tell(Over::Declined));
            }
            Phase::Connecting | Phase::Active | Phase::Reconnecting => {
                self.end(now, EndReason::LocalHangup, LastWord::Tell(Over::HungUp));
            }
        }
    }

    fn dismiss(&mut self) {
        if self.phase() == Phase::Ended {
            self.timers.stop_all();
            self.state = State::Idle;
        }
    }

    /// Before the answer a wish waits; after it, it goes to the gates.
    fn wish(&mut self, change: impl FnOnce(Controls) -> Controls) {
        let Some(line) = self.state.line_mut() else {
            return;
        };
        line.local.wish = change(line.local.wish);
        if self.phase().is_answered() {
            self.capture_as_wished();
        }
    }

    pub(super) fn capture_as_wished(&mut self) {
        if let Some(line) = self.state.line() {
            let Controls { microphone, camera } = line.local.wish;
            self.outputs
                .push_back(Output::SetCapture { microphone, camera });
        }
    }
}
