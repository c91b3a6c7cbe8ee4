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
