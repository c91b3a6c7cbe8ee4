//! A histogram of delays that forgets.

use crate::time::TimeDelta;

/// Delays in bins of a millisecond, where newer ones weigh more. The newest can be set aside until
/// it is known what they were measured against.
#[derive(Debug)]
pub(super) struct Histogram {
    bins: Box<[f64; BINS]>,
    aside: Box<[f64; BINS]>,
    total: f64,
    /// What the next arrival weighs. It grows with each one, which ages all others at once.
    unit: f64,
}

impl Histogram {
    /// Begins with the belief in one delay.
    pub(super) fn new(prior: TimeDelta) -> Self {
        let mut empty = Self {
            bins: Box::new([0.0; BINS]),
            aside: Box::new([0.0; BINS]),
            total: 0.0,
            unit: 1.0,
        };
        empty.put_aside(prior, PRIOR_WEIGHT);
        empty.settle(TimeDelta::ZERO);
        empty
    }

    /// Adds a delay that may still turn out to be another; it counts already.
    pub(super) fn add(&mut self, delay: TimeDelta, weight: f64) {
        self.unit /= FORGETTING.powf(weight);
        self.put_aside(delay, weight);
        // Before numbers grow too large, all are scaled back.
        if self.unit > 1e9 {
            let bins = self.bins.iter_mut().chain(self.aside.iter_mut());
            bins.for_each(|it| *it /= self.unit);
            self.total /= self.unit;
            self.unit = 1.0;
        }
    }

    /// The delays that were set aside are known now: each is `less` shorter than it seemed.
    pub(super) fn settle(&mut self, less: TimeDelta) {
        let less = (less / BIN).clamp(0, BINS as i64) as usize;
        for (bin, mass) in self.aside.iter_mut().enumerate() {
            self.bins[bin.saturating_sub(less)] += std::mem::take(mass);
        }
    }

    /// Forgets all delays above `limit`.
    pub(super) fn forget_above(&mut self, limit: TimeDelta) {
        let first = bin_of(limit);
        let bins = self.bins[first..].iter_mut();
        for bin in bins.chain(self.aside[first..].iter_mut()) {
            self.total -= std::mem::take(bin);
        }
    }

    /// The upper edge of the bin below which a share of `quantile` lies.
    pub(super) fn quantile(&self, quantile: f64) -> TimeDelta {
        let wanted = self.total * quantile;
        let mut sum = 0.0;
        let bin = self.bins.iter().zip(self.aside.iter()).position(|(a, b)| {
            sum += a + b;
            sum >= wanted
        });
        BIN * (bin.unwrap_or(BINS - 1) as i64 + 1)
    }

    fn put_aside(&mut self, delay: TimeDelta, weight: f64) {
        self.aside[bin_of(delay)] += self.unit * weight;
        self.total += self.unit * weight;
    }
}

const fn bin_of(delay: TimeDelta) -> usize {
    let bin = delay.micros() / BIN.micros();
    if bin < 0 {
        0
    } else if bin >= BINS as i64 {
        BINS - 1
    } else {
        bin as usize
    }
}

const BIN: TimeDelta = TimeDelta::from_millis(1);
const BINS: usize = 301;

/// Half of the weight is younger than 350 packets, which are 7 s: long enough to remember a
/// microwave oven. What ends for good is forgotten sooner, see [`super::recurrence`].
const FORGETTING: f64 = 0.998;

/// A clean network disproves the prior within three seconds.
const PRIOR_WEIGHT: f64 = 5.0;
