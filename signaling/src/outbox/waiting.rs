//! Items that wait for their turn, fair by bytes among the lanes: self-clocked fair queueing
//! (Golestani, 1994). Each item is stamped with the virtual time at which its lane would be done with
//! it if all lanes were written at one rate, and the earliest stamp is next.

use std::collections::VecDeque;

use signal_wire::Address;

use super::Lane;
use super::item::{Answer, Envelope, Item};

#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// In the order of their arrival, and so of their stamps within a lane.
    entries: VecDeque<Entry>,
    /// The stamp of the item that was last written.
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    lane: Lane,
    item: Item,
    stamp: u64,
}

impl Waiting {
    pub(super) fn push(&mut self, lane: Lane, item: Item) {
        let stamp = self.stamp(lane, &item);
        self.entries.push_back(Entry { lane, item, stamp });
    }

    /// The item whose turn it is.
    pub(super) fn pop(&mut self) -> Option<(Lane, Item)> {
        let stamps = self.entries.iter().map(|entry| entry.stamp).enumerate();
        let (next, _) = stamps.min_by_key(|(_, stamp)| *stamp)?;
        let Entry { lane, item, stamp } = self.entries.remove(next)?;
        self.clock = stamp;
        Some((lane, item))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether something waits in this lane that can make way.
    pub(super) fn holds(&self, lane: &Lane) -> bool {
        let gives_way = |it: &Entry| it.lane == *lane && it.item.sender().is_some();
        self.entries.iter().any(gives_way)
    }

    pub(super) fn lane_of(&self, sender: &Address) -> Option<Lane> {
        let mut of_sender = self.entries.iter().filter(|entry| is_from(entry, sender));
        of_sender.next().map(|entry| entry.lane)
    }

    /// Gives the items of a sender a lane of their own, behind nobody else's; with what waits among
    /// them.
    pub(super) fn promote(&mut self, sender: &Address) {
        let mut stamp = self.clock;
        for entry in &mut self.entries {
            if entry.item.subject() == Some(sender) && entry.lane != Lane::Answers {
                entry.lane = Lane::Correspondent(*sender);
                stamp += cost(&entry.item);
                entry.stamp = stamp;
            }
        }
    }

    /// Puts an answer in the place of one that it repeats; false when there is none.
    pub(super) fn replace(&mut self, answer: &Answer) -> bool {
        for entry in &mut self.entries {
            if let Item::Answer(waiting) = &mut entry.item
                && waiting.repeats(answer)
            {
                *waiting = answer.clone();
                return true;
            }
        }
        false
    }

    /// Takes out an answer that this one repeats.
    pub(super) fn forget(&mut self, answer: &Answer) {
        let repeats = |it: &Entry| matches!(&it.item, Item::Answer(it) if it.repeats(answer));
        self.entries.retain(|it| !repeats(it));
    }

    /// Takes out the newest item of a sender.
    pub(super) fn take_newest(&mut self, sender: &Address) -> Option<Envelope> {
        let newest = self.entries.iter().rposition(|it| is_from(it, sender))?;
        match self.entries.remove(newest)?.item {
            Item::Envelope(envelope) => Some(envelope),
            Item::Answer(_) => None,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Lane, &Item)> {
        self.entries.iter().map(|entry| (&entry.lane, &entry.item))
    }

    pub(super) fn into_items(self) -> impl Iterator<Item = Item> {
        self.entries.into_iter().map(|entry| entry.item)
    }

    fn stamp(&self, lane: Lane, item: &Item) -> u64 {
        let of_lane = self.entries.iter().filter(|entry| entry.lane == lane);
        let last = of_lane.map(|entry| entry.stamp).max().unwrap_or(0);
        last.max(self.clock) + cost(item)
    }
}

fn is_from(entry: &Entry, sender: &Address) -> bool {
    entry.item.sender() == Some(sender)
}

fn cost(item: &Item) -> u64 {
    item.size() as u64
}
