//! What is kept for one client until it acknowledges it.
//!
//! Items wait in lanes and are written in fair turns, so that nobody's flood makes another's message
//! late: each address that the client wrote to lately has a lane of its own, all strangers of one
//! network share one, and so do the answers to what the client sent itself. Only a quarter of
//! the room is ever on its way to the client; the rest can still make way for something else.
//!
//! Bounded: correspondents together and strangers together have half of the room each, and a lane
//! takes at most a quarter of it. Where one of these is used up, the newest item of whoever takes
//! most of it makes way for somebody who takes less. What must never happen: an item that waits for
//! ever behind those of others, two items of one sender out of order, or that somebody is gone
//! before what they said until then.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::mem::discriminant;

use signal_wire::{Address, MAX_PAYLOAD_BYTES, RelayFrame};
use tokio::time::Instant;

use crate::config::Limits;
use crate::source::Prefix;

mod item;
mod load;
mod waiting;

use item::Item;
pub(crate) use item::{Answer, Envelope};
use load::Load;
use waiting::Waiting;

/// Whose part of an outbox an item takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// What became of the client's own envelopes, unless their receiver is gone and something that
    /// they said still waits.
    Answers,
    /// Somebody whom the client wrote to lately.
    Correspondent(Address),
    /// Everybody else in one network.
    Strangers(Prefix),
}

/// Items in order with their sequence numbers, and those that wait for their number.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// On their way to the client. Those at the front have been written to the current connection.
    in_flight: VecDeque<(u64, Lane, Item)>,
    written: usize,
    last_seq: u64,
    waiting: Waiting,
    /// All envelopes.
    load: Load,
    /// Since when the client has acknowledged nothing of what is in flight.
    stalled_since: Option<Instant>,
    room: Load,
    half: Load,
    quarter: Load,
}

/// What became of an envelope.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Whether it is in the outbox.
    pub(crate) taken: bool,
    /// What made way for it.
    pub(crate) displaced: Vec<Envelope>,
}

/// The client acknowledged what it was never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AckOfFuture;

/// Which bound an item would go beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// That of its lane.
    Lane,
    /// That of all correspondents, or of all strangers.
    Half,
}

impl Lane {
    /// Whether both have the same half of the room.
    fn is_like(self, other: Self) -> bool {
        discriminant(&self) == discriminant(&other)
    }
}

impl Outbox {
    pub(crate) fn new(limits: &Limits) -> Self {
        let room = Load {
            frames: limits.outbox_frames,
            bytes: limits.outbox_bytes,
        };
        // A part is never too small for the largest envelope.
        let part = |divisor: usize| Load {
            frames: (room.frames / divisor).max(1),
            bytes: (room.bytes / divisor).max(MAX_PAYLOAD_BYTES + item::OVERHEAD),
        };
        Self {
            in_flight: VecDeque::new(),
            written: 0,
            last_seq: 0,
            waiting: Waiting::default(),
            load: Load::default(),
            stalled_since: None,
            room,
            half: part(2),
            quarter: part(4),
        }
    }

    /// Bytes of all envelopes, about.
    pub(crate) const fn bytes(&self) -> usize {
        self.load.bytes
    }

    /// Takes an envelope if there is room in its lane, or if something heavier makes way for it.
    pub(crate) fn push(&mut self, lane: Lane, envelope: Envelope) -> Admission {
        let mut displaced = Vec::new();
        while let Some(bound) = self.pressed(lane, envelope.size()) {
            let Some(victim) = self.displace(bound, lane, &envelope) else {
                return Admission {
                    taken: false,
                    displaced,
                };
            };
            self.load = self.load.minus(victim.size());
            displaced.push(victim);
        }
        self.load = self.load.plus(envelope.size());
        self.waiting.push(lane, Item::Envelope(envelope));
        Admission {
            taken: true,
            displaced,
        }
    }

    /// Takes an answer. One that says the same of the same address, and has not been written yet,
    /// is replaced; beyond [`ANSWERS`] the client must acknowledge some first, and an answer is lost.
    /// That somebody is not there is told after all that they said, so it waits in their lane.
    pub(crate) fn answer(&mut self, answer: Answer) {
        if let Some(lane) = answer.absent().and_then(|it| self.lane_of(it)) {
            self.waiting.forget(&answer);
            return self.waiting.push(lane, Item::Answer(answer));
        }
        let count = self.load_of(Lane::Answers).frames;
        if !self.waiting.replace(&answer) && count < ANSWERS {
            self.waiting.push(Lane::Answers, Item::Answer(answer));
        }
    }

    /// The lane in which envelopes of this sender wait, if any do: others must join them, or they
    /// would overtake.
    pub(crate) fn lane_of(&self, sender: &Address) -> Option<Lane> {
        self.waiting.lane_of(sender)
    }

    /// The client wrote to somebody: what they sent before moves to a lane of their own.
    pub(crate) fn promote(&mut self, sender: &Address) {
        self.waiting.promote(sender);
    }

    /// Whether something waits for room on the way to the client.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next frame to write; it counts as written from now on.
    pub(crate) fn next_unwritten(&mut self, now: Instant) -> Option<RelayFrame> {
        if self.written == self.in_flight.len() {
            self.send_next(now)?;
        }
        let (seq, _, item) = self.in_flight.get(self.written)?;
        self.written += 1;
        Some(item.frame(*seq))
    }

