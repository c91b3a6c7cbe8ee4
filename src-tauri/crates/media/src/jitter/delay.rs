//! How late packets or pictures are: the relative delay of arrivals and the delay that covers most
//! of them.

use std::time::{Duration, Instant};

/// Measures arrivals against the fastest one of the last seconds, and keeps a histogram of it.
/// All numbers are microseconds.
#[derive(Debug)]
pub(in crate::jitter) struct Delay {
    /// Where the instants are counted from.
    origin: Option<Instant>,
    last_arrival: i64,
    fastest: Fastest,
    histogram: Histogram,
}

impl Delay {
    /// Begins with the belief that `prior` is needed, which a few seconds of arrivals correct.
    pub(in crate::jitter) fn new(prior: Duration) -> Self {
        Self {
            origin: None,
            last_arrival: i64::MIN,
            fastest: Fastest::default(),
            histogram: Histogram::new(prior.as_micros() as i64),
        }
    }

    /// Learns from something `length` long that belongs at `position` and came at `arrived`.
    pub(in crate::jitter) fn arrival(
        &mut self,
        arrived: Instant,
        position: i64,
        length: i64,
        how: How,
    ) {
        let at = self.micros(arrived);
        let transit = at.saturating_sub(position);
        self.fastest.add(at, transit);
        let relative = transit.saturating_sub(self.fastest.get().unwrap_or(transit));
        // Packets that come in a heap are one event, however many they are: each weighs as much
        // as the time since the one before, up to its own length.
        let since_last = at.saturating_sub(self.last_arrival).max(0) as f64;
        let weight = (since_last / length.max(1) as f64).clamp(HEAP_WEIGHT, 1.0);
        self.last_arrival = self.last_arrival.max(at);
        let repaired = how == How::Reordered && relative > REPAIRED_MICROS;
        if !repaired {
            self.histogram.add(relative, weight);
        }
    }

    /// Forgets the timeline but not what the network is like: positions start anew.
    pub(in crate::jitter) fn restart(&mut self) {
        self.fastest = Fastest::default();
    }

    /// How long after the fastest possible moment `position` would play if it played at `now`.
    pub(in crate::jitter) fn slack(&mut self, now: Instant, position: i64) -> i64 {
        let transit = self.micros(now).saturating_sub(position);
        transit.saturating_sub(self.fastest.get().unwrap_or(transit))
    }

    /// The slack that a packet needs to be in time nearly always.
    pub(in crate::jitter) fn needed(&self) -> i64 {
        self.histogram.quantile(QUANTILE)
    }

    fn micros(&mut self, at: Instant) -> i64 {
        let origin = *self.origin.get_or_insert(at);
        match at.checked_duration_since(origin) {
            Some(after) => after.as_micros() as i64,
            None => -(origin.duration_since(at).as_micros() as i64),
        }
    }
}

/// How a packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jitter) enum How {
    /// After all packets before it.
    InOrder,
    /// After a packet with a higher sequence.
    Reordered,
}

/// The shortest transit of the last seconds. A sliding window follows the drift of clocks and a
/// new path; it is cut into parts so that the oldest can go.
#[derive(Debug, Default)]
struct Fastest {
    parts: [Option<i64>; PARTS],
    current: i64,
}

impl Fastest {
    fn add(&mut self, at_micros: i64, transit: i64) {
        let part = at_micros.div_euclid(PART.as_micros() as i64);
        let passed = part.saturating_sub(self.current).clamp(0, PARTS as i64);
        for step in 0..passed {
            self.parts[(part - step).rem_euclid(PARTS as i64) as usize] = None;
        }
        self.current = self.current.max(part);
        let minimum = &mut self.parts[self.current.rem_euclid(PARTS as i64) as usize];
        *minimum = Some(minimum.map_or(transit, |it| it.min(transit)));
    }

    fn get(&self) -> Option<i64> {
        self.parts.iter().flatten().min().copied()
    }
}

