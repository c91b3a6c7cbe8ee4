//! Received packets to whole pictures in decode order. Pure: packets and the time come in.
//!
//! A picture is handed out in the moment its last missing packet arrives and everything before it
//! is handed out or given up. A gap is given up when the retransmission that NACKs ask for did not
//! come in time; at once when a later keyframe is complete, because nothing before it is needed
//! then; and at once when the path was gone for a while, of which no NACK asks for anything.
//! What waits is bounded in packets and in bytes; beyond, everything that waits is given up.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::transport::MAX_ACCESS_UNIT;

use super::depacketise::{Unit, depacketise, starts_keyframe};
use super::extend::SequenceExtender;
use super::missing::is_hopeless;

/// One received RTP packet of a video stream.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// The sequence number on the wire.
    pub(crate) sequence: u16,
    /// The RTP timestamp, the same for all packets of one picture.
    pub(crate) timestamp: u32,
    /// Whether it says to be the last of its picture.
    pub(crate) marker: bool,
    /// Its payload, empty when it was all padding.
    pub(crate) payload: Bytes,
    /// When it arrived.
    pub(crate) arrived: Instant,
}

/// A picture put together.
#[derive(Clone, Debug)]
pub(crate) struct Assembled {
    /// The access unit.
    pub(crate) unit: Unit,
    /// Its RTP timestamp.
    pub(crate) timestamp: u32,
    /// When its last packet arrived.
    pub(crate) arrived: Instant,
    /// Whether packets before it were lost for good.
    pub(crate) after_loss: bool,
}

/// Puts the packets of one video stream together.
#[derive(Debug)]
pub(crate) struct Assembler {
    extender: SequenceExtender,
    /// Packets that wait, by position.
    waiting: BTreeMap<u64, Packet>,
    /// Payload bytes in `waiting`.
    bytes: usize,
    /// The position of the first packet that was neither handed out nor given up.
    next: Option<u64>,
    /// Position and timestamp of the newest packet.
    newest: Option<(u64, u32)>,
    /// Whether `next` has moved on, so that it may no longer move back.
    started: bool,
    /// The timestamp of a picture that was given up and whose rest may still come.
    inside_lost: Option<u32>,
    /// Whether something was lost for good since the last picture.
    after_loss: bool,
    ready: VecDeque<Assembled>,
    /// How long a gap is waited for.
    retransmission_wait: Duration,
}

/// How many packets wait at most: two seconds of video at 12 Mb/s, or one very large keyframe.
const MAX_WAITING: u64 = 4096;

/// How many payload bytes wait at most: one picture of the largest size and a second behind it.
const MAX_BYTES: usize = MAX_ACCESS_UNIT + 1024 * 1024;

impl Assembler {
    /// An assembler that waits `retransmission_wait` for a missing packet.
    pub(crate) fn new(retransmission_wait: Duration) -> Self {
        Self {
            extender: SequenceExtender::default(),
            waiting: BTreeMap::new(),
            bytes: 0,
            next: None,
            newest: None,
            started: false,
            inside_lost: None,
            after_loss: false,
            ready: VecDeque::new(),
            retransmission_wait,
        }
    }

    /// Changes how long a missing packet is waited for.
    pub(crate) const fn set_retransmission_wait(&mut self, wait: Duration) {
        self.retransmission_wait = wait;
    }

    /// Takes one packet. Repeated and late ones change nothing.
    pub(crate) fn push(&mut self, packet: Packet) {
        // 1. Place it. Before the first picture is out, an earlier packet may still be its start,
        // unless more would wait between it and the last one than may.
        let position = self.extender.extend(packet.sequence);
        let next = *self.next.get_or_insert(position);
        let last = self.waiting.last_key_value().map_or(next, |(it, _)| *it);
        if position < next && (self.started || last - position >= MAX_WAITING) {
            return;
        }

        // 2. Keep the bounds: what does not fit ends all that waits, and begins anew. So does the end
        //    of a time without a path.
        let too_far =
            position.saturating_sub(next) >= MAX_WAITING || self.is_behind_pause(position, &packet);
        if too_far || self.bytes + packet.payload.len() > MAX_BYTES {
            self.bytes = 0;
            self.waiting.clear();
            self.resume_at(position, &packet);
        } else if position < next {
            self.next = Some(position);
        }

        if self.newest.is_none_or(|(newest, _)| newest < position) {
            self.newest = Some((position, packet.timestamp));
        }

        // 3. Keep it, unless it is there already, and hand out what it completes.
        let (arrived, size) = (packet.arrived, packet.payload.len());
        if let Entry::Vacant(place) = self.waiting.entry(position) {
            place.insert(packet);
            self.bytes += size;
            self.advance(arrived);
        }
    }

    /// Gives up what is missing for too long at `now`.
    pub(crate) fn poll(&mut self, now: Instant) {
        self.advance(now);
    }

