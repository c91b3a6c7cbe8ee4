//! Whether playout waits for in-band copies (LBRR, RFC 6716, 4.2.4).
//!
//! A lost packet can be rebuilt from the copy in the next one, but only if that one is here when
//! the lost one is due: playout must run one packet later. That pays where enough is lost.

/// Follows the loss of one stream and decides.
#[derive(Debug, Default)]
pub(super) struct FecWait {
    /// Share of packets that did not come in time, lately, 0 to 1.
    loss: f32,
    waits: bool,
}

impl FecWait {
    /// Whether playout shall run one packet later.
    pub(super) const fn waits(&self) -> bool {
        self.waits
    }

    /// So many packets in a row were due and not there. Of an outage only the last counts: the copy
    /// in the next packet would mend no other.
    pub(super) fn missed(&mut self, packets: u64) {
        let counted = if packets > LONGEST_BURST { 1 } else { packets };
        for _ in 0..counted {
            self.loss += MEMORY * (1.0 - self.loss);
        }
    }

    /// A packet was due and there.
    pub(super) fn played(&mut self) {
        self.loss -= MEMORY * self.loss;
    }

    /// Decides anew; `has_copy` says whether the packet just played carries one. Stopping takes
    /// half of the loss that starting takes, so that the delay does not go to and fro.
    pub(super) fn decide(&mut self, has_copy: bool) {
        if self.loss > WORTH_A_PACKET && has_copy {
            self.waits = true;
        } else if self.loss < WORTH_A_PACKET / 2.0 {
            self.waits = false;
        }
    }
}

/// From 2 % on, what copies bring is heard more than the delay of one packet.
const WORTH_A_PACKET: f32 = 0.02;

/// How much one packet counts: half of the weight lies in the last 140 packets, 3 s.
const MEMORY: f32 = 0.005;

/// A tenth of a second of packets: a longer row is an outage, which says nothing about the next
/// loss.
const LONGEST_BURST: u64 = 5;
