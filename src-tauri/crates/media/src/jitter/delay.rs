//! How late packets or pictures are: the relative delay of arrivals and the delay that covers most
//! of them.
//!
//! The transit of a packet is its arrival on our clock less its position on the sender's timeline.
//! The two clocks have nothing in common, so a transit alone means nothing; the difference to the
//! least transit of late is how much longer than the fastest packets this one took.

use std::time::{Duration, Instant};

use crate::time::{MediaTime, TimeDelta};

/// Measures arrivals against the fastest one of the last seconds, and keeps a histogram of it.
#[derive(Debug)]
pub(in crate::jitter) struct Delay {
    /// Where instants are counted from.
    origin: Option<Instant>,
    last_arrival: Option<TimeDelta>,
    fastest: LeastTransit,
    histogram: Histogram,
}

impl Delay {
    /// Begins with the belief that `prior` is needed, which a few seconds of arrivals correct.
    pub(in crate::jitter) fn new(prior: Duration) -> Self {
        Self {
            origin: None,
            last_arrival: None,
            fastest: LeastTransit::default(),
            histogram: Histogram::new(TimeDelta::from(prior)),
        }
    }

    /// Learns from something `length` long that belongs at `position` and came at `arrived`.
    pub(in crate::jitter) fn arrival(
        &mut self,
        arrived: Instant,
        position: MediaTime,
        length: TimeDelta,
        order: Order,
    ) {
        let at = self.since_origin(arrived);
        let transit = at - position.since_epoch();
        self.fastest.add(at, transit);
        let relative = transit - self.fastest.get().unwrap_or(transit);
        let weight = self.weight(at, length);
        self.last_arrival = self.last_arrival.max(Some(at));
        let sent_again = order == Order::Reordered && relative > RETRANSMITTED;
        if !sent_again {
            self.histogram.add(relative, weight);
        }
    }

    /// Packets that come in a burst were held up by one event, however many they are: each weighs
    /// as much as the time since the one before it, up to its own length.
    fn weight(&self, at: TimeDelta, length: TimeDelta) -> f64 {
        let Some(last) = self.last_arrival else {
            return 1.0;
        };
        let since_last = (at - last).micros().max(0) as f64;
        (since_last / length.micros().max(1) as f64).clamp(BURST_WEIGHT, 1.0)
    }

    /// Forgets the timeline but not what the network is like: positions start anew.
    pub(in crate::jitter) fn restart(&mut self) {
        self.fastest = LeastTransit::default();
    }

    /// How long after the earliest possible moment `position` would play if it played at `now`.
    pub(in crate::jitter) fn slack(&mut self, now: Instant, position: MediaTime) -> TimeDelta {
        let transit = self.since_origin(now) - position.since_epoch();
        transit - self.fastest.get().unwrap_or(transit)
    }

    /// The slack that a packet needs to be in time nearly always.
    pub(in crate::jitter) fn needed(&self) -> TimeDelta {
        self.histogram.quantile(QUANTILE)
    }

    fn since_origin(&mut self, at: Instant) -> TimeDelta {
        let origin = *self.origin.get_or_insert(at);
        match at.checked_duration_since(origin) {
            Some(after) => TimeDelta::from(after),
            None => -TimeDelta::from(origin.duration_since(at)),
        }
    }
}

/// How a packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jitter) enum Order {
    /// After all packets before it.
    InOrder,
    /// After a packet with a higher sequence.
    Reordered,
}

/// The least transit of the last seconds. A sliding window follows the drift of clocks and a new
/// path; it is cut into parts, of which the oldest goes when a new one begins.
#[derive(Debug, Default)]
struct LeastTransit {
    parts: [Option<TimeDelta>; PARTS],
    /// The number of the newest part, counted from the origin of time.
    newest: i64,
}

impl LeastTransit {
    fn add(&mut self, at: TimeDelta, transit: TimeDelta) {
        let part = at.micros().div_euclid(PART.micros());
        let begun = part.saturating_sub(self.newest).clamp(0, PARTS as i64);
        for step in 0..begun {
            self.parts[slot_of(part - step)] = None;
        }
        self.newest = self.newest.max(part);
        let least = &mut self.parts[slot_of(self.newest)];
        *least = Some(least.map_or(transit, |it| it.min(transit)));
    }

    fn get(&self) -> Option<TimeDelta> {
        self.parts.iter().flatten().min().copied()
    }
}

const fn slot_of(part: i64) -> usize {
    part.rem_euclid(PARTS as i64) as usize
}