    /// When [`Assembler::poll`] has something to give up, unless a packet comes before.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.inspect(self.next?) {
            Picture::Gap { since, .. } => Some(since + self.retransmission_wait),
            Picture::Complete(_) | Picture::Unfinished => None,
        }
    }

    /// The sequence number from which on packets are of use.
    pub(crate) fn next(&self) -> Option<u16> {
        self.next.map(|it| it as u16)
    }

    /// The next picture in decode order.
    pub(crate) fn pop(&mut self) -> Option<Assembled> {
        self.ready.pop_front()
    }

    /// Whether the packets between the newest one and this were lost while there was no path.
    fn is_behind_pause(&self, position: u64, packet: &Packet) -> bool {
        self.newest.is_some_and(|(newest, timestamp)| {
            let packets = position.saturating_sub(newest + 1);
            is_hopeless(packets, timestamp, packet.timestamp)
        })
    }

    /// Hands pictures out and gives gaps up, in order, as far as it goes at `now`.
    fn advance(&mut self, now: Instant) {
        while let Some(next) = self.next {
            match self.inspect(next) {
                Picture::Unfinished => break,
                Picture::Complete(last) => self.hand_out(next, last),
                Picture::Gap { behind, since } => {
                    // Where to go on: at a keyframe at once, else behind the gap when it is old.
                    let resume = self
                        .complete_keyframe(behind)
                        .or_else(|| (now >= since + self.retransmission_wait).then_some(behind));
                    let Some(resume) = resume else { break };
                    self.skip_to(resume);
                }
            }
        }
    }

    /// How complete the picture is that starts at `first`. It ends with a marker, or before the
    /// first packet of another timestamp. Padding, and the rest of a picture that was given up, are
    /// taken out as if each packet were a picture of its own.
    fn inspect(&self, first: u64) -> Picture {
        let mut timestamp = None;
        for (expected, (&position, packet)) in (first..).zip(self.waiting.range(first..)) {
            if position != expected {
                return Picture::Gap {
                    behind: position,
                    since: packet.arrived,
                };
            }
            if self.is_stepped_over(packet) {
                if timestamp.is_none() {
                    return Picture::Complete(position);
                }
            } else if *timestamp.get_or_insert(packet.timestamp) != packet.timestamp {
                return Picture::Complete(position - 1);
            }
            if packet.marker {
                return Picture::Complete(position);
            }
        }
        Picture::Unfinished
    }

    /// Whether a packet is part of no picture that is still wanted: padding, or the rest of a
    /// picture that was given up.
    fn is_stepped_over(&self, packet: &Packet) -> bool {
        packet.payload.is_empty() || self.inside_lost == Some(packet.timestamp)
    }

    /// The first picture at or after `from` that is complete and needs none before it.
    fn complete_keyframe(&self, from: u64) -> Option<u64> {
        self.keyframe_starts(from)
            .find(|&position| matches!(self.inspect(position), Picture::Complete(_)))
    }

    /// Where keyframes start at or after `from`. Only the first packet of a picture can start it:
    /// looking from each would let a peer make us look at everything from everywhere. What is part
    /// of no picture does not part one either.
    fn keyframe_starts(&self, from: u64) -> impl Iterator<Item = u64> {
        let mut before = None;
        self.waiting
            .range(from..)
            .filter(|(_, packet)| !self.is_stepped_over(packet))
            .filter(move |(_, packet)| before.replace(packet.timestamp) != Some(packet.timestamp))
            .filter(|(_, packet)| starts_keyframe(&packet.payload))
            .map(|(&position, _)| position)
    }

    /// Takes the packets from `first` to `last` out, and hands their picture out if they are one.
    fn hand_out(&mut self, first: u64, last: u64) {
        let behind = self.waiting.split_off(&(last + 1));
        let taken = std::mem::replace(&mut self.waiting, behind);
        self.bytes -= taken.values().map(|it| it.payload.len()).sum::<usize>();
        self.next = Some(last + 1);
        self.started = true;
        debug_assert_eq!(taken.first_key_value().map(|(it, _)| *it), Some(first));

        let wanted = || taken.values().filter(|it| !it.payload.is_empty());
        let Some(timestamp) = wanted().next().map(|it| it.timestamp) else {
            return;
        };
        if self.inside_lost == Some(timestamp) {
            return;
        }
        self.inside_lost = None;
        let arrived = taken.values().map(|it| it.arrived).max();
        match (depacketise(wanted().map(|it| &it.payload)), arrived) {
            (Some(unit), Some(arrived)) => {
                let after_loss = std::mem::take(&mut self.after_loss);
                self.ready.push_back(Assembled {
                    unit,
                    timestamp,
                    arrived,
                    after_loss,
                });
            }
            _ => self.after_loss = true,
        }
    }

    /// Gives up everything before `position`, which is here.
    fn skip_to(&mut self, position: u64) {
        let behind = self.waiting.split_off(&position);
        let lost = std::mem::replace(&mut self.waiting, behind);
        self.bytes -= lost.values().map(|it| it.payload.len()).sum::<usize>();
        if let Some(packet) = self.waiting.get(&position).cloned() {
            self.resume_at(position, &packet);
        }
    }

    /// Goes on with `packet`. What came before it is unknown, so its picture can only be whole
    /// when it says to start one.
    fn resume_at(&mut self, position: u64, packet: &Packet) {
        self.next = Some(position);
        self.started = true;
        self.after_loss = true;
        self.inside_lost = (!starts_keyframe(&packet.payload)).then_some(packet.timestamp);
    }
}

/// How complete a picture is.
enum Picture {
    /// All its packets are here; the position of the last one.
    Complete(u64),
    /// Packets are missing before the position `behind`, whose packet came at `since`.
    Gap { behind: u64, since: Instant },
    /// Nothing is missing so far, but its end has not come.
    Unfinished,
}

#[cfg(test)]
mod tests;
