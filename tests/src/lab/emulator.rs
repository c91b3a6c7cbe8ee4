//! One direction of a link, sans-IO: packets go in, and come out later, or never, or twice.
//!
//! Time is an input, counted from an epoch that the caller chooses, and so is chance, by a seed. Each
//! kind of chance has dice of its own, and a packet rolls those of loss exactly once: two runs with
//! one seed lose the same packets by number, however their times differ.
//!
//! ```text
//!   send → outage? → queue (bytes wait for the rate) → loss → delay, jitter, order → receive
//! ```

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use media::testing::Dice;

use super::conditions::{Conditions, Loss};

/// One direction.
#[derive(Debug)]
pub struct Emulator<T> {
    conditions: Conditions,
    /// Conditions that take over later, the soonest first.
    changes: VecDeque<(Duration, Conditions)>,
    chance: Chance,
    /// Before the bottleneck; the first is leaving.
    queue: VecDeque<Waiting<T>>,
    queued_bytes: usize,
    /// When the last bit of the first of the queue has left.
    leaves: Duration,
    flying: BinaryHeap<Reverse<Flying<T>>>,
    /// The latest arrival of a packet that keeps its order.
    latest: Duration,
    sent: u64,
    counts: Counts,
}

/// What became of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed over to be carried.
    pub sent: u64,
    /// Arrived, those that arrived twice counted twice.
    pub received: u64,
    /// Lost on their way, by chance.
    pub lost: u64,
    /// Dropped for want of room in the queue.
    pub overflown: u64,
    /// Sent during an outage.
    pub cut: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    packet: T,
    bytes: usize,
    lost: bool,
}

/// On its way; ordered by arrival, then by the order of sending.
#[derive(Debug)]
struct Flying<T> {
    arrives: Duration,
    number: u64,
    packet: T,
}

#[derive(Debug)]
struct Chance {
    loss: Dice,
    in_burst: bool,
    jitter: Dice,
    /// The last delay beyond the mean, in deviations, and when it was.
    shaken: (f64, Duration),
    order: Dice,
    repeats: Dice,
}

impl<T: Clone> Emulator<T> {
    /// A direction under these conditions.
    #[must_use]
    pub fn new(seed: u64, conditions: Conditions) -> Self {
        let dice = |kind: u64| Dice::new(seed.wrapping_mul(4).wrapping_add(kind));
        Self {
            conditions,
            changes: VecDeque::new(),
            chance: Chance {
                loss: dice(0),
                in_burst: false,
                jitter: dice(1),
                shaken: (0.0, Duration::ZERO),
                order: dice(2),
                repeats: dice(3),
            },
            queue: VecDeque::new(),
            queued_bytes: 0,
            leaves: Duration::ZERO,
            flying: BinaryHeap::new(),
            latest: Duration::ZERO,
            sent: 0,
            counts: Counts::default(),
        }
    }

    /// Other conditions from now on; those that were to follow are forgotten.
    pub fn set(&mut self, now: Duration, conditions: Conditions) {
        self.follow(now, [(Duration::ZERO, conditions)]);
    }

    /// A sequence of conditions, each from so long after now on, in the order of time.
    pub fn follow(
        &mut self,
        now: Duration,
        steps: impl IntoIterator<Item = (Duration, Conditions)>,
    ) {
        self.advance(now);
        self.changes = steps
            .into_iter()
            .map(|(after, conditions)| (now + after, conditions))
            .collect();
        self.advance(now);
    }

    /// The conditions that hold since the last call with a time.
    #[must_use]
    pub const fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// What became of packets so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Hands over a packet that is so many bytes long.
    pub fn send(&mut self, now: Duration, packet: T, bytes: usize) {
        self.advance(now);
        self.counts.sent += 1;
        let lost = self.chance.loses(self.conditions.loss);
        if self.conditions.outage {
            self.counts.cut += 1;
            return;
        }
        if self.wait(bytes) > self.conditions.queue && !self.queue.is_empty() {
            self.counts.overflown += 1;
            return;
        }
        if self.queue.is_empty() {
            self.leaves = now + self.transmission(bytes);
        }
        self.queued_bytes += bytes;
        self.queue.push_back(Waiting {
            packet,
            bytes,
            lost,
        });
        self.advance(now);
    }

    /// The next packet that has arrived by now.
    pub fn receive(&mut self, now: Duration) -> Option<(Duration, T)> {
        self.advance(now);
        let Reverse(first) = self.flying.peek()?;
        if first.arrives > now {
            return None;
        }
        let Reverse(first) = self.flying.pop()?;
        self.counts.received += 1;
        Some((first.arrives, first.packet))
    }

