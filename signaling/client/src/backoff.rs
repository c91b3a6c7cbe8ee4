//! Pauses between attempts: exponential with full jitter, so that clients of a relay that
//! restarts do not come back all at once.

use std::time::Duration;

use crate::timing::Timing;

/// Counts failures in a row and says how long to pause.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    /// The longest while somebody waits.
    urgent: Duration,
    is_urgent: bool,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(timing: &Timing) -> Self {
        Self {
            first: timing.first_retry,
            longest: timing.longest_retry,
            urgent: timing.urgent_retry,
            is_urgent: false,
            failures: 0,
        }
    }

    /// The next attempt is a first one again.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Whether somebody waits, so that pauses are short however many failures there were.
    pub(crate) const fn set_urgent(&mut self, is_urgent: bool) {
        self.is_urgent = is_urgent;
    }

    /// A pause, chosen anew.
    pub(crate) fn choose(&self) -> Duration {
        self.ceiling().mul_f64(random_fraction())
    }

    /// Counts a failure and chooses the pause after it.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.choose();
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// The longest that the next pause can be.
    fn ceiling(&self) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures);
        let longest = if self.is_urgent {
            self.urgent.min(self.longest)
        } else {
            self.longest
        };
        self.first.saturating_mul(factor).min(longest)
    }
}

/// Evenly from 0 to 1. Without randomness the pause is the longest: late, but never a loop.
fn random_fraction() -> f64 {
    getrandom::u32().map_or(1.0, |n| f64::from(n) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_start_again() {
        let mut backoff = Backoff::new(&Timing::default());
        let mut ceilings = Vec::new();
        for _ in 0..40 {
            ceilings.push(backoff.ceiling().as_millis());
            let ceiling = backoff.ceiling();
            assert!(backoff.pause() <= ceiling);
        }
        assert_eq!(
            ceilings[..7],
            [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000]
        );
        assert_eq!(ceilings[39], 10_000);
        backoff.reset();
        assert_eq!(backoff.ceiling(), Duration::from_millis(250));
    }

    #[test]
    fn pauses_are_short_while_somebody_waits() {
        let mut backoff = Backoff::new(&Timing::default());
        for _ in 0..40 {
            backoff.pause();
        }
        backoff.set_urgent(true);
        assert_eq!(backoff.ceiling(), Duration::from_secs(1));
        for _ in 0..40 {
            assert!(backoff.pause() <= Duration::from_secs(1));
        }
        backoff.set_urgent(false);
        assert_eq!(backoff.ceiling(), Duration::from_secs(10));
    }

    #[test]
    fn pauses_are_spread_over_the_whole_range() {
        let mut backoff = Backoff::new(&Timing::default());
        let below_half = (0..200)
            .filter(|_| {
                backoff.reset();
                backoff.pause() < Duration::from_millis(125)
            })
            .count();
        assert!(
            (50..150).contains(&below_half),
            "{below_half} of 200 in the lower half"
        );
    }
}
