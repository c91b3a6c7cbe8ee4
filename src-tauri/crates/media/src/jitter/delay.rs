//! How late packets or pictures are: the relative delay of arrivals and the delay that covers most
//! of them.
//!
//! The transit of a packet is its arrival on our clock less its position on the sender's timeline.
//! The two clocks have nothing in common, so a transit alone means nothing; the difference to the
//! least transit of late (`fastest`) is how much longer than the fastest packets this one took.
//!
//! A histogram of these delays tells what is needed (`histogram`). Three things are kept from it,
//! for they are no jitter of the path: what an outage held back (`backlog`), a path that became
//! longer (`shift`), and delays whose cause is gone (`recurrence`).

mod backlog;
mod fastest;
mod histogram;
mod recurrence;
mod shift;
mod standing;

use std::time::{Duration, Instant};

use self::backlog::Backlog;
use self::fastest::LeastTransit;
use self::histogram::Histogram;
use self::recurrence::Recurrence;
use self::shift::{Sample, ShiftDetector, Verdict};
use self::standing::LatestTransits;
use crate::time::{MediaTime, TimeDelta};

/// Measures arrivals against the fastest one of the last seconds, and keeps a histogram of it.
#[derive(Debug)]
pub(in crate::jitter) struct Delay {
    /// Where instants are counted from.
    origin: Option<Instant>,
    last_arrival: Option<TimeDelta>,
    fastest: LeastTransit,
    latest: LatestTransits,
    backlog: Backlog,
    shift: ShiftDetector,
    histogram: Histogram,
    recurrence: Recurrence,
    /// How much came since all delays above what is expected seem to be over.
    over: TimeDelta,
}

