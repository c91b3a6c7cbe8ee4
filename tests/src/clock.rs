//! The one clock that all programs of a machine share: `CLOCK_MONOTONIC`.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Now, since the clock's epoch.
#[must_use]
pub fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    let secs = u64::try_from(now.tv_sec).expect("the monotonic clock is never negative");
    let nanos = u32::try_from(now.tv_nsec).expect("nanoseconds stay below one second");
    Duration::new(secs, nanos)
}
