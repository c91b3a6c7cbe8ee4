//! Time that this machine slept through: its own clock stands still meanwhile, and a call does not.

use std::time::Duration;

/// Finds out how long the machine slept.
#[derive(Debug)]
pub(crate) struct Suspends {
    /// In all since it was started, when this was asked last; `None` where that is not known.
    slept: Option<Duration>,
}

impl Suspends {
    pub(crate) fn new() -> Self {
        Self { slept: slept() }
    }

    /// How long the machine slept since this was asked last; zero where that is not known.
    pub(crate) fn take(&mut self) -> Duration {
        self.note(slept())
    }

    fn note(&mut self, slept: Option<Duration>) -> Duration {
        let (Some(before), Some(now)) = (self.slept, slept) else {
            return Duration::ZERO;
        };
        let lately = now.saturating_sub(before);
        if lately < LEAST {
            return Duration::ZERO;
        }
        self.slept = Some(now);
        lately
    }
}

/// How long the machine has slept since it was started: what its boot-time clock is ahead of its
/// monotonic one.
#[cfg(target_os = "linux")]
fn slept() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    let since_boot = |clock| Duration::try_from(clock_gettime(clock)).ok();
    let awake = since_boot(ClockId::Monotonic)?;
    since_boot(ClockId::Boottime)?.checked_sub(awake)
}

#[cfg(not(target_os = "linux"))]
const fn slept() -> Option<Duration> {
    None
}

/// More than lies between two looks at two clocks, less than anybody would miss.
const LEAST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Option<Duration> {
        Some(Duration::from_secs(count))
    }

    #[test]
    fn each_sleep_counts_once() {
        let mut suspends = Suspends { slept: seconds(10) };
        let told = [seconds(10), seconds(70), seconds(70), None, seconds(100)];
        let lately = told.map(|it| suspends.note(it).as_secs());
        assert_eq!(lately, [0, 60, 0, 0, 30]);
    }

    #[test]
    fn a_machine_that_is_awake_has_not_slept() {
        assert_eq!(Suspends::new().take(), Duration::ZERO);
    }
}