    /// When time alone changes something next.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let change = self.changes.front().map(|(at, _)| *at);
        let leaves = (!self.queue.is_empty()).then_some(self.leaves);
        let arrives = self.flying.peek().map(|Reverse(first)| first.arrives);
        [change, leaves, arrives].into_iter().flatten().min()
    }

    /// Lets time pass: changes of the conditions and departures, in their order.
    fn advance(&mut self, now: Duration) {
        loop {
            let change = self.changes.front().map(|(at, _)| *at);
            let leaves = (!self.queue.is_empty()).then_some(self.leaves);
            match (change, leaves) {
                (Some(at), leaves) if at <= now && leaves.is_none_or(|it| at <= it) => {
                    if let Some((_, conditions)) = self.changes.pop_front() {
                        self.conditions = conditions;
                    }
                }
                (_, Some(at)) if at <= now => self.depart(at),
                _ => return,
            }
        }
    }

    /// The first of the queue leaves, and the one behind it begins to.
    fn depart(&mut self, now: Duration) {
        let Some(first) = self.queue.pop_front() else {
            return;
        };
        self.queued_bytes -= first.bytes;
        if let Some(second) = self.queue.front() {
            self.leaves = now + self.transmission(second.bytes);
        }
        if self.conditions.outage {
            self.counts.cut += 1;
        } else if first.lost {
            self.counts.lost += 1;
        } else {
            self.fly(now, first.packet);
        }
    }

    fn fly(&mut self, now: Duration, packet: T) {
        let Conditions {
            delay,
            jitter,
            reordered,
            repeated,
            ..
        } = self.conditions;
        let arrives = now + self.chance.delay(now, delay, jitter);
        let arrives = if self.chance.order.chance(reordered) {
            arrives + Conditions::OVERTAKEN
        } else {
            self.latest = self.latest.max(arrives);
            self.latest
        };
        let again = self.chance.repeats.chance(repeated).then(|| packet.clone());
        for packet in [Some(packet), again].into_iter().flatten() {
            self.sent += 1;
            self.flying.push(Reverse(Flying {
                arrives,
                number: self.sent,
                packet,
            }));
        }
    }

    /// How long a packet of so many bytes would wait until its last bit has left, about.
    fn wait(&self, bytes: usize) -> Duration {
        self.transmission(self.queued_bytes + bytes)
    }

    fn transmission(&self, bytes: usize) -> Duration {
        match self.conditions.rate_bps {
            Some(rate) => Duration::from_secs_f64(bytes as f64 * 8.0 / rate.max(1) as f64),
            None => Duration::ZERO,
        }
    }
}

impl Chance {
    fn loses(&mut self, loss: Loss) -> bool {
        let roll = self.loss.roll();
        match loss {
            Loss::None => false,
            Loss::Random(share) => roll < share,
            Loss::Bursts { begins, ends } => {
                self.in_burst = if self.in_burst {
                    roll >= ends
                } else {
                    roll < begins
                };
                self.in_burst
            }
        }
    }

    /// Delays of packets that follow each other are alike, as in queues of others (Ornstein–
    /// Uhlenbeck, [`REMEMBERS`]): if each were drawn anew, keeping the order would make every one
    /// of them late. A sum of twelve even rolls is normal enough (Irwin–Hall), with deviation one.
    fn delay(&mut self, now: Duration, mean: Duration, deviation: Duration) -> Duration {
        if deviation.is_zero() {
            return mean;
        }
        let fresh = (0..12).map(|_| self.jitter.roll()).sum::<f64>() - 6.0;
        let (last, at) = self.shaken;
        let kept = (-now.saturating_sub(at).div_duration_f64(REMEMBERS)).exp();
        let shaken = kept * last + (1.0 - kept * kept).sqrt() * fresh;
        self.shaken = (shaken, now);
        let by = shaken.clamp(-2.0, 2.0) * deviation.as_secs_f64();
        Duration::from_secs_f64((mean.as_secs_f64() + by).max(0.0))
    }
}

impl<T> PartialEq for Flying<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Flying<T> {}

impl<T> PartialOrd for Flying<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Flying<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.arrives, self.number).cmp(&(other.arrives, other.number))
    }
}

/// How fast delays change: after this time a third of a deviation is left. About what a few packets
/// of somebody else in the same queue make.
const REMEMBERS: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests;