impl Delay {
    /// Begins with the belief that `prior` is needed, which a few seconds of arrivals correct.
    pub(in crate::jitter) fn new(prior: Duration) -> Self {
        Self {
            origin: None,
            last_arrival: None,
            fastest: LeastTransit::default(),
            latest: LatestTransits::default(),
            backlog: Backlog::default(),
            shift: ShiftDetector::default(),
            histogram: Histogram::new(TimeDelta::from(prior)),
            recurrence: Recurrence::new(),
            over: TimeDelta::ZERO,
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
        // 1. How late it is, measured against the fastest.
        self.fastest.add(at, transit);
        let fastest = self.fastest.get().unwrap_or(transit);
        let delay = transit - fastest;
        let silence = self.last_arrival.map_or(TimeDelta::ZERO, |last| at - last);
        let weight = self.weight(at, delay, length);
        self.last_arrival = self.last_arrival.max(Some(at));
        // 2. What is no jitter of the path is not learned from.
        if order == Order::Reordered && delay > RETRANSMITTED {
            return;
        }
        self.latest.add(at, transit);
        let late = delay > self.needed();
        if self.backlog.holds(at, transit, silence, late) {
            return;
        }
        // 3. The rest is, once it is known whether the path itself became longer.
        let sample = Sample {
            at,
            length,
            transit,
            fastest,
        };
        let verdict = self.shift.judge(sample, self.histogram.quantile(0.5));
        self.learn(delay, weight, length);
        match verdict {
            Verdict::Same => self.histogram.settle(TimeDelta::ZERO),
            Verdict::Open => {}
            Verdict::Longer(by) => {
                self.fastest.raise_to(fastest + by);
                self.histogram.settle(by);
            }
        }
    }

    fn learn(&mut self, delay: TimeDelta, weight: f64, length: TimeDelta) {
        self.histogram.add(delay, weight);
        self.recurrence.add(delay, length);
        // A cause that seems gone is forgotten for good only when it stays away: on a path of much
        // jitter, calm often lasts no longer than a moment.
        self.over = if self.is_over() {
            self.over + length
        } else {
            TimeDelta::ZERO
        };
        if self.over > GONE {
            self.histogram.forget_above(self.recurrence.expected());
        }
    }

    /// Packets that come in a burst were held up by one event, however many they are: each weighs
    /// as much as the time since the one before it, up to its own length. Events that come again
    /// and again are what the path is like, and weigh in full.
    fn weight(&self, at: TimeDelta, delay: TimeDelta, length: TimeDelta) -> f64 {
        let Some(last) = self.last_arrival else {
            return 1.0;
        };
        if self.recurrence.recurs(delay) {
            return 1.0;
        }
        let since_last = (at - last).micros().max(0) as f64;
        (since_last / length.micros().max(1) as f64).clamp(BURST_WEIGHT, 1.0)
    }

    /// Forgets the timeline but not what the network is like: positions start anew.
    pub(in crate::jitter) fn restart(&mut self) {
        self.fastest = LeastTransit::default();
        self.latest.clear();
        self.shift.restart();
        self.backlog = Backlog::default();
    }

    /// The transit of something at `position` that plays at `now`, to be compared with others.
    pub(in crate::jitter) fn transit(&mut self, now: Instant, position: MediaTime) -> TimeDelta {
        self.since_origin(now) - position.since_epoch()
    }

    /// How much longer `transit` is than that of the fastest packets.
    pub(in crate::jitter) fn beyond_fastest(&self, transit: TimeDelta) -> TimeDelta {
        transit - self.fastest.get().unwrap_or(transit)
    }

    /// How long after the earliest possible moment `position` would play if it played at `now`.
    pub(in crate::jitter) fn slack(&mut self, now: Instant, position: MediaTime) -> TimeDelta {
        let transit = self.transit(now, position);
        self.beyond_fastest(transit)
    }

    /// The slack that a packet needs to be in time nearly always.
    pub(in crate::jitter) fn needed(&self) -> TimeDelta {
        if self.is_over() {
            self.recurrence.expected()
        } else {
            self.covering()
        }
    }

    /// The delay that covers nearly all of what the histogram remembers.
    fn covering(&self) -> TimeDelta {
        self.histogram.quantile(QUANTILE)
    }

    /// Whether the histogram remembers delays whose cause is gone.
    fn is_over(&self) -> bool {
        let covering = self.covering();
        let quarter = TimeDelta::from_micros(covering.micros() / 4);
        self.recurrence.expected() + quarter.max(CLEARLY_LESS) < covering
    }

    /// The delay that no packet of the last moments was without: what plays with less slack is not
    /// here yet.
    pub(in crate::jitter) fn standing(&self) -> TimeDelta {
        self.latest
            .least()
            .map_or(TimeDelta::ZERO, |least| self.beyond_fastest(least))
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

/// Four packets in a hundred may come too late: concealing them is heard less than more delay.
const QUANTILE: f64 = 0.96;

/// What is expected is clearly less than what is covered from here on, or by a quarter of it: the
/// highest delays of a path are rare, and none of them for a moment means nothing.
const CLEARLY_LESS: TimeDelta = TimeDelta::from_millis(10);

/// What seems to be over for this long will not come back.
const GONE: TimeDelta = TimeDelta::from_millis(2000);

/// What a packet of a burst weighs at least: a long one still leaves a trace.
const BURST_WEIGHT: f64 = 0.02;

/// What comes this late and out of order is a retransmission; waiting for it would cost more than
/// it brings.
const RETRANSMITTED: TimeDelta = TimeDelta::from_millis(100);

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

    /// What is needed after each packet, microseconds.
    fn needed_after(delays_micros: impl Iterator<Item = u64>) -> Vec<i64> {
        let start = some_instant();
        let mut delay = Delay::new(Duration::ZERO);
        (0..)
            .zip(delays_micros)
            .map(|(index, late)| {
                let arrived = start + Duration::from_micros(index * 20_000 + late);
                delay.arrival(arrived, at(index as i64), PACKET, Order::InOrder);
                delay.needed().micros()
            })
            .collect()
    }

    #[test]
    fn what_an_outage_held_back_is_no_jitter() {
        for drained_after in [1, 60] {
            let held = |it: u64| match it {
                300..400 => (400 - it) * 20_000 + (it - 300) * 20_000 * (drained_after - 1) / 100,
                _ => 1000,
            };
            let most = needed_after((0..600).map(held)).into_iter().skip(200).max();
            assert!(most <= Some(2000), "{most:?} by {drained_after}");
        }
    }

    #[test]
    fn a_longer_path_is_no_jitter() {
        let needed = needed_after((0..600).map(|it| if it < 300 { 1000 } else { 201_000 }));
        assert!(needed[299] <= 2000);
        assert!(needed[355] <= 2000, "{}", needed[355]);
    }

    #[test]
    fn a_path_that_swings_is_covered() {
        let swing = |it: u64| (it % 100) * 1500;
        let needed = needed_after((0..1500).map(swing));
        let least = needed[600..].iter().min();
        assert!(least >= Some(&120_000), "{least:?}");
    }

    #[test]
    fn jitter_that_is_over_is_forgotten_after_a_second() {
        let shaky = |it: u64| it * 7919 % 130 * 1000;
        let over = needed_after((0..600).map(|it| if it < 500 { shaky(it) } else { 1000 }));
        assert!(over[499] >= 100_000, "{}", over[499]);
        assert!(over[555] <= 10_000, "{}", over[555]);
    }

    #[test]
    fn drift_of_the_clocks_is_no_delay() {
        let (mut delay, now) = fed((0..6000_u64).map(|it| it * 2));
        assert!(delay.needed().micros() <= 2000);
        assert!(delay.slack(now, at(5999)).micros() <= 1000);
    }
}
