//! The rate limit of calls that need access to what carries them. Whoever gives it bounds how often
//! one address may ask, so no caller may use that up; and since all callers have the same limit, it
//! tells nobody what they are to the user.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Timestamp;

/// The time in which asks are counted: in it the relay gives an address back all that it may ask at
/// once.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// Calls of one caller within [`WINDOW`]: nobody who waits for an answer dials more often.
pub(crate) const OF_ONE: usize = 5;

/// Of all callers that are remembered; of more the oldest call is forgotten.
const MOST: usize = 64;

/// The calls that asked lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CallersAsks {
    asks: VecDeque<Ask>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Ask {
    caller: String,
    at: Timestamp,
}

impl CallersAsks {
    /// Takes one more ask of this caller. Says whether it is not one too many.
    #[must_use]
    pub(crate) fn take(&mut self, now: Timestamp, caller: &str) -> bool {
        self.asks.retain(|it| now.since(it.at) < WINDOW);
        let theirs = self.asks.iter().filter(|it| it.caller == caller);
        if theirs.count() >= OF_ONE {
            return false;
        }
        if self.asks.len() == MOST {
            self.asks.pop_front();
        }
        self.asks.push_back(Ask {
            caller: caller.to_owned(),
            at: now,
        });
        true
    }
}

impl std::fmt::Debug for Ask {
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ask(at: {:?})", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::after_start(Duration::from_millis(millis))
    }

    #[test]
    fn a_caller_who_asks_too_often_waits_and_others_do_not() {
        let mut asks = CallersAsks::default();
        let taken = (0..7).map(|second| asks.take(at(1000 * second), "alice"));
        let taken: Vec<_> = taken.collect();
        assert_eq!(taken, [true, true, true, true, true, false, false]);
        assert!(asks.take(at(7000), "bob"));
        assert!(!asks.take(at(59_999), "alice"));
        assert!(asks.take(at(60_000), "alice"), "the first is a minute ago");
    }

    #[test]
    fn a_crowd_is_remembered_within_bounds() {
        let mut asks = CallersAsks::default();
        for number in 0..10 * MOST {
            assert!(asks.take(at(0), &number.to_string()));
        }
        assert_eq!(asks.asks.len(), MOST);
    }
}
