//! Media time: positions on one sender's capture timeline.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A position on the capture timeline of one sender, in microseconds from an epoch that only that
/// sender knows. Sound and picture of one sender share the epoch, so their difference is the lip
/// sync; positions of two senders must never be compared. Never the wall clock, never [`std::time::Instant`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaTime(i64);

impl MediaTime {
    /// The position `micros` microseconds after the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds after the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This position in ticks of a clock of `hz` (RTP: 90,000 for pictures, 48,000 for Opus).
    #[must_use]
    pub const fn ticks(self, hz: u32) -> i64 {
        (self.0 as i128 * hz as i128 / 1_000_000) as i64
    }

    /// The position `ticks` of a clock of `hz` after the epoch.
    #[must_use]
    pub const fn from_ticks(ticks: i64, hz: u32) -> Self {
        Self((ticks as i128 * 1_000_000 / hz as i128) as i64)
    }

    /// Microseconds from `earlier` to this position; negative when this one is earlier.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for MediaTime {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for MediaTime {
    type Output = Self;

    fn sub(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_packet_of_sound_is_960_ticks() {
        let start = MediaTime::from_micros(123_456_780_000);
        let next = start + Duration::from_millis(20);
        assert_eq!(next.ticks(48_000) - start.ticks(48_000), 960);
        assert_eq!(next.micros_since(start), 20_000);
        assert_eq!(start.micros_since(next), -20_000);
        assert_eq!(next - Duration::from_millis(20), start);
    }

    #[test]
    fn the_ends_of_time_do_not_wrap() {
        let (first, last) = (
            MediaTime::from_micros(i64::MIN),
            MediaTime::from_micros(i64::MAX),
        );
        assert_eq!(last + Duration::MAX, last);
        assert_eq!(first - Duration::MAX, first);
        assert_eq!(last.micros_since(first), i64::MAX);
    }

    proptest! {
        #[test]
        fn ticks_keep_the_time_to_one_tick(
            micros in -4_000_000_000_000_i64..4_000_000_000_000, hz in prop_oneof![Just(48_000), Just(90_000)]
        ) {
            let time = MediaTime::from_micros(micros);
            let back = MediaTime::from_ticks(time.ticks(hz), hz);
            prop_assert!(time.micros_since(back).abs() <= 1_000_000 / i64::from(hz) + 1);
        }
    }
}
