//! Time as this crate counts it: numbers, so that a phone can be compared, hashed and searched.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment, in milliseconds since a start that the driver chose. Only the driver reads a clock.
///
/// ```
/// use std::time::Duration;
/// use call::time::Timestamp;
///
/// let start = Timestamp::default();
/// let later = start + Duration::from_secs(2);
/// assert_eq!(later.since(start), Duration::from_secs(2));
/// assert_eq!(start.since(later), Duration::ZERO);
/// assert_eq!(later - Duration::from_secs(2), start);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment this long after the driver's start; parts of a millisecond are cut off.
    #[must_use]
    pub fn after_start(elapsed: Duration) -> Self {
        Self(millis(elapsed))
    }

    /// How long after the driver's start this is.
    #[must_use]
    pub const fn elapsed(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// How long this is after `earlier`; zero when it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    /// Stays at the end of time, half a billion years after the start.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    /// Stays at the start.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
