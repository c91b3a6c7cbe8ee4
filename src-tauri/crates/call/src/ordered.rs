//! Things that one side sends and the other takes, each once and in order, over ways that lose, repeat
//! and reorder messages: the parcels of a session, the texts of a conversation.
//!
//! Each side numbers what it sends, keeps each until the other side has acknowledged it, and sends what
//! is kept again after a while. So a relay that is restarted in the middle of a negotiation, or a
//! session whose own channel dies under it, loses nothing.

use std::collections::{BTreeMap, VecDeque};

/// Ours that the other side has not acknowledged.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sent<T> {
    /// The number of the first that is kept.
    first: u32,
    kept: VecDeque<T>,
    bytes: usize,
}

/// Theirs that were not taken yet; each is kept as `T`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Received<T> {
    /// The number that comes next: all below have arrived.
    next: u32,
    /// In their order, to be taken.
    ready: VecDeque<T>,
    /// Those that overtook others.
    early: BTreeMap<u32, T>,
    /// Of both, on the wire.
    bytes: usize,
}

/// What became of one that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is kept.
    New,
    /// It had arrived before: the acknowledgement may have been lost.
    Known,
    /// There is no room for it. It is not acknowledged, so it comes again.
    Refused,
}

impl<T: AsRef<[u8]>> Sent<T> {
    /// Keeps one until it is acknowledged. Returns its number; none when too many are kept, and it is
    /// lost then.
    pub(crate) fn push(&mut self, item: T) -> Option<u32> {
        let bytes = item.as_ref().len();
        if !self.has_room(bytes) {
            return None;
        }
        let number = self.first + u32::try_from(self.kept.len()).ok()?;
        self.bytes += bytes;
        self.kept.push_back(item);
        Some(number)
    }

    /// Whether one more of so many bytes can be kept.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.kept.len() < MAX_KEPT && self.bytes + bytes <= MAX_BYTES
    }

    /// All below this number have arrived. Says whether that is news.
    pub(crate) fn acknowledge(&mut self, next: u32) -> bool {
        let before = self.first;
        while self.first < next {
            let Some(item) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= item.as_ref().len();
            self.first += 1;
        }
        self.first != before
    }

    /// What is kept, with its numbers, oldest first.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (u32, &T)> {
        (self.first..).zip(&self.kept)
    }

    /// Whether everything has arrived.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The number of the first that has not arrived, or of the one that comes next.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }
}

impl<T> Received<T> {
    /// Takes one of so many bytes in, if there is room.
    pub(crate) fn push(&mut self, number: u32, item: T, bytes: usize) -> Arrival {
        if self.has(number) {
            return Arrival::Known;
        }
        let count = self.ready.len() + self.early.len();
        // The one that all others wait for is never kept out by them.
        let is_next = number == self.next && self.ready.is_empty();
        if !is_next && (count >= MAX_KEPT || self.bytes + bytes > MAX_BYTES) {
            return Arrival::Refused;
        }
        if number - self.next >= WINDOW {
            return Arrival::Refused;
        }
        self.bytes += bytes;
        self.early.insert(number, item);
        while let Some(item) = self.early.remove(&self.next) {
            self.ready.push_back(item);
            self.next += 1;
        }
        Arrival::New
    }

    /// Whether the one of this number has arrived.
    pub(crate) fn has(&self, number: u32) -> bool {
        number < self.next || self.early.contains_key(&number)
    }

    /// The number that comes next: what we acknowledge.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }
}

impl<T: AsRef<[u8]>> Received<T> {
    /// Takes those whose turn it is, oldest first.
    pub(crate) fn take(&mut self) -> VecDeque<T> {
        let ready = std::mem::take(&mut self.ready);
        self.bytes -= ready.iter().map(|it| it.as_ref().len()).sum::<usize>();
        ready
    }
}