/// Delays in bins of a millisecond, where newer ones weigh more.
#[derive(Debug)]
struct Histogram {
    bins: Box<[f64; BINS]>,
    total: f64,
    /// What the next sample weighs; growing it ages all others at once.
    unit: f64,
}

impl Histogram {
    fn new(prior_micros: i64) -> Self {
        let mut empty = Self {
            bins: Box::new([0.0; BINS]),
            total: 0.0,
            unit: 1.0,
        };
        empty.put(prior_micros, PRIOR_WEIGHT);
        empty
    }

    fn add(&mut self, micros: i64, weight: f64) {
        self.unit /= FORGETTING.powf(weight);
        self.put(micros, weight);
        if self.unit > 1e9 {
            self.bins.iter_mut().for_each(|it| *it /= self.unit);
            self.total /= self.unit;
            self.unit = 1.0;
        }
    }

    fn put(&mut self, micros: i64, weight: f64) {
        let bin = (micros / BIN_MICROS).clamp(0, BINS as i64 - 1) as usize;
        self.bins[bin] += self.unit * weight;
        self.total += self.unit * weight;
    }

    /// The upper edge of the bin below which a share of `quantile` lies.
    fn quantile(&self, quantile: f64) -> i64 {
        let wanted = self.total * quantile;
        let mut sum = 0.0;
        let bin = self.bins.iter().position(|it| {
            sum += it;
            sum >= wanted
        });
        (bin.unwrap_or(BINS - 1) as i64 + 1) * BIN_MICROS
    }
}

/// Four packets in a hundred may come too late: concealing them is heard less than more delay.
const QUANTILE: f64 = 0.96;

/// Half of the weight is younger than 350 packets, which are 7 s: long enough to remember a
/// microwave oven, short enough to come down soon after.
const FORGETTING: f64 = 0.998;

/// What a packet of a heap weighs at least, so that it is not lost on the histogram.
const HEAP_WEIGHT: f64 = 0.02;

const BIN_MICROS: i64 = 1000;
const BINS: usize = 301;

/// A clean network disproves the prior within three seconds.
const PRIOR_WEIGHT: f64 = 5.0;

/// What comes this late and out of order was sent twice; waiting for it would cost more than it
/// brings.
const REPAIRED_MICROS: i64 = 100_000;

/// Eight parts of half a second: 4 s, over which clocks of 100 ppm drift by 0.4 ms.
const PARTS: usize = 8;
const PART: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    fn fed(delays_micros: impl Iterator<Item = u64>) -> (Delay, Instant) {
        let start = some_instant();
        let mut delay = Delay::new(Duration::ZERO);
        let mut last = start;
        for (index, late) in delays_micros.enumerate() {
            last = start + Duration::from_micros(index as u64 * 20_000 + late);
            delay.arrival(last, index as i64 * 20_000, 20_000, How::InOrder);
        }
        (delay, last)
    }

    #[test]
    fn a_clean_network_needs_next_to_nothing() {
        assert!(fed((0..300).map(|_| 5000)).0.needed() <= 1000);
    }

    #[test]
    fn jitter_is_covered_but_its_rarest_peaks_are_not() {
        let needed = fed((0..2000_u64).map(|it| it * 7919 % 30 * 1000))
            .0
            .needed();
        assert!((25_000..=31_000).contains(&needed), "{needed}");
        let peaks = (0..2000_u64).map(|it| if it % 100 == 50 { 200_000 } else { 0 });
        assert!(fed(peaks).0.needed() < 20_000);
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
        assert!(fed(heap).0.needed() < 30_000);
    }

    #[test]
    fn drift_of_the_clocks_is_no_delay() {
        let (mut delay, now) = fed((0..6000_u64).map(|it| it * 2));
        assert!(delay.needed() <= 2000);
        assert!(delay.slack(now, 5999 * 20_000) <= 1000);
    }
}
