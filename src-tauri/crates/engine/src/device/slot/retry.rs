//! When a device that failed in a call is tried again.

use std::time::{Duration, Instant};

/// Waits 1, 2, 4 and 8 seconds, then 10 before each attempt. A device that comes and goes is no
/// fresh start: only one that worked for a while is.
#[derive(Debug)]
pub(super) struct Retry {
    /// From a failure to the next attempt.
    pause: Duration,
    failed_at: Option<Instant>,
    works_since: Option<Instant>,
}

impl Retry {
    /// Without the device now. Says whether it is time for an attempt, which counts as begun.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.works_since = None;
        let failed_at = *self.failed_at.get_or_insert(now);
        let due = now.saturating_duration_since(failed_at) >= self.pause;
        if due {
            self.failed_at = None;
            self.pause = (2 * self.pause).min(LONGEST);
        }
        due
    }

    /// With the device at work now.
    pub(super) fn works(&mut self, now: Instant) {
        self.failed_at = None;
        let since = *self.works_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= STEADY {
            self.pause = FIRST;
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            pause: FIRST,
            failed_at: None,
            works_since: None,
        }
    }
}

/// A sound server that restarts takes about as long.
const FIRST: Duration = Duration::from_secs(1);

/// An attempt costs little, and who gets up to plug a device in waits no longer.
const LONGEST: Duration = Duration::from_secs(10);

/// A device that worked for this long failed anew when it fails.
const STEADY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    const BEAT: Duration = Duration::from_millis(100);

    /// Waits for the next attempt; returns how long it took.
    fn wait(retry: &mut Retry, now: &mut Instant) -> u64 {
        let begun = *now;
        while !retry.is_due(*now) {
            *now += BEAT;
        }
        now.duration_since(begun).as_secs()
    }

    #[test]
    fn attempts_come_after_1_2_4_8_and_then_every_10_seconds() {
        let (mut retry, mut now) = (Retry::default(), Instant::now());
        let pauses: Vec<_> = (0..6).map(|_| wait(&mut retry, &mut now)).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn only_a_device_that_stays_makes_the_next_pause_short_again() {
        let (mut retry, mut now) = (Retry::default(), Instant::now());
        assert_eq!(wait(&mut retry, &mut now), 1);
        retry.works(now);
        assert_eq!(wait(&mut retry, &mut now), 2, "it came and went");
        retry.works(now);
        now += STEADY;
        retry.works(now);
        assert_eq!(wait(&mut retry, &mut now), 1);
    }
}
