//! The time that the control task lives by.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::sleep;

/// The time that an engine lives by. It runs with the machine's; tests move it forward for the
/// control task (deadlines of the phone, limits, retries) instead of waiting, while media keeps the
/// machine's own time. A simulated clock stands still until it is moved, for media too. Clones are the
/// same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// When a simulated clock began; `None` for one that runs with the machine's.
    start: Option<Instant>,
    /// How far it is ahead of the machine's, or of `start`.
    ahead: watch::Sender<Duration>,
}

/// Wakes once each period. One that comes late moves all that follow, so that two never come at
/// once.
#[derive(Debug)]
pub(crate) struct Interval {
    clock: Clock,
    period: Duration,
    next: Instant,
}

impl Clock {
    /// A clock that runs only when it is [moved](Self::skip), also for media.
    #[must_use]
    pub fn simulated() -> Self {
        Self {
            start: Some(Instant::now()),
            ahead: watch::Sender::default(),
        }
    }

    /// Moves the clock forward: whoever waits for a moment that has passed by this wakes.
    pub fn skip(&self, time: Duration) {
        self.ahead.send_modify(|ahead| *ahead += time);
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.unmoved() + *self.ahead.borrow()
    }

    /// Milliseconds since 1970 (UTC), to be shown to people; of a simulated clock, since its start.
    pub(crate) fn wall_ms(&self) -> u64 {
        let since = match self.start {
            Some(_) => *self.ahead.borrow(),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
        };
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Now, in the time of media.
    pub(crate) fn media_now(&self) -> Instant {
        match self.start {
            Some(_) => self.now(),
            None => Instant::now(),
        }
    }

    /// How much time of processors this process has used; `None` where that is not known or means
    /// nothing, because time is simulated.
    pub(crate) fn process_time(&self) -> Option<Duration> {
        if self.start.is_some() {
            return None;
        }
        #[cfg(target_os = "linux")]
        {
            let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
            let seconds = u64::try_from(used.tv_sec).ok()?;
            Some(Duration::new(seconds, u32::try_from(used.tv_nsec).ok()?))
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// What the clock would say had nobody moved it.
    fn unmoved(&self) -> Instant {
        self.start.unwrap_or_else(Instant::now)
    }

    /// Waits until that moment.
    pub(crate) async fn sleep_until(&self, at: Instant) {
        let mut ahead = self.ahead.subscribe();
        loop {
            let now = self.unmoved() + *ahead.borrow_and_update();
            let left = at.saturating_duration_since(now);
            if left.is_zero() {
                return;
            }
            tokio::select! {
                biased;
                () = sleep(left), if self.start.is_none() => {}
                // An error means that the clock is gone, which this borrow of it rules out.
                _ = ahead.changed() => {}
            }
        }
    }

    /// What comes of `work` within `limit`; `None` when it takes longer.
    pub(crate) async fn timeout<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let until = self.now() + limit;
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.sleep_until(until) => None,
        }
    }

    /// Wakes at once, and then once each `period`.
    pub(crate) fn interval(&self, period: Duration) -> Interval {
        Interval {
            clock: self.clone(),
            period,
            next: self.now(),
        }
    }
}

impl Interval {
    /// Waits for the next time.
    pub(crate) async fn tick(&mut self) {
        self.clock.sleep_until(self.next).await;
        let now = self.clock.now();
        let next = self.next + self.period;
        self.next = if next > now { next } else { now + self.period };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn who_waits_wakes_when_the_clock_is_moved_past_the_moment() {
        let clock = Clock::default();
        let waiting = clock.clone();
        let waiter = tokio::spawn(async move { waiting.sleep_until(waiting.now() + HOUR).await });
        tokio::task::yield_now().await;
        clock.skip(HOUR / 2);
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        clock.skip(HOUR / 2);
        waiter.await.unwrap();
    }

    #[tokio::test]
    async fn work_ends_by_itself_or_at_its_limit() {
        let clock = Clock::default();
        assert_eq!(clock.timeout(HOUR, async { 7 }).await, Some(7));
        let limited = clock.clone();
        let never = std::future::pending::<()>();
        let endless = tokio::spawn(async move { limited.timeout(HOUR, never).await });
        tokio::task::yield_now().await;
        clock.skip(HOUR);
        assert_eq!(endless.await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_interval_that_was_skipped_wakes_once() {
        let clock = Clock::default();
        let mut interval = clock.interval(HOUR);
        interval.tick().await;
        clock.skip(HOUR * 5);
        interval.tick().await;
        let again = tokio::time::timeout(Duration::from_millis(5), interval.tick()).await;
        assert!(again.is_err());
    }
}
