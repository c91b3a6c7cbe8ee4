//! What happens when a deadline passes.

use crate::time::Timestamp;

use super::Phone;
use super::transition::LastWord;
use crate::message::{Body, Over};
use crate::output::{Output, Sound};
use crate::presence::SILENCE;
use crate::reason::EndReason;
use crate::state::{Gap, Phase, State};
use crate::timer::{Timer, after};

impl Phone {
    /// A timer is stopped when its state is left, so each one meets the state that it was set for.
    pub(super) fn timeout(&mut self, now: Timestamp, timer: Timer) {
        match timer {
            Timer::Ring => self.nobody_answered(now),
            Timer::NoRelay => {
                self.end(now, EndReason::NoRelay, LastWord::Tell(Over::Cancelled));
            }
            Timer::Repeat => self.repeat(now),
            Timer::Probe => self.probe(now),
            Timer::Connect => self.end(now, EndReason::NoPath, LastWord::Tell(Over::NoPath)),
            Timer::Alive => self.alive(now),
            Timer::Unexplained => self.end(now, EndReason::PeerGone, LastWord::Tell(Over::Gone)),
            Timer::Lost => self.show_loss(),
            Timer::Restart => self.restart(now),
            Timer::GiveUp => {
                self.end(now, EndReason::ConnectionLost, LastWord::Tell(Over::Lost));
            }
            Timer::LeaveEnded => self.state = State::Idle,
        }
    }

    fn nobody_answered(&mut self, now: Timestamp) {
        match self.phase() {
            Phase::Dialing | Phase::Ringing => {
                self.end(now, EndReason::NoAnswer, LastWord::Tell(Over::Cancelled));
            }
            Phase::Incoming => self.end(now, EndReason::Missed, LastWord::IfAsked(Over::Gone)),
            Phase::Idle
            | Phase::Connecting
            | Phase::Active
            | Phase::Reconnecting
            | Phase::Ended => {}
        }
    }

    /// Says again what may have been lost: the invitation or the answer.
    pub(super) fn repeat(&mut self, now: Timestamp) {
        if !self.online {
            return self.timers.set(Timer::Repeat, now, after::REPEAT);
        }
        match &self.state {
            State::Dialing(_) => self.invite(now),
            State::Connecting(line) | State::Active(line, _) | State::Reconnecting(line, ..)
                if !line.outgoing =>
            {
                self.tell_answer(now);
            }
            State::Idle
            | State::Ringing(..)
            | State::Incoming(..)
            | State::Connecting(_)
            | State::Active(..)
            | State::Reconnecting(..)
            | State::Ended(_) => {}
        }
    }

    /// Sends something that the relay cannot deliver if they are gone, and that they answer if
    /// they are not in the call any more.
    fn probe(&mut self, now: Timestamp) {
        let Some(line) = self.state.line() else {
            return;
        };
        let silence = line.presence.silence(now);
        let in_doubt = line.presence.is_in_doubt(now);
        let stalled = line.presence.is_stalled(now);
        let (ask, next) = match self.phase() {
            Phase::Idle | Phase::Dialing | Phase::Ended => return,
            Phase::Ringing | Phase::Incoming | Phase::Connecting if in_doubt => {
                (true, after::PROBE_AGAIN)
            }
            Phase::Ringing | Phase::Incoming | Phase::Connecting => (true, after::PROBE),
            Phase::Active | Phase::Reconnecting if silence >= SILENCE => (true, after::PROBE_AGAIN),
            Phase::Active | Phase::Reconnecting => (false, SILENCE - silence),
        };
        if ask && self.online {
            self.tell(Body::Still);
        }
        self.timers.set(Timer::Probe, now, next);
        if stalled && self.phase() == Phase::Active {
            self.lose(now);
        }
    }

    /// Says that the path is lost.
    fn show_loss(&mut self) {
        match &mut self.state {
            State::Reconnecting(_, _, gap) => {
                *gap = Gap::Shown;
                self.outputs.push_back(Output::Sound(Sound::Lost));
            }
            State::Idle
            | State::Dialing(_)
            | State::Ringing(..)
            | State::Incoming(..)
            | State::Connecting(_)
            | State::Active(..)
            | State::Ended(_) => {}
        }
    }
}
