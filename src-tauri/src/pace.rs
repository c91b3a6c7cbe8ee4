//! How often the page is told: at once when something happens, else at most ten times a
//! second. Pure; the clock comes in.

use std::time::{Duration, Instant};

/// Fast enough for a level meter; faster costs, because every push makes the page lay out anew.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

/// Says when the next push is due.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    pushed: Option<Instant>,
    waiting: Option<Urgency>,
}

/// How a change wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// A level moved, a figure changed.
    Soon,
    /// The call changed its state, or the user changed something.
    Now,
}

impl Pace {
    /// Something changed.
    pub(crate) fn changed(&mut self, urgency: Urgency) {
        self.waiting = self.waiting.max(Some(urgency));
    }

    /// How urgent what waits is.
    pub(crate) const fn waiting(&self) -> Option<Urgency> {
        self.waiting
    }

    /// When to push; `None` while there is nothing to push.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        match (self.waiting?, self.pushed) {
            (Urgency::Soon, Some(pushed)) => Some((pushed + INTERVAL).max(now)),
            (Urgency::Soon, None) | (Urgency::Now, _) => Some(now),
        }
    }

    /// A push with all changes so far left.
    pub(crate) const fn pushed(&mut self, now: Instant) {
        self.pushed = Some(now);
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_due_without_a_change() {
        assert_eq!(Pace::default().due(Instant::now()), None);
    }

    #[test]
    fn small_changes_share_a_push() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.changed(Urgency::Soon);
        assert_eq!(pace.due(start), Some(start));
        pace.pushed(start);
        let later = start + Duration::from_millis(10);
        pace.changed(Urgency::Soon);
        pace.changed(Urgency::Soon);
        assert_eq!(pace.due(later), Some(start + INTERVAL));
        pace.pushed(start + INTERVAL);
        assert_eq!(pace.due(start + INTERVAL), None);
    }

    #[test]
    fn an_event_does_not_wait() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.changed(Urgency::Soon);
        pace.pushed(start);
        let later = start + Duration::from_millis(1);
        pace.changed(Urgency::Now);
        pace.changed(Urgency::Soon);
        assert_eq!(pace.due(later), Some(later));
    }

    #[test]
    fn a_late_push_is_due_at_once() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.changed(Urgency::Soon);
        pace.pushed(start);
        pace.changed(Urgency::Soon);
        let later = start + 3 * INTERVAL;
        assert_eq!(pace.due(later), Some(later));
    }
}
