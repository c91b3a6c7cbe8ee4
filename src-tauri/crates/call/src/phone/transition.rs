//! The steps from state to state, whoever asks for them.

use std::time::Duration;

use crate::time::Timestamp;

use super::{Config, Phone};
use crate::controls::{Local, OFF};
use crate::id::CallId;
use crate::line::Line;
use crate::message::{Body, Over};
use crate::output::{Output, Sound};
use crate::presence::SILENCE;
use crate::reason::EndReason;
use crate::state::{Ended, Flowing, Gap, Invitation, Path, State};
use crate::timer::{Timer, after};

/// What the other side is told of the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastWord {
    /// Say it now, every way there is, and again whenever they ask.
    Tell(Over),
    /// Say it only if they ask.
    IfAsked(Over),
    /// They know.
    Theirs,
}

impl Phone {
    /// Caller: sends the invitation, now and until something is heard.
    pub(super) fn invite(&mut self, now: Timestamp) {
        let Some(line) = self.state.line() else {
            return;
        };
        let ring_ms = u32::try_from(self.config.ring.as_millis()).unwrap_or(u32::MAX);
        let video = line.local.wish.camera;
        let name = self.config.name.clone();
        self.tell(Body::Invite {
            name,
            video,
            ring_ms,
        });
        self.timers.set(Timer::Repeat, now, after::REPEAT);
    }

    /// Callee: somebody calls.
    pub(super) fn ring(
        &mut self,
        now: Timestamp,
        line: Line,
        invitation: Invitation,
        ring_ms: u32,
    ) {
        let ring = Duration::from_millis(u64::from(ring_ms));
        let ring = ring.clamp(Config::RING_MIN, Config::RING_MAX) + after::RING_MARGIN;
        self.timers.stop_all();
        self.timers.set(Timer::Ring, now, ring);
        self.timers.set(Timer::Probe, now, after::PROBE);
        self.state = State::Incoming(Box::new(line), invitation);
        self.tell(Body::Ringing);
        self.outputs.push_back(Output::Sound(Sound::RingTone));
    }

    /// Caller: their device rings. Our session opens, so that an answer leads to media at once.
    pub(super) fn rings(&mut self, now: Timestamp) {
        let Some(line) = self.state.take_line() else {
            return;
        };
        self.timers.stop(Timer::Repeat);
        self.timers.stop(Timer::NoRelay);
        self.timers.set(Timer::Probe, now, after::PROBE);
        self.state = State::Ringing(line, Path::Down);
        self.outputs.push_back(Output::Sound(Sound::RingBack));
        self.want_session();
    }

    /// Callee: says yes, by the user's word or because we were calling them.
    pub(super) fn answer(&mut self, now: Timestamp) {
        let Some(line) = self.state.take_line() else {
            return;
        };
        self.state = State::Connecting(line);
        self.tell_answer(now);
        self.connecting(now);
    }

    /// Callee: sends the answer, now and until media flows.
    pub(super) fn tell_answer(&mut self, now: Timestamp) {
        let Some(line) = self.state.line() else {
            return;
        };
        let instead_of = line.instead_of;
        let name = self.config.name.clone();
        self.tell(Body::Accept { name, instead_of });
        self.timers.set(Timer::Repeat, now, after::REPEAT);
    }

    /// Caller: they said yes.
    pub(super) fn answered(&mut self, now: Timestamp, path: Path) {
        let Some(line) = self.state.take_line() else {
            return;
        };
        self.timers.stop(Timer::Repeat);
        self.timers.stop(Timer::NoRelay);
        self.state = State::Connecting(line);
        self.connecting(now);
        match path {
            Path::Down => {}
            Path::Up => self.flow(now),
        }
    }

    /// Both said yes: a path is wanted, and what is captured may leave.
    fn connecting(&mut self, now: Timestamp) {
        self.timers.stop(Timer::Ring);
        self.timers.set(Timer::Connect, now, after::CONNECT);
        self.timers.set(Timer::Probe, now, after::PROBE);
        self.want_session();
        self.outputs.push_back(Output::Sound(Sound::Silence));
        self.capture_as_wished();
    }

    /// Media flows for the first time.
    pub(super) fn flow(&mut self, now: Timestamp) {
        let Some(mut line) = self.state.take_line() else {
            return;
        };
        line.presence.heard_directly(now);
        self.timers.stop(Timer::Connect);
        // Who answered says so until the caller speaks: a path alone does not tell that it knows.
        if line.outgoing {
            self.timers.stop(Timer::Repeat);
        }
        self.timers.set(Timer::Probe, now, SILENCE);
        self.state = State::Active(line, Flowing { since: now });
        self.outputs.push_back(Output::Sound(Sound::Connected));
        self.alive(now);
    }

