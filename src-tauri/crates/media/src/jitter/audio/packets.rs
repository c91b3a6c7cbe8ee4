//! The packets that wait to be played.

use std::time::Instant;

use bytes::Bytes;

use super::Rejected;
use super::opus;
use super::timeline::{Placed, Timeline};
use super::units::{SamplePosition, Samples, Sequence};
use crate::frame::ReceivedFrame;
use crate::time::MediaTime;

/// One waiting packet.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) sequence: Sequence,
    /// Where its first sample belongs.
    pub(super) position: SamplePosition,
    /// How many samples it decodes to.
    pub(super) samples: Samples,
    pub(super) time: MediaTime,
    pub(super) synchronised: bool,
    pub(super) arrived: Instant,
    pub(super) payload: Bytes,
}

/// Packets in the order of their sequence, at most [`Packets::CAPACITY`] ahead of playout.
#[derive(Debug)]
pub(super) struct Packets {
    slots: Box<[Option<Packet>]>,
    /// The sequence that is due; `None` before the first packet.
    next: Option<Sequence>,
    count: usize,
    timeline: Timeline,
}

/// What a packet did to the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It waits to be played.
    Waiting {
        /// Whether packets with a higher sequence came before it.
        reordered: bool,
    },
    /// It is so far away that the stream starts anew with it; everything else was dropped.
    Restarted,
}

impl Packets {
    /// 2.5 s of usual packets: an outage longer than that is not worth playing.
    pub(super) const CAPACITY: u64 = 128;

    pub(super) fn new() -> Self {
        let slots = (0..Self::CAPACITY).map(|_| None).collect();
        Self {
            slots,
            next: None,
            count: 0,
            timeline: Timeline::default(),
        }
    }

    /// Takes a packet; gives its position with it.
    pub(super) fn insert(
        &mut self,
        frame: ReceivedFrame,
    ) -> Result<(Inserted, SamplePosition), Rejected> {
        let samples = opus::samples(&frame.frame.payload).ok_or(Rejected::Malformed)?;
        if frame.sequence > HIGHEST_SEQUENCE {
            return Err(Rejected::Malformed);
        }
        let sequence = Sequence::new(frame.sequence);
        let next = self.next.unwrap_or(sequence);
        let restart =
            sequence.distance(next) >= RESTART_DISTANCE || sequence >= next.after(Self::CAPACITY);
        if restart {
            self.clear();
        } else if self.is_late(sequence) {
            return Err(Rejected::Late);
        }
        let slot = slot_of(sequence);
        if self.slots[slot].is_some() {
            return Err(Rejected::Duplicate);
        }
        let samples = Samples::in_slice(samples);
        let Placed {
            position,
            reordered,
        } = self.timeline.place(&frame, samples);
        self.slots[slot] = Some(Packet {
            sequence,
            position,
            samples,
            time: frame.frame.time,
            synchronised: frame.synchronised,
            arrived: frame.arrived,
            payload: frame.frame.payload,
        });
        self.count += 1;
        self.next.get_or_insert(sequence);
        let inserted = if restart {
            Inserted::Restarted
        } else {
            Inserted::Waiting { reordered }
        };
        Ok((inserted, position))
    }

    /// Whether playout is past `sequence`.
    pub(super) fn is_late(&self, sequence: Sequence) -> bool {
        self.next
            .is_some_and(|next| sequence < next && next.distance(sequence) < RESTART_DISTANCE)
    }

    /// Where `frame` belongs, or would have belonged.
    pub(super) fn place(&mut self, frame: &ReceivedFrame, samples: Samples) -> SamplePosition {
        self.timeline.place(frame, samples).position
    }

    /// The earliest waiting packet and how many are missing before it.
    pub(super) fn first(&self) -> Option<(&Packet, u64)> {
        let next = self.next.filter(|_| self.count > 0)?;
        (0..Self::CAPACITY).find_map(|missing| {
            let packet = self.slots[slot_of(next.after(missing))].as_ref()?;
            Some((packet, missing))
        })
    }

    /// The latest waiting packet that belongs at or before `position`, counted from the earliest.
    pub(super) fn last_at(&self, position: SamplePosition) -> Option<&Packet> {
        let next = self.next?;
        (0..Self::CAPACITY)
            .filter_map(|ahead| self.slots[slot_of(next.after(ahead))].as_ref())
            .take_while(|it| it.position <= position)
            .last()
    }

    /// Takes the earliest packet out; its successor is due next.
    pub(super) fn take_first(&mut self) -> Option<Packet> {
        let sequence = self.first()?.0.sequence;
        self.advance_to(sequence);
        self.next = Some(sequence.after(1));
        self.count -= 1;
        self.slots[slot_of(sequence)].take()
    }

    /// Makes `sequence` the next one and drops what came before it; gives how many packets that
    /// dropped. Later arrivals before it are late.
    pub(super) fn advance_to(&mut self, sequence: Sequence) -> u64 {
        let Some(next) = self.next else { return 0 };
        let passed = if sequence > next {
            sequence.distance(next).min(Self::CAPACITY)
        } else {
            0
        };
        let dropped = (0..passed)
            .filter(|ahead| self.slots[slot_of(next.after(*ahead))].take().is_some())
            .count();
        self.count -= dropped;
        self.next = Some(sequence.max(next));
        dropped as u64
    }

    fn clear(&mut self) {
        self.slots.fill_with(|| None);
        self.count = 0;
        self.next = None;
        self.timeline = Timeline::default();
    }
}

const fn slot_of(sequence: Sequence) -> usize {
    sequence.slot(Packets::CAPACITY)
}

/// A minute of packets: no reordering, so the sender counts anew.
const RESTART_DISTANCE: u64 = 3000;

/// No stream gets here by counting; beyond it sums could wrap.
const HIGHEST_SEQUENCE: u64 = u64::MAX / 2;