impl<T> Default for Sent<T> {
    fn default() -> Self {
        Self {
            first: 0,
            kept: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<T> Default for Received<T> {
    fn default() -> Self {
        Self {
            next: 0,
            ready: VecDeque::new(),
            early: BTreeMap::new(),
            bytes: 0,
        }
    }
}

/// An offer, all candidates of a machine with many interfaces, and room. More texts than anybody says
/// while none of them arrives.
const MAX_KEPT: usize = 64;

/// Offers are below 8 KiB and candidates below 200 bytes. Eight texts of the greatest length.
const MAX_BYTES: usize = 128 * 1024;

/// How far one may be ahead of its turn: nobody keeps more of ours.
const WINDOW: u32 = 64;

impl<T> std::fmt::Debug for Sent<T> {
    /// Parcels and texts stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (kept, bytes) = (self.kept.len(), self.bytes);
        write!(f, "Sent({kept} kept, {bytes} bytes)")
    }
}

impl<T> std::fmt::Debug for Received<T> {
    /// Parcels and texts stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (ready, early, bytes) = (self.ready.len(), self.early.len(), self.bytes);
        write!(f, "Received({ready} ready, {early} early, {bytes} bytes)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(number: u32) -> Vec<u8> {
        number.to_be_bytes().to_vec()
    }

    #[test]
    fn each_is_kept_until_it_is_acknowledged() {
        let mut sent = Sent::default();
        for number in 0..5 {
            assert_eq!(sent.push(text(number)), Some(number));
        }
        assert!(sent.acknowledge(3));
        assert!(!sent.acknowledge(3) && !sent.acknowledge(1));
        let kept: Vec<_> = sent
            .kept()
            .map(|(number, it)| (number, it.clone()))
            .collect();
        assert_eq!(kept, [(3, text(3)), (4, text(4))]);
        // Nobody can have what was never sent.
        assert!(sent.acknowledge(u32::MAX));
        assert!(sent.is_empty());
        assert_eq!(sent.push(text(5)), Some(5));
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut sent = Sent::default();
        let numbers = (0..1000).map_while(|_| sent.push(vec![0; 10])).count();
        assert_eq!(numbers, MAX_KEPT);
        let mut sent = Sent::default();
        let numbers = (0..1000).map_while(|_| sent.push(vec![0; 30_000])).count();
        assert_eq!(numbers, 4);
        let mut received = Received::default();
        for number in 0..1000 {
            received.push(number, vec![0; 10], 10);
            received.push(2000 - number, vec![0; 10], 10);
        }
        assert_eq!(received.ready.len() + received.early.len(), MAX_KEPT);
    }

    #[test]
    fn what_is_refused_comes_again_and_is_taken() {
        let mut received = Received::default();
        for number in 0..100 {
            received.push(number, text(number), 4);
        }
        assert_eq!(received.next(), 64);
        assert_eq!(received.take().len(), 64);
        assert_eq!(received.push(64, text(64), 4), Arrival::New);
        assert_eq!(received.push(63, text(63), 4), Arrival::Known);
    }

    proptest! {
        #[test]
        fn each_arrives_once_and_in_order(
            ways in prop::collection::vec((0_usize..8, prop::bool::ANY), 0..400),
        ) {
            let (mut sent, mut received) = (Sent::default(), Received::default());
            let (mut made, mut taken) = (0, Vec::new());
            for (pick, lost) in ways {
                if sent.kept().count() < 8 && sent.push(text(made)).is_some() {
                    made += 1;
                }
                let some = sent.kept().nth(pick).map(|(number, it)| (number, it.clone()));
                if let Some((number, item)) = some.filter(|_| !lost) {
                    received.push(number, item, 4);
                    if pick % 2 == 0 {
                        sent.acknowledge(received.next());
                    }
                }
                taken.extend(received.take());
            }
            let first = |sent: &Sent<Vec<u8>>| sent.kept().next().map(|it| (it.0, it.1.clone()));
            while let Some((number, item)) = first(&sent) {
                received.push(number, item, 4);
                sent.acknowledge(received.next());
            }
            taken.extend(received.take());
            prop_assert_eq!(taken, (0..made).map(text).collect::<Vec<_>>());
        }
    }
}