    /// The path is lost. What has to be done about it counts from the last that was heard.
    pub(super) fn lose(&mut self, now: Timestamp) {
        let Some(flowing) = self.state.flowing() else {
            return;
        };
        let Some(line) = self.state.take_line() else {
            return;
        };
        let silence = line.presence.direct_silence(now);
        let restart = if line.outgoing {
            after::RESTART
        } else {
            after::RESTART_ANSWERER
        };
        self.timers
            .set(Timer::Lost, now, after::LOST.saturating_sub(silence));
        self.timers
            .set(Timer::Restart, now, restart.saturating_sub(silence));
        self.timers
            .set(Timer::GiveUp, now, after::GIVE_UP.saturating_sub(silence));
        self.state = State::Reconnecting(line, flowing, Gap::Unseen);
    }

    /// The path is back.
    pub(super) fn find(&mut self, now: Timestamp) {
        let Some(flowing) = self.state.flowing() else {
            return;
        };
        let Some(line) = self.state.take_line() else {
            return;
        };
        self.timers.stop(Timer::Lost);
        self.timers.stop(Timer::Restart);
        self.timers.stop(Timer::GiveUp);
        self.state = State::Active(line, flowing);
        self.alive(now);
    }

    /// Reports the controls through the session's own channel, now and every second.
    pub(super) fn alive(&mut self, now: Timestamp) {
        if let Some(body) = self.report() {
            self.tell_directly(body);
        }
        self.timers.set(Timer::Alive, now, after::ALIVE);
    }

    /// What is true of our controls, with the next number.
    pub(super) fn report(&mut self) -> Option<Body> {
        let Local { truth, .. } = self.state.line()?.local;
        let sequence = self.state.line_mut()?.local.next_sequence();
        Some(Body::controls(sequence, truth))
    }

    /// The call is over.
    pub(super) fn end(&mut self, now: Timestamp, reason: EndReason, last_word: LastWord) {
        let lasted = self.state.flowing().map(|f| now.since(f.since));
        self.last_word(last_word);
        let Some(line) = self.state.take_line() else {
            return;
        };
        let Line {
            call,
            peer,
            outgoing,
            ..
        } = *line;
        self.timers.stop_all();
        self.outputs.push_back(Output::SetCapture {
            microphone: OFF.microphone,
            camera: OFF.camera,
        });
        self.outputs.push_back(Output::Sound(sound_of(reason)));
        self.outputs.push_back(Output::Ended {
            call,
            peer: peer.clone(),
            reason,
            outgoing,
            lasted,
        });
        self.close_session(call);
        if reason == EndReason::Replaced {
            return;
        }
        if !reason.stays() {
            self.timers.set(Timer::LeaveEnded, now, after::LEAVE_ENDED);
        }
        self.state = State::Ended(Box::new(Ended {
            call,
            peer,
            reason,
            lasted,
            outgoing,
        }));
    }

    /// Says it and remembers it for those who ask later.
    fn last_word(&mut self, last_word: LastWord) {
        let Some(line) = self.state.line() else {
            return;
        };
        let remembered = match last_word {
            LastWord::Tell(why) | LastWord::IfAsked(why) => Some(why),
            LastWord::Theirs => None,
        };
        self.past
            .remember(&line.peer.address, line.call, remembered);
        match last_word {
            LastWord::Tell(why) => {
                if self.phase().has_channel() {
                    self.tell_directly(Body::Over { why });
                }
                self.tell(Body::Over { why });
            }
            LastWord::IfAsked(_) | LastWord::Theirs => {}
        }
    }

    /// Repeats the last word of a call that is over, to somebody who still speaks of it.
    pub(super) fn say_over(&mut self, to: &str, call: CallId, why: Over) {
        self.say(to, call, Body::Over { why });
    }
}

/// The tone that goes with an end. Where the user knows, or was never there, none.
fn sound_of(reason: EndReason) -> Sound {
    match reason {
        EndReason::LocalHangup
        | EndReason::RemoteHangup
        | EndReason::RemoteDeclined
        | EndReason::Busy
        | EndReason::NoAnswer
        | EndReason::Unreachable
        | EndReason::NoRelay
        | EndReason::NoPath
        | EndReason::ConnectionLost
        | EndReason::PeerGone
        | EndReason::Incompatible
        | EndReason::InternalError => Sound::Ended,
        EndReason::Cancelled | EndReason::Missed | EndReason::Declined | EndReason::Replaced => {
            Sound::Silence
        }
    }
}
