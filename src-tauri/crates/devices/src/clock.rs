//! The machine's monotonic clock in nanoseconds, as every process on it sees it.
//!
//! Stamps and file sounds tell their time by it, so that two processes can compare them. On Linux
//! it is `CLOCK_MONOTONIC`, which [`Instant`] reads too but does not show.

#![expect(
    unsafe_code,
    reason = "the standard library does not show the clock's value"
)]

use std::sync::OnceLock;
use std::time::Instant;

/// What the monotonic clock shows at `at`, in nanoseconds.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use devices::clock::nanos_at;
///
/// let now = Instant::now();
/// assert_eq!(nanos_at(now + Duration::from_millis(1)) - nanos_at(now), 1_000_000);
/// ```
#[must_use]
pub fn nanos_at(at: Instant) -> u64 {
    static ANCHOR: OnceLock<(Instant, u64)> = OnceLock::new();
    let (anchor, nanos) = *ANCHOR.get_or_init(|| (Instant::now(), read_nanos()));
    let between = |later: Instant, earlier: Instant| {
        u64::try_from(later.duration_since(earlier).as_nanos()).unwrap_or(u64::MAX)
    };
    if at >= anchor {
        nanos.saturating_add(between(at, anchor))
    } else {
        nanos.saturating_sub(between(anchor, at))
    }
}

/// What the monotonic clock shows now, in nanoseconds.
#[must_use]
pub fn nanos() -> u64 {
    nanos_at(Instant::now())
}

#[cfg(unix)]
fn read_nanos() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for writing, and the clock exists on every Unix that we run on.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// Elsewhere the count starts with the process: enough for one, not to compare two.
#[cfg(not(unix))]
const fn read_nanos() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    #[cfg(unix)]
    fn it_is_the_clock_that_other_processes_see() {
        let (before, shown, after) = (read_nanos(), nanos(), read_nanos());
        // The anchor's two readings are some hundred nanoseconds apart.
        assert!(before.saturating_sub(1_000_000) < shown && shown < after + 1_000_000);
    }

    #[test]
    fn it_runs_as_fast_as_instants_do_in_both_directions() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(nanos_at(now + second) - nanos_at(now), 1_000_000_000);
        assert_eq!(
            nanos_at(now + second) - nanos_at(now - second),
            2_000_000_000
        );
    }
}
