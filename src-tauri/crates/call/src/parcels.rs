//! The parcels of a call's two sessions, each once and in order, over ways that lose, repeat and
//! reorder messages.
//!
//! Each side numbers its parcels, keeps each until the other side has acknowledged it, and sends what
//! is kept again after a while. So a relay that is restarted in the middle of a negotiation, or a
//! session whose own channel dies under it, loses nothing.

use std::collections::{BTreeMap, VecDeque};

/// Parcels of our session that the other side has not acknowledged.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct SentParcels {
    /// The number of the first that is kept.
    first: u32,
    kept: VecDeque<Vec<u8>>,
    bytes: usize,
}

/// Parcels of the other side's session that ours has not taken yet; each is kept as `P`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ReceivedParcels<P = Vec<u8>> {
    /// The number that comes next: all below have arrived.
    next: u32,
    /// In their order, for our session.
    ready: VecDeque<P>,
    /// Those that overtook others.
    early: BTreeMap<u32, P>,
    /// Of both, on the wire.
    bytes: usize,
}

/// What became of a parcel that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is kept.
    New,
    /// It had arrived before: the acknowledgement may have been lost.
    Known,
    /// There is no room for it. It is not acknowledged, so it comes again.
    Refused,
}

impl SentParcels {
    /// Keeps a parcel until it is acknowledged. Returns its number; none when too many are kept, and
    /// the parcel is lost then.
    pub(crate) fn push(&mut self, parcel: Vec<u8>) -> Option<u32> {
        if self.kept.len() == MAX_PARCELS || self.bytes + parcel.len() > MAX_BYTES {
            return None;
        }
        let number = self.first + u32::try_from(self.kept.len()).ok()?;
        self.bytes += parcel.len();
        self.kept.push_back(parcel);
        Some(number)
    }

    /// All parcels below this number have arrived. Says whether that is news.
    pub(crate) fn acknowledge(&mut self, next: u32) -> bool {
        let before = self.first;
        while self.first < next {
            let Some(parcel) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= parcel.len();
            self.first += 1;
        }
        self.first != before
    }

    /// What is kept, with its numbers, oldest first.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (u32, &Vec<u8>)> {
        (self.first..).zip(&self.kept)
    }

    /// Whether everything has arrived.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

impl<P> ReceivedParcels<P> {
    /// Takes a parcel of so many bytes in, if there is room.
    pub(crate) fn push(&mut self, number: u32, parcel: P, bytes: usize) -> Arrival {
        if number < self.next || self.early.contains_key(&number) {
            return Arrival::Known;
        }
        let count = self.ready.len() + self.early.len();
        // The one that all others wait for is never kept out by them.
        let is_next = number == self.next && self.ready.is_empty();
        if !is_next && (count >= MAX_PARCELS || self.bytes + bytes > MAX_BYTES) {
            return Arrival::Refused;
        }
        if number - self.next >= WINDOW {
            return Arrival::Refused;
        }
        self.bytes += bytes;
        self.early.insert(number, parcel);
        while let Some(parcel) = self.early.remove(&self.next) {
            self.ready.push_back(parcel);
            self.next += 1;
        }
        Arrival::New
    }

    /// The number that comes next: what we acknowledge.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }
}

impl ReceivedParcels {
    /// Takes those whose turn it is, oldest first.
    pub(crate) fn take(&mut self) -> VecDeque<Vec<u8>> {
        let ready = std::mem::take(&mut self.ready);
        self.bytes -= ready.iter().map(Vec::len).sum::<usize>();
        ready
    }
}

impl<P> Default for ReceivedParcels<P> {
    fn default() -> Self {
        Self {
            next: 0,
            ready: VecDeque::new(),
            early: BTreeMap::new(),
            bytes: 0,
        }
    }
}

/// An offer, all candidates of a machine with many interfaces, and room.
const MAX_PARCELS: usize = 64;

/// Offers are below 8 KiB and candidates below 200 bytes.
const MAX_BYTES: usize = 128 * 1024;

/// How far a parcel may be ahead of its turn: nobody keeps more of ours.
const WINDOW: u32 = 64;

impl std::fmt::Debug for SentParcels {
    /// Parcels stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parcels, bytes) = (self.kept.len(), self.bytes);
        write!(f, "SentParcels({parcels} parcels, {bytes} bytes)")
    }
}

impl<P> std::fmt::Debug for ReceivedParcels<P> {
    /// Parcels stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (ready, early, bytes) = (self.ready.len(), self.early.len(), self.bytes);
        write!(
            f,
            "ReceivedParcels({ready} ready, {early} early, {bytes} bytes)"
        )
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
    fn parcels_are_kept_until_they_are_acknowledged() {
        let mut sent = SentParcels::default();
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
        let mut sent = SentParcels::default();
        let numbers = (0..1000).map_while(|_| sent.push(vec![0; 10])).count();
        assert_eq!(numbers, MAX_PARCELS);
        let mut sent = SentParcels::default();
        let numbers = (0..1000).map_while(|_| sent.push(vec![0; 30_000])).count();
        assert_eq!(numbers, 4);
        let mut received = ReceivedParcels::default();
        for number in 0..1000 {
            received.push(number, vec![0; 10], 10);
            received.push(2000 - number, vec![0; 10], 10);
        }
        assert_eq!(received.ready.len() + received.early.len(), MAX_PARCELS);
    }

    #[test]
    fn what_is_refused_comes_again_and_is_taken() {
        let mut received = ReceivedParcels::default();
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
            let (mut sent, mut received) = (SentParcels::default(), ReceivedParcels::default());
            let (mut made, mut taken) = (0, Vec::new());
            for (pick, lost) in ways {
                if sent.kept().count() < 8 && sent.push(text(made)).is_some() {
                    made += 1;
                }
                let some = sent.kept().nth(pick).map(|(number, it)| (number, it.clone()));
                if let Some((number, parcel)) = some.filter(|_| !lost) {
                    received.push(number, parcel, 4);
                    if pick % 2 == 0 {
                        sent.acknowledge(received.next());
                    }
                }
                taken.extend(received.take());
            }
            let first = |sent: &SentParcels| sent.kept().next().map(|it| (it.0, it.1.clone()));
            while let Some((number, parcel)) = first(&sent) {
                received.push(number, parcel, 4);
                sent.acknowledge(received.next());
            }
            taken.extend(received.take());
            prop_assert_eq!(taken, (0..made).map(text).collect::<Vec<_>>());
        }
    }
}
