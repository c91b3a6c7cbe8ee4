//! What of a received stream is missing, and when to ask for it (generic NACK, RFC 4585, 6.2.1).
//!
//! Pure: packets and the time come in, sequence numbers to ask for come out. A packet is asked for
//! when it has had [`REORDERING`] to come late, and again each time the answer should have been
//! there. Where much is lost, and after the first time, each question is sent twice, because
//! questions are lost too, and are much smaller than what they ask for. A packet is forgotten when it arrives, when its receiver goes on without it, and when no answer
//! could come in time. Sequence numbers are the other side's word: what is kept of them is bounded.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::VIDEO_HZ;
use super::extend::SequenceExtender;

/// How long a receiver waits for a missing packet where the round trip takes `rtt`: three questions
/// and the answers to them. The picture stands still meanwhile, but no shorter than for a keyframe,
/// which takes a round trip and is larger than what is missing.
pub(crate) fn patience(rtt: Duration) -> Duration {
    (rtt * 7 / 2 + ANSWERING).clamp(LEAST_PATIENCE, MOST_PATIENCE)
}

/// Whether it is no use to ask for a gap of so many packets between two that are here, whose
/// timestamps are so far apart: the path was gone for a while. A keyframe is smaller and fresher
/// than what was lost then. The first packets of a picture after a pause make no such gap.
pub(crate) fn is_hopeless(packets: u64, before: u32, behind: u32) -> bool {
    let ticks = behind.wrapping_sub(before) as i32;
    packets > HEAD && ticks > STALE_TICKS
}

/// What is missing of one stream of pictures.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    extender: SequenceExtender,
    /// Position and timestamp of the newest packet that arrived.
    newest: Option<(u64, u32)>,
    /// By position.
    gaps: BTreeMap<u64, Gap>,
    /// Share of packets that were missing lately, 0 to 1.
    loss: f32,
}

/// How long ago a packet was asked for when it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repair {
    pub(crate) first: Duration,
    pub(crate) last: Duration,
}

/// A packet that is missing.
#[derive(Clone, Copy, Debug)]
struct Gap {
    found: Instant,
    /// When to look at it again.
    due: Instant,
    /// When it was asked for, for the first time and the last.
    asked: Option<(Instant, Instant)>,
    /// Whether the last question is to be repeated.
    repeat: bool,
}

impl Missing {
    /// Takes a packet that arrived. Returns when it was asked for, if it was.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        sequence: u16,
        timestamp: u32,
    ) -> Option<Repair> {
        // 1. One that was missing: was it asked for, or only late?
        let position = self.extender.extend(sequence);
        let Some((newest, before)) = self.newest else {
            self.newest = Some((position, timestamp));
            return None;
        };
        if position <= newest {
            let gap = self.gaps.remove(&position)?;
            if gap.asked.is_none() {
                self.loss = (self.loss - LOSS_FOLLOWS).max(0.0);
            }
            let (first, last) = gap.asked?;
            return Some(Repair {
                first: now.saturating_duration_since(first),
                last: now.saturating_duration_since(last),
            });
        }
        // 2. Those between the newest one and this are missing now.
        self.newest = Some((position, timestamp));
        let packets = position - newest - 1;
        self.count(packets);
        if packets as usize > MOST_GAPS || is_hopeless(packets, before, timestamp) {
            self.gaps.clear();
            return None;
        }
        let gap = Gap {
            found: now,
            due: now + REORDERING,
            asked: None,
            repeat: false,
        };
        self.gaps.extend((newest + 1..position).map(|it| (it, gap)));
        // 3. Keep the bound: the oldest are given up.
        while self.gaps.len() > MOST_GAPS {
            self.gaps.pop_first();
        }
        None
    }

    /// Learns that so many packets are missing before one that arrived.
    fn count(&mut self, packets: u64) {
        for _ in 0..packets.min(MOST_GAPS as u64) {
            self.loss += (1.0 - self.loss) * LOSS_FOLLOWS;
        }
        self.loss -= self.loss * LOSS_FOLLOWS;
    }

    /// Forgets what comes before `sequence`: the receiver goes on from there.
    pub(crate) fn forget_before(&mut self, sequence: u16) {
        let Some((newest, _)) = self.newest else {
            return;
        };
        let back = (newest as u16).wrapping_sub(sequence) as i16;
        let position = newest.saturating_add_signed(-i64::from(back));
        if self
            .gaps
            .first_key_value()
            .is_some_and(|(it, _)| *it < position)
        {
            self.gaps = self.gaps.split_off(&position);
        }
    }

    /// What to ask for at `now`, where an answer takes `rtt`, in ascending order.
    pub(crate) fn ask(&mut self, now: Instant, rtt: Duration) -> Vec<u16> {
        let patience = patience(rtt);
        self.gaps.retain(|_, gap| now < gap.found + patience);
        let twice = self.loss > MUCH_LOSS;
        let due = self.gaps.iter_mut().filter(|(_, gap)| gap.due <= now);
        due.filter_map(|(&position, gap)| {
            gap.ask(now, rtt, patience, twice)
                .then_some(position as u16)
        })
        .collect()
    }

    /// When [`Missing::ask`] is to be called next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.gaps.values().map(|gap| gap.due).min()
    }
}