    /// The client has everything up to this number.
    pub(crate) fn acknowledged(&mut self, seq: u64, now: Instant) -> Result<(), AckOfFuture> {
        if seq > self.last_seq {
            return Err(AckOfFuture);
        }
        while let Some((_, _, item)) = self.in_flight.pop_front_if(|(first, _, _)| *first <= seq) {
            if let Item::Envelope(envelope) = item {
                self.load = self.load.minus(envelope.size());
            }
            self.written = self.written.saturating_sub(1);
            self.stalled_since = (!self.in_flight.is_empty()).then_some(now);
        }
        Ok(())
    }

    /// A new connection goes on; the client has everything up to this number.
    pub(crate) fn resumed(&mut self, received: u64, now: Instant) -> Result<(), AckOfFuture> {
        self.acknowledged(received, now)?;
        self.written = 0;
        self.stalled_since = (!self.in_flight.is_empty()).then_some(now);
        Ok(())
    }

    /// Since when the client has acknowledged nothing although something is on its way.
    pub(crate) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since
    }

    /// The envelopes that the client has not acknowledged.
    pub(crate) fn into_envelopes(self) -> impl Iterator<Item = Envelope> {
        let in_flight = self.in_flight.into_iter().map(|(_, _, item)| item);
        let items = in_flight.chain(self.waiting.into_items());
        items.filter_map(|item| match item {
            Item::Envelope(envelope) => Some(envelope),
            Item::Answer(_) => None,
        })
    }

    /// Sends the item whose turn it is on its way, if the client is not behind.
    fn send_next(&mut self, now: Instant) -> Option<()> {
        let way = self.in_flight.iter();
        let way = way.fold(Load::default(), |load, (_, _, item)| load.plus(item.size()));
        if way.frames >= self.quarter.frames || way.bytes >= self.quarter.bytes {
            return None;
        }
        let (lane, item) = self.waiting.pop()?;
        self.last_seq += 1;
        self.stalled_since.get_or_insert(now);
        self.in_flight.push_back((self.last_seq, lane, item));
        Some(())
    }

    /// The first bound that one more item in a lane would go beyond.
    fn pressed(&self, lane: Lane, size: usize) -> Option<Bound> {
        if !self.load_of(lane).plus(size).is_within(self.quarter) {
            return Some(Bound::Lane);
        }
        let half = self.sum(|other, _| other.is_like(lane)).plus(size);
        (!half.is_within(self.half)).then_some(Bound::Half)
    }

    /// Takes out the newest item of whoever takes most, if an envelope has the better claim.
    fn displace(&mut self, bound: Bound, lane: Lane, envelope: &Envelope) -> Option<Envelope> {
        let other = match bound {
            Bound::Lane => None,
            Bound::Half => self.heaviest_lane(lane, envelope.size()),
        };
        let sender = match other {
            Some(other) => self.heaviest_sender(other, 0)?,
            None => {
                let own = self.sum(|_, item| item.sender() == Some(&envelope.from));
                let own = own.plus(envelope.size()).weight(self.room);
                self.heaviest_sender(lane, own)?
            }
        };
        self.waiting.take_newest(&sender)
    }

    /// The lane of the same half that takes most, more than this one would take, and has something
    /// to give back.
    fn heaviest_lane(&self, lane: Lane, size: usize) -> Option<Lane> {
        let own = self.load_of(lane).plus(size).weight(self.room);
        let weights = self.weights(|it, _| it.is_like(lane).then_some(*it));
        let gives_way = |(other, weight): &(Lane, usize)| {
            *other != lane && *weight > own && self.waiting.holds(other)
        };
        let others = weights.into_iter().filter(gives_way);
        others
            .max_by_key(|(_, weight)| *weight)
            .map(|(other, _)| other)
    }

    /// Who takes most of a lane and more than this, among those who have something to give back.
    fn heaviest_sender(&self, lane: Lane, minimum: usize) -> Option<Address> {
        let weights = self.weights(|it, item| item.sender().copied().filter(|_| *it == lane));
        weights
            .into_iter()
            .filter(|(sender, weight)| {
                *weight > minimum && self.waiting.lane_of(sender) == Some(lane)
            })
            .max_by_key(|(_, weight)| *weight)
            .map(|(sender, _)| sender)
    }

    fn weights<K: Eq + Hash>(&self, key: impl Fn(&Lane, &Item) -> Option<K>) -> Vec<(K, usize)> {
        let mut loads: HashMap<K, Load> = HashMap::new();
        for (lane, item) in self.items() {
            if let Some(key) = key(lane, item) {
                let load = loads.entry(key).or_default();
                *load = load.plus(item.size());
            }
        }
        let weigh = |(key, load): (K, Load)| (key, load.weight(self.room));
        loads.into_iter().map(weigh).collect()
    }

    fn load_of(&self, lane: Lane) -> Load {
        self.sum(|it, _| *it == lane)
    }

    fn sum(&self, counts: impl Fn(&Lane, &Item) -> bool) -> Load {
        let counted = self.items().filter(|(lane, item)| counts(lane, item));
        counted.fold(Load::default(), |load, (_, item)| load.plus(item.size()))
    }

    fn items(&self) -> impl Iterator<Item = (&Lane, &Item)> {
        let in_flight = self.in_flight.iter().map(|(_, lane, item)| (lane, item));
        in_flight.chain(self.waiting.iter())
    }
}

/// The most answers kept for a client, about 8 KiB; those about one address that wait share one,
/// and a call has one. Beside them there is at most one in the lane of each sender of whom
/// something waits.
const ANSWERS: usize = 64;

#[cfg(test)]
mod tests;
