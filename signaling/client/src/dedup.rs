//! Recognising a message that is sent again.

use std::collections::{HashSet, VecDeque};

use signal_wire::{Address, MessageId};

/// The ids of the last messages that arrived, with their senders. Within a session sequence
/// numbers find repeats; this finds those of a sender who lost their session and sends again, under
/// new numbers, what was not acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Dedup {
    known: HashSet<(Address, MessageId)>,
    order: VecDeque<(Address, MessageId)>,
}

impl Dedup {
    /// Notes a message; false when it has arrived before.
    pub(crate) fn is_new(&mut self, from: Address, id: MessageId) -> bool {
        if !self.known.insert((from, id)) {
            return false;
        }
        self.order.push_back((from, id));
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// A sender sends again at most 128 messages (`outbox`), so this covers several senders at once;
/// it takes about 100 KiB.
const CAPACITY: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_new_once_and_memory_is_bounded() {
        let (ann, bob) = (Address::from_bytes([1; 32]), Address::from_bytes([2; 32]));
        let mut dedup = Dedup::default();
        assert!(dedup.is_new(ann, MessageId([0; 8])));
        assert!(!dedup.is_new(ann, MessageId([0; 8])));
        assert!(dedup.is_new(bob, MessageId([0; 8])));
        for n in 1..=u64::try_from(CAPACITY).unwrap() {
            assert!(dedup.is_new(ann, MessageId(n.to_be_bytes())));
        }
        assert_eq!((dedup.known.len(), dedup.order.len()), (CAPACITY, CAPACITY));
        assert!(
            dedup.is_new(bob, MessageId([0; 8])),
            "the oldest is forgotten"
        );
    }
}