impl Gap {
    /// Looks at it when it is due; returns whether it is asked for. `twice` repeats the first
    /// question too.
    fn ask(&mut self, now: Instant, rtt: Duration, patience: Duration, twice: bool) -> bool {
        let interval = (rtt * 6 / 5 + ANSWER_SLACK).max(LEAST_INTERVAL);
        let end = self.found + patience;
        match self.asked {
            // The last question, once more.
            Some((_, last)) if self.repeat && now < last + interval => {
                self.repeat = false;
                self.due = last + interval;
            }
            // The answer would come too late.
            Some(_) if now + rtt > end => {
                self.due = end;
                return false;
            }
            Some((first, _)) => {
                self.asked = Some((first, now));
                self.repeat = true;
                self.due = now + REPETITION;
            }
            None => {
                self.asked = Some((now, now));
                self.repeat = twice;
                self.due = now + if twice { REPETITION } else { interval };
            }
        }
        true
    }
}

/// How long a packet may come behind later ones without being asked for: what networks reorder is
/// mostly within a millisecond or two, and each millisecond here is one of each repair.
const REORDERING: Duration = Duration::from_millis(5);

/// What an answer may take beyond 1.2 round trips: both sides wake up a millisecond late, and the
/// answer is paced.
const ANSWER_SLACK: Duration = Duration::from_millis(5);

/// How long after a question it is repeated: long enough for another fate, and half of the least
/// interval.
const REPETITION: Duration = Duration::from_millis(10);

/// The least time between two questions for a packet, but for their repetition: on a short path a busy machine takes longer
/// than the network.
const LEAST_INTERVAL: Duration = Duration::from_millis(20);

/// What three answers may take beyond their round trips.
const ANSWERING: Duration = Duration::from_millis(40);

/// The least patience: where the round trip is short, a busy machine still holds an answer up.
const LEAST_PATIENCE: Duration = Duration::from_millis(100);

/// The most patience: beyond it a call is no conversation any more.
const MOST_PATIENCE: Duration = Duration::from_millis(750);

/// From this share of missing packets on, a first question is repeated: as many are lost too.
const MUCH_LOSS: f32 = 0.03;

/// How much each packet counts for the share of missing ones: a second of a call at 1 Mb/s.
const LOSS_FOLLOWS: f32 = 1.0 / 128.0;

/// How many packets are missing at most: a second of pictures at 5 Mb/s.
const MOST_GAPS: usize = 512;

/// How many packets at the head of a picture may be missing after a pause of the stream.
const HEAD: u64 = 8;

/// From where on a gap is a pause of the path, 400 ms: pictures that are older are of no use, and
/// with half of it a short dropout on a good path would cost a keyframe.
const STALE_TICKS: i32 = VIDEO_HZ as i32 * 2 / 5;

#[cfg(test)]
mod tests;
