//! The packets that wait for their turn, and where each belongs on the timeline of playout.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Rejected;
use super::opus;
use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::frame::ReceivedFrame;
use crate::time::MediaTime;

/// One waiting packet.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) sequence: u64,
    /// Where its first sample belongs, in samples from an arbitrary origin. Loss and pauses leave
    /// gaps.
    pub(super) position: i64,
    /// How many samples it decodes to.
    pub(super) samples: usize,
    pub(super) time: MediaTime,
    pub(super) synchronised: bool,
    pub(super) arrived: Instant,
    pub(super) payload: Bytes,
}

/// Packets in the order of their sequence, at most [`Packets::CAPACITY`] ahead of playout.
#[derive(Debug)]
pub(super) struct Packets {
    slots: Box<[Option<Packet>]>,
    /// The sequence whose turn it is; `None` before the first packet.
    next: Option<u64>,
    count: usize,
    timeline: Timeline,
}

/// What a packet did to the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It waits for its turn.
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
    pub(super) fn insert(&mut self, frame: ReceivedFrame) -> Result<(Inserted, i64), Rejected> {
        let samples = opus::samples(&frame.frame.payload).ok_or(Rejected::Malformed)?;
        let sequence = frame.sequence;
        if sequence > HIGHEST_SEQUENCE {
            return Err(Rejected::Malformed);
        }
        let next = self.next.unwrap_or(sequence);
        let restart =
            sequence.abs_diff(next) >= RESTART_DISTANCE || sequence >= next + Self::CAPACITY;
        if restart {
            self.clear();
        } else if self.is_late(sequence) {
            return Err(Rejected::Late);
        }
        let slot = slot_of(sequence);
        if self.slots[slot].is_some() {
            return Err(Rejected::Duplicate);
        }
        let (position, reordered) = self.timeline.place(&frame, samples);
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
        self.next = Some(self.next.unwrap_or(sequence));
        let inserted = if restart {
            Inserted::Restarted
        } else {
            Inserted::Waiting { reordered }
        };
        Ok((inserted, position))
    }

    /// Whether the turn of `sequence` has passed.
    pub(super) fn is_late(&self, sequence: u64) -> bool {
        self.next
            .is_some_and(|next| sequence < next && next - sequence < RESTART_DISTANCE)
    }

    /// Where `frame` belongs, or would have belonged.
    pub(super) fn place(&mut self, frame: &ReceivedFrame, samples: usize) -> i64 {
        self.timeline.place(frame, samples).0
    }

    /// The earliest waiting packet and how many are missing before it.
    pub(super) fn first(&self) -> Option<(&Packet, u64)> {
        let next = self.next.filter(|_| self.count > 0)?;
        (0..Self::CAPACITY).find_map(|missing| {
            let packet = self.slots[slot_of(next + missing)].as_ref()?;
            Some((packet, missing))
        })
    }

    /// The latest waiting packet that belongs at or before `position`, counted from the earliest.
    pub(super) fn last_at(&self, position: i64) -> Option<&Packet> {
        let next = self.next?;
        (0..Self::CAPACITY)
            .filter_map(|ahead| self.slots[slot_of(next + ahead)].as_ref())
            .take_while(|it| it.position <= position)
            .last()
    }

    /// Takes the earliest packet out; its successor is next.
    pub(super) fn take_first(&mut self) -> Option<Packet> {
        let sequence = self.first()?.0.sequence;
        self.advance_to(sequence);
        self.next = Some(sequence + 1);
        self.count -= 1;
        self.slots[slot_of(sequence)].take()
    }

    /// Makes `sequence` the next one and drops what came before it; gives how many packets that
    /// dropped. Later arrivals before it are late.
    pub(super) fn advance_to(&mut self, sequence: u64) -> u64 {
        let Some(next) = self.next else { return 0 };
        let mut dropped = 0;
        for passed in next..sequence.min(next + Self::CAPACITY) {
            dropped += u64::from(self.slots[slot_of(passed)].take().is_some());
        }
        self.count -= dropped as usize;
        self.next = Some(sequence.max(next));
        dropped
    }

    fn clear(&mut self) {
        self.slots.fill_with(|| None);
        self.count = 0;
        self.next = None;
        self.timeline = Timeline::default();
    }
}

/// Gives packets their positions. Sequence and time must agree for a loss; a time that runs ahead
/// of the sequence is a pause of the sender.
#[derive(Debug, Default)]
struct Timeline {
    newest: Option<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    sequence: u64,
    position: i64,
    samples: i64,
    time: MediaTime,
    synchronised: bool,
    arrived: Instant,
}

impl Timeline {
    /// The position of `frame`, and whether newer packets came before it.
    fn place(&mut self, frame: &ReceivedFrame, samples: usize) -> (i64, bool) {
        let samples = samples as i64;
        let (position, reordered) = match self.newest {
            None => (0, false),
            Some(newest) if frame.sequence > newest.sequence => {
                (newest.after(frame, samples), false)
            }
            Some(newest) => {
                let behind = newest.sequence.abs_diff(frame.sequence) as i64;
                let since = samples_of(frame.frame.time.micros_since(newest.time));
                let by_time = newest.position + since.clamp(-LONGEST_PAUSE, 0);
                let by_sequence = newest.position - behind.saturating_mul(samples);
                let close = (by_time - by_sequence).abs() <= SNAP;
                (
                    if close {
                        by_sequence
                    } else {
                        by_time.min(by_sequence)
                    },
                    true,
                )
            }
        };
        if !reordered {
            self.newest = Some(Mark {
                sequence: frame.sequence,
                position,
                samples,
                time: frame.frame.time,
                synchronised: frame.synchronised,
                arrived: frame.arrived,
            });
        }
        (position, reordered)
    }
}

impl Mark {
    fn after(self, frame: &ReceivedFrame, samples: i64) -> i64 {
        let missing = (frame.sequence - self.sequence - 1) as i64;
        let by_sequence = self.position + self.samples + missing.saturating_mul(samples);
        // Times of an unsynchronised and a synchronised frame are not comparable: the clock on
        // the wall tells whether there was a pause.
        let ahead = if frame.synchronised == self.synchronised {
            samples_of(frame.frame.time.micros_since(self.time))
        } else {
            let waited = frame.arrived.saturating_duration_since(self.arrived);
            if waited < CERTAIN_PAUSE {
                0
            } else {
                samples_of(waited.as_micros() as i64)
            }
        };
        let by_time = self.position.saturating_add(ahead);
        if by_time > by_sequence + SNAP && ahead < LONGEST_PAUSE {
            by_time
        } else {
            by_sequence
        }
    }
}

const fn samples_of(micros: i64) -> i64 {
    (micros as i128 * SAMPLE_RATE_HZ as i128 / 1_000_000) as i64
}

const fn slot_of(sequence: u64) -> usize {
    (sequence % Packets::CAPACITY) as usize
}

/// Time and sequence may differ by 5 ms: capture clocks jitter, pauses are whole packets.
const SNAP: i64 = SAMPLE_RATE_HZ as i64 / 200;

/// A wait that no network jitter explains.
const CERTAIN_PAUSE: Duration = Duration::from_millis(400);

/// A day: beyond that a time is nonsense, not a pause.
const LONGEST_PAUSE: i64 = 86_400 * SAMPLE_RATE_HZ as i64;

/// A minute of packets: no reordering, so the sender counts anew.
const RESTART_DISTANCE: u64 = 3000;

/// No stream gets here by counting; beyond it sums could wrap.
const HIGHEST_SEQUENCE: u64 = u64::MAX / 2;
