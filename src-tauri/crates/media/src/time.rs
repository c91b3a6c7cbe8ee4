//! Media time: positions on one sender's capture timeline, and the distances between them.

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::time::Duration;

/// A position on the capture timeline of one sender, in microseconds from an epoch that only that
/// sender knows. Sound and picture of one sender share the epoch, so their difference is the lip
/// sync; positions of two senders must never be compared. Never the wall clock, never
/// [`std::time::Instant`].
///
/// ```
/// use std::time::Duration;
///
/// use media::time::MediaTime;
///
/// let first = MediaTime::from_ticks(0, 48_000);
/// let next = MediaTime::from_ticks(960, 48_000);
/// assert_eq!(next, first + Duration::from_millis(20));
/// assert_eq!(first.since(next).micros(), -20_000);
/// ```
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

    /// The position `ticks` of a clock of `hz` after the epoch; an end of time when it lies beyond.
    #[must_use]
    pub const fn from_ticks(ticks: i64, hz: u32) -> Self {
        let micros = ticks as i128 * 1_000_000 / hz as i128;
        if micros > i64::MAX as i128 {
            Self(i64::MAX)
        } else if micros < i64::MIN as i128 {
            Self(i64::MIN)
        } else {
            Self(micros as i64)
        }
    }

    /// Microseconds from `earlier` to this position; negative when this one is earlier.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time from `earlier` to this position; negative when this one is earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> TimeDelta {
        TimeDelta(self.micros_since(earlier))
    }

    /// The time from the epoch to this position.
    #[must_use]
    pub const fn since_epoch(self) -> TimeDelta {
        TimeDelta(self.0)
    }
}

/// A length of time that may be negative, in microseconds. Sums saturate, since what comes from
/// the other side may be any number.
///
/// ```
/// use std::time::Duration;
///
/// use media::time::TimeDelta;
///
/// let late = TimeDelta::from_millis(5) - TimeDelta::from_millis(20);
/// assert_eq!(late.micros(), -15_000);
/// assert_eq!(late.or_zero(), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeDelta(i64);

impl TimeDelta {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// Microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The same without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// The same as a duration, which is zero for a negative length.
    #[must_use]
    pub const fn or_zero(self) -> Duration {
        if self.0 > 0 {
            Duration::from_micros(self.0.unsigned_abs())
        } else {
            Duration::ZERO
        }
    }
}

impl From<Duration> for TimeDelta {
    fn from(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Add for TimeDelta {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for TimeDelta {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for TimeDelta {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Mul<i64> for TimeDelta {
    type Output = Self;

    fn mul(self, factor: i64) -> Self {
        Self(self.0.saturating_mul(factor))
    }
}

/// How often one length fits into another, without the rest.
impl Div for TimeDelta {
    type Output = i64;

    fn div(self, part: Self) -> i64 {
        self.0 / part.0
    }
}

impl Add<TimeDelta> for MediaTime {
    type Output = Self;

    fn add(self, by: TimeDelta) -> Self {
        Self(self.0.saturating_add(by.0))
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
        let longest = last.since(first);
        assert_eq!(longest + longest, longest);
        assert_eq!(-(-longest - longest), longest);
        assert_eq!(longest * -2, first.since_epoch());
        assert_eq!(first.since_epoch().abs(), longest);
        assert_eq!(TimeDelta::from(Duration::MAX), longest);
        assert_eq!(last + longest, last);
        assert_eq!(MediaTime::from_ticks(i64::MAX, 48_000), last);
        assert_eq!(MediaTime::from_ticks(i64::MIN, 48_000), first);
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
