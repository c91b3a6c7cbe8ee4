//! The 10 ms beat of the sound devices that the program makes itself.

use std::time::{Duration, Instant};

use media::backend::audio::SAMPLE_RATE_HZ;

/// Counts 10 ms of sound after another.
#[derive(Debug)]
pub(crate) struct Ticks {
    start: Instant,
    next: u64,
    patience: Duration,
}

/// One chunk of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// When its first sample is heard.
    pub(crate) at: Instant,
    /// How many chunks before it were given up.
    pub(crate) missed: u64,
}

impl Ticks {
    /// The length of a chunk.
    pub(crate) const LEN: Duration = Duration::from_millis(10);

    /// The samples of a chunk.
    pub(crate) const SAMPLES: usize = SAMPLE_RATE_HZ as usize / 100;

    /// Chunks from `start` on, which are made up for while they are late by up to `patience`.
    pub(crate) const fn new(start: Instant, patience: Duration) -> Self {
        Self {
            start,
            next: 0,
            patience,
        }
    }

    /// The next chunk. Where the present is too far ahead of it, those between are missed.
    pub(crate) fn next(&mut self, now: Instant) -> Tick {
        let passed = now.saturating_duration_since(self.start);
        let present = (passed.as_micros() / Self::LEN.as_micros()) as u64;
        let late = passed.saturating_sub(self.offset(self.next));
        let number = if late > self.patience {
            present
        } else {
            self.next
        };
        let missed = number - self.next;
        self.next = number + 1;
        Tick {
            at: self.start + self.offset(number),
            missed,
        }
    }

    fn offset(&self, number: u64) -> Duration {
        Duration::from_micros(number * Self::LEN.as_micros() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn chunks_follow_each_other_without_drift() {
        let start = Instant::now();
        let mut ticks = Ticks::new(start, 20 * MS);
        for number in 0..1000 {
            let tick = ticks.next(start + number * Ticks::LEN + 3 * MS);
            assert_eq!(
                tick,
                Tick {
                    at: start + number * Ticks::LEN,
                    missed: 0
                }
            );
        }
    }

    #[test]
    fn a_little_lateness_is_made_up_for_and_much_is_not() {
        let start = Instant::now();
        let mut ticks = Ticks::new(start, 20 * MS);
        ticks.next(start);
        assert_eq!(ticks.next(start + 29 * MS).missed, 0);
        assert_eq!(ticks.next(start + 29 * MS).missed, 0);
        let after = ticks.next(start + 95 * MS);
        assert_eq!(
            after,
            Tick {
                at: start + 90 * MS,
                missed: 6
            }
        );
    }
}
