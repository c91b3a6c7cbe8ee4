//! Messages that have arrived, so that one that is sent again is recognised.

use std::collections::{HashSet, VecDeque};

use signal_wire::{Address, MessageId};

/// Remembers the last messages by sender and name. Within a session sequence numbers do this;
/// here it is about a sender who lost their session and sends again what was not acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    known: HashSet<(Address, MessageId)>,
    order: VecDeque<(Address, MessageId)>,
}

impl Seen {
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
        let mut seen = Seen::default();
        assert!(seen.is_new(ann, MessageId([0; 8])));
        assert!(!seen.is_new(ann, MessageId([0; 8])));
        assert!(seen.is_new(bob, MessageId([0; 8])));
        for n in 1..=u64::try_from(CAPACITY).unwrap() {
            assert!(seen.is_new(ann, MessageId(n.to_be_bytes())));
        }
        assert_eq!((seen.known.len(), seen.order.len()), (CAPACITY, CAPACITY));
        assert!(
            seen.is_new(bob, MessageId([0; 8])),
            "the oldest is forgotten"
        );
    }
}
