//! The session of a call: opened once, closed once, never two at a time.

use super::Phone;
use crate::id::CallId;
use crate::input::Transport;
use crate::output::Output;
use crate::state::State;
use crate::time::Timestamp;
use crate::timer::{Timer, after};

/// The one place for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// None.
    Free,
    /// That of this call.
    Open(CallId),
    /// That of this call, until it says that it is closed.
    Closing(CallId),
}

impl Slot {
    pub(super) fn is_open(self, call: CallId) -> bool {
        match self {
            Self::Open(open) => open == call,
            Self::Free | Self::Closing(_) => false,
        }
    }
}

impl Phone {
    /// Opens the session of the call and hands it the parcels that wait. While the session of the
    /// call before is still closing, nothing happens: its end asks again.
    pub(super) fn open_session(&mut self) {
        let State::Call(call, stage) = &mut self.state else {
            return;
        };
        match self.slot {
            Slot::Free if stage.has_session() => {}
            Slot::Free | Slot::Open(_) | Slot::Closing(_) => return,
        }
        let id = call.id;
        self.slot = Slot::Open(id);
        self.outputs.push_back(Output::OpenTransport {
            call: id,
            offerer: call.outgoing,
        });
        self.hand_over_parcels();
    }

    pub(super) fn close_session(&mut self, call: CallId) {
        if self.slot.is_open(call) {
            self.slot = Slot::Closing(call);
            self.outputs.push_back(Output::CloseTransport { call });
        }
    }

    /// A report of a session. Of a session that is closing, only its end matters.
    pub(super) fn on_transport(&mut self, now: Timestamp, call: CallId, report: Transport) {
        match self.slot {
            Slot::Open(open) if open == call => self.on_open_transport(now, report),
            Slot::Closing(closing) if closing == call && report == Transport::Closed => {
                self.slot = Slot::Free;
                self.open_session();
            }
            Slot::Free | Slot::Open(_) | Slot::Closing(_) => {}
        }
    }

    fn on_open_transport(&mut self, now: Timestamp, report: Transport) {
        match report {
            Transport::Connected => self.on_connected(now),
            Transport::Disconnected => self.on_disconnected(now),
            Transport::Silent(silence) if silence.is_zero() => self.on_heard(now),
            Transport::Silent(silence) => self.on_silence(now, now - silence),
            Transport::ClosedByPeer => self.set_timer(Timer::PeerClosed, now, after::PEER_CLOSED),
            Transport::Failed | Transport::Closed => self.on_failed(now),
            Transport::Insecure => self.on_insecure(now),
            Transport::Broken => self.on_broken(now),
        }
    }
}
