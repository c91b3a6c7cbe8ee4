//! The rate limit of calls that need access to what carries them. Whoever gives it bounds how often one
//! address may ask, so no caller may use that up; and since all callers have the same limit, it tells
//! nobody what they are to the user.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Timestamp;

/// What is counted.
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
