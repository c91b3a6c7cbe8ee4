//! A token bucket, for limits that delay and for limits that refuse: it may run into debt and says
//! how long to wait then, or gives only what is there.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket: fills at a steady rate up to a burst.
#[derive(Debug)]
pub(crate) struct TokenBucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        let burst = f64::from(burst);
        Self {
            per_second: f64::from(per_second),
            burst,
            tokens: burst,
            at: now,
        }
    }

    /// Takes tokens, and says how long to wait before taking any more.
    pub(crate) fn take(&mut self, tokens: u32, now: Instant) -> Duration {
        self.tokens = self.gained(now) - f64::from(tokens);
        self.at = now;
        self.wait_for(self.tokens)
    }

    /// How long to wait if so many tokens were taken.
    pub(crate) fn delay(&self, tokens: u32, now: Instant) -> Duration {
        self.wait_for(self.gained(now) - f64::from(tokens))
    }

    /// Whether the whole burst is there.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.gained(now) >= self.burst
    }

    fn gained(&self, now: Instant) -> f64 {
        let gained = now.duration_since(self.at).as_secs_f64() * self.per_second;
        (self.tokens + gained).min(self.burst)
    }

    fn wait_for(&self, tokens: f64) -> Duration {
        let debt = (-tokens).max(0.0);
        if debt <= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(debt / self.per_second).unwrap_or(LONGEST_DELAY)
    }

    /// Takes tokens if they are there, and never runs into debt.
    pub(crate) fn try_take(&mut self, tokens: u32, now: Instant) -> bool {
        let enough = self.gained(now) >= f64::from(tokens);
        if enough {
            self.take(tokens, now);
        }
        enough
    }
}

/// For a rate of zero.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, 5, start);
        assert!((0..5).all(|_| bucket.take(1, start).is_zero()));
        assert_eq!(bucket.take(1, start), Duration::from_millis(100));
        let later = start + Duration::from_millis(100);
        assert_eq!(bucket.take(2, later), Duration::from_millis(200));
        let long_after = start + Duration::from_secs(60);
        assert!((0..5).all(|_| bucket.take(1, long_after).is_zero()));
        assert!(!bucket.take(1, long_after).is_zero());
    }

    #[test]
    fn what_is_not_there_is_not_taken() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, 2, start);
        assert!(bucket.is_full(start));
        assert!(bucket.try_take(2, start) && !bucket.try_take(1, start));
        let later = start + Duration::from_millis(100);
        assert!(!bucket.try_take(2, later) && bucket.try_take(1, later));
        assert!(!bucket.is_full(later));
        assert!(bucket.is_full(later + Duration::from_millis(200)));
    }

    #[test]
    fn a_rate_of_zero_means_a_long_delay() {
        let start = Instant::now();
        assert_eq!(TokenBucket::new(0, 0, start).take(1, start), LONGEST_DELAY);
    }
}
