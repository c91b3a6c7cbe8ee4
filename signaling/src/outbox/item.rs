//! What a client is sent.

use signal_wire::{Absence, Address, MessageId, Payload, RelayFrame};

#[derive(Clone, Debug)]
pub(super) enum Item {
    Envelope(Envelope),
    Answer(Answer),
}

/// Something from somebody.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(crate) id: MessageId,
    pub(crate) from: Address,
    pub(crate) payload: Payload,
}

/// What became of an envelope of the client's own.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    NotHere {
        id: MessageId,
        to: Address,
        why: Absence,
    },
    Refused {
        id: MessageId,
        to: Address,
    },
}

impl Item {
    /// What it takes in memory, about.
    pub(super) const fn size(&self) -> usize {
        match self {
            Self::Envelope(envelope) => envelope.size(),
            Self::Answer(_) => OVERHEAD,
        }
    }

    pub(super) const fn sender(&self) -> Option<&Address> {
        match self {
            Self::Envelope(envelope) => Some(&envelope.from),
            Self::Answer(_) => None,
        }
    }

    /// Whose words it is, or who it says is not there.
    pub(super) const fn subject(&self) -> Option<&Address> {
        match self {
            Self::Envelope(envelope) => Some(&envelope.from),
            Self::Answer(answer) => answer.absent(),
        }
    }

    pub(super) fn frame(&self, seq: u64) -> RelayFrame {
        match self.clone() {
            Self::Envelope(Envelope { id, from, payload }) => RelayFrame::Envelope {
                seq,
                id,
                from,
                payload,
            },
            Self::Answer(Answer::NotHere { id, to, why }) => {
                RelayFrame::NotHere { seq, id, to, why }
            }
            Self::Answer(Answer::Refused { id, to }) => RelayFrame::Refused { seq, id, to },
        }
    }
}

impl Envelope {
    /// What it takes in memory, about.
    pub(crate) const fn size(&self) -> usize {
        OVERHEAD + self.payload.len()
    }
}

impl Answer {
    /// Who is not there.
    pub(super) const fn absent(&self) -> Option<&Address> {
        match self {
            Self::NotHere { to, .. } => Some(to),
            Self::Refused { .. } => None,
        }
    }

    /// Whether it says the same of the same address, so that one of the two is enough.
    pub(super) fn repeats(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NotHere { to, .. }, Self::NotHere { to: other, .. })
            | (Self::Refused { to, .. }, Self::Refused { to: other, .. }) => to == other,
            (Self::NotHere { .. }, Self::Refused { .. })
            | (Self::Refused { .. }, Self::NotHere { .. }) => false,
        }
    }
}

/// What an item takes beside its payload, with its number, its lane and the allocator's share.
pub(super) const OVERHEAD: usize = size_of::<Item>() + 128;