/// Delays in bins of a millisecond, where newer ones weigh more.
#[derive(Debug)]
struct Histogram {
    bins: Box<[f64; BINS]>,
    total: f64,
    /// What the next arrival weighs. It grows with each one, which ages all others at once.
    unit: f64,
}

impl Histogram {
    fn new(prior: TimeDelta) -> Self {
        let mut empty = Self {
            bins: Box::new([0.0; BINS]),
            total: 0.0,
            unit: 1.0,
        };
        empty.put(prior, PRIOR_WEIGHT);
        empty
    }

    fn add(&mut self, delay: TimeDelta, weight: f64) {
        self.unit /= FORGETTING.powf(weight);
        self.put(delay, weight);
        // Before numbers grow too large, all are scaled back.
        if self.unit > 1e9 {
            self.bins.iter_mut().for_each(|it| *it /= self.unit);
            self.total /= self.unit;
            self.unit = 1.0;
        }
    }

    fn put(&mut self, delay: TimeDelta, weight: f64) {
        let bin = (delay / BIN).clamp(0, BINS as i64 - 1) as usize;
        self.bins[bin] += self.unit * weight;
        self.total += self.unit * weight;
    }

    /// The upper edge of the bin below which a share of `quantile` lies.
    fn quantile(&self, quantile: f64) -> TimeDelta {
        let wanted = self.total * quantile;
        let mut sum = 0.0;
        let bin = self.bins.iter().position(|it| {
            sum += it;
            sum >= wanted
        });
        BIN * (bin.unwrap_or(BINS - 1) as i64 + 1)
    }
}

/// Four packets in a hundred may come too late: concealing them is heard less than more delay.
const QUANTILE: f64 = 0.96;

/// Half of the weight is younger than 350 packets, which are 7 s: long enough to remember a
/// microwave oven, short enough to come down soon after.
const FORGETTING: f64 = 0.998;

/// What a packet of a burst weighs at least: a long one still leaves a trace.
const BURST_WEIGHT: f64 = 0.02;

const BIN: TimeDelta = TimeDelta::from_millis(1);
const BINS: usize = 301;

/// A clean network disproves the prior within three seconds.
const PRIOR_WEIGHT: f64 = 5.0;

/// What comes this late and out of order is a retransmission; waiting for it would cost more than
/// it brings.
const RETRANSMITTED: TimeDelta = TimeDelta::from_millis(100);

/// Eight parts of half a second: 4 s, over which clocks of 100 ppm drift by 0.4 ms.
const PARTS: usize = 8;
const PART: TimeDelta = TimeDelta::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    const PACKET: TimeDelta = TimeDelta::from_millis(20);

    fn at(packet: i64) -> MediaTime {
        MediaTime::default() + PACKET * packet
    }

    fn fed(delays_micros: impl Iterator<Item = u64>) -> (Delay, Instant) {
        let start = some_instant();
        let mut delay = Delay::new(Duration::ZERO);
        let mut last = start;
        for (index, late) in delays_micros.enumerate() {
            last = start + Duration::from_micros(index as u64 * 20_000 + late);
            delay.arrival(last, at(index as i64), PACKET, Order::InOrder);
        }
        (delay, last)
    }

    #[test]
    fn a_clean_network_needs_next_to_nothing() {
        assert!(fed((0..300).map(|_| 5000)).0.needed().micros() <= 1000);
    }

    #[test]
    fn jitter_is_covered_but_its_rarest_peaks_are_not() {
        let needed = fed((0..2000_u64).map(|it| it * 7919 % 30 * 1000))
            .0
            .needed()
            .micros();
        assert!((25_000..=31_000).contains(&needed), "{needed}");
        let peaks = (0..2000_u64).map(|it| if it % 100 == 50 { 200_000 } else { 0 });
        assert!(fed(peaks).0.needed().micros() < 20_000);
    }

    #[test]
    fn an_outage_weighs_like_one_packet_and_is_forgotten() {
        let heap = (0..600_u64).map(|it| {
            if (300..400).contains(&it) {
                (400 - it) * 20_000
            } else {
                0
            }
        });
        assert!(fed(heap).0.needed().micros() < 30_000);
    }

    #[test]
    fn drift_of_the_clocks_is_no_delay() {
        let (mut delay, now) = fed((0..6000_u64).map(|it| it * 2));
        assert!(delay.needed().micros() <= 2000);
        assert!(delay.slack(now, at(5999)).micros() <= 1000);
    }
}
