//! How much the other side may say within a time.

use std::time::Duration;

use crate::time::Timestamp;

/// What texts cost: one for each, and one more for each KiB. What is over the budget is not taken now,
/// and not acknowledged, so it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    left: u32,
    /// Up to when what comes back was added.
    at: Timestamp,
}

impl Budget {
    /// A full one.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            left: FULL,
            at: now,
        }
    }

    /// Pays for a text of so many bytes. Says whether there was enough.
    #[must_use]
    pub(crate) fn pay(&mut self, now: Timestamp, bytes: usize) -> bool {
        let passed = now.since(self.at);
        let back = u32::try_from(passed.as_millis() / EACH.as_millis()).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(back).min(FULL);
        self.at = self.at + EACH * back.min(MAX_STEPS);
        if back > MAX_STEPS {
            self.at = now;
        }
        let cost = 1 + u32::try_from(bytes / 1024).unwrap_or(u32::MAX - 1);
        let enough = cost <= self.left;
        if enough {
            self.left -= cost;
        }
        enough
    }
}

/// Three texts of the greatest length at once, or one page pasted line by line.
const FULL: u32 = 64;

/// One comes back: nobody types four texts a second for long.
const EACH: Duration = Duration::from_millis(250);

/// After a longer pause the budget is full whatever was left.
const MAX_STEPS: u32 = 2 * FULL;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::after_start(Duration::from_millis(millis))
    }

    #[test]
    fn a_flood_is_held_to_four_texts_a_second() {
        let mut budget = Budget::new(at(0));
        let taken = (0..60_000).filter(|it| budget.pay(at(*it), 10)).count();
        assert!((64 + 230..=64 + 241).contains(&taken), "{taken}");
    }

    #[test]
    fn long_texts_cost_more_and_a_pause_fills_it() {
        let mut budget = Budget::new(at(0));
        let long = 16 * 1024;
        let now = |budget: &mut Budget, ms| (0..9).take_while(|_| budget.pay(at(ms), long)).count();
        assert_eq!(now(&mut budget, 0), 3);
        assert_eq!(now(&mut budget, 1000), 1);
        assert_eq!(now(&mut budget, 3_600_000), 3);
    }
}
