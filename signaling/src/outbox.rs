//! What is kept for one client until it acknowledges it.

use std::collections::VecDeque;

use signal_wire::{Absence, Address, MessageId, Payload, RelayFrame};

use crate::config::Limits;

/// What a client is sent: an envelope, or the answer that an envelope of its own was not delivered.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Envelope {
        id: MessageId,
        from: Address,
        payload: Payload,
    },
    NotHere {
        id: MessageId,
        to: Address,
    },
}

/// There is no room for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Items in order with their sequence numbers. Those at the front have been written to the
/// current connection; the others wait for it.
#[derive(Debug)]
pub(crate) struct Outbox {
    items: VecDeque<(u64, Item)>,
    written: usize,
    last_seq: u64,
    bytes: usize,
    max_items: usize,
    max_bytes: usize,
}

impl Outbox {
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self {
            items: VecDeque::new(),
            written: 0,
            last_seq: 0,
            bytes: 0,
            max_items: limits.outbox_frames,
            max_bytes: limits.outbox_bytes,
        }
    }

    pub(crate) fn push(&mut self, item: Item) -> Result<(), Full> {
        let bytes = self.bytes + item.size();
        if self.items.len() >= self.max_items || bytes > self.max_bytes {
            return Err(Full);
        }
        self.bytes = bytes;
        self.last_seq += 1;
        self.items.push_back((self.last_seq, item));
        Ok(())
    }

    /// The next frame to write; it counts as written from now on.
    pub(crate) fn next_unwritten(&mut self) -> Option<RelayFrame> {
        let (seq, item) = self.items.get(self.written)?;
        self.written += 1;
        Some(match item.clone() {
            Item::Envelope { id, from, payload } => RelayFrame::Envelope {
                seq: *seq,
                id,
                from,
                payload,
            },
            Item::NotHere { id, to } => RelayFrame::NotHere {
                seq: *seq,
                id,
                to,
                why: Absence::Unknown,
            },
        })
    }

    /// The client has everything up to this number.
    pub(crate) fn acknowledged(&mut self, seq: u64) {
        while let Some((_, item)) = self.items.pop_front_if(|(first, _)| *first <= seq) {
            self.bytes -= item.size();
            self.written = self.written.saturating_sub(1);
        }
    }

    /// A new connection goes on; the client has everything up to this number.
    pub(crate) fn resumed(&mut self, received: u64) {
        self.acknowledged(received);
        self.written = 0;
    }

    /// What the client has not acknowledged.
    pub(crate) fn into_items(self) -> impl Iterator<Item = Item> {
        self.items.into_iter().map(|(_, item)| item)
    }
}

impl Item {
    /// What it takes in memory, about.
    const fn size(&self) -> usize {
        match self {
            Self::Envelope { payload, .. } => size_of::<Self>() + payload.len(),
            Self::NotHere { .. } => size_of::<Self>(),
        }
    }
}
