//! Receipts: what each side hears and shows of the other.

use super::Phone;
use crate::message::{Body, Receipt};
use crate::state::{Stage, State};
use crate::time::Timestamp;

impl Phone {
    /// What was captured, heard and shown here in the last second. The other side is told, also
    /// where we hear nothing: it may be only our direction that is lost, and they would not know.
    pub(super) fn on_own_receipt(&mut self, now: Timestamp, receipt: Receipt) {
        match &mut self.state {
            State::Call(call, Stage::Active { .. }) => {
                let (local, remote) = (call.local.actual, call.remote.controls);
                call.receipts.on_ours(now, receipt, local, remote);
                self.send_data(Body::Receipt(receipt));
            }
            State::Call(call, Stage::Reconnecting { .. }) => {
                call.receipts.forget();
                self.send_data(Body::Receipt(receipt));
            }
            State::Idle
            | State::Ended(_)
            | State::Call(
                _,
                Stage::Dialing | Stage::Ringing(_) | Stage::Incoming(_) | Stage::Connecting,
            ) => {}
        }
    }

    /// The same of the other side.
    pub(super) fn on_receipt(&mut self, now: Timestamp, receipt: Receipt) {
        if let Some(call) = self.state.call_mut() {
            call.receipts.on_theirs(now, receipt);
        }
    }
}
