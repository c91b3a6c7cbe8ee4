//! Whether the other side's program is still there, as far as can be told.
//!
//! A killed program leaves two traces: nothing is heard of it, and the relay, whose connection to
//! it broke at once, says that nobody is there. A lost network leaves only the first: the relay
//! takes many seconds to notice. So only an early "not here" counts against a call whose media
//! flowed; a later one means that the network is gone, and networks come back.

use std::time::Duration;

use crate::time::Timestamp;

/// Signs of life come once a second; four lost in a row are no accident.
pub(crate) const SILENCE: Duration = Duration::from_secs(5);

/// From here on "not here" may just mean that the relay noticed the lost network.
const TOO_LATE: Duration = Duration::from_secs(10);

/// A session that says nothing of a lost path, while nothing at all comes through it, is lost too.
const STALLED: Duration = Duration::from_secs(10);

/// Before media flows, a link to the relay that breaks and comes back at once is forgiven.
const FORGIVEN: Duration = Duration::from_secs(2);

/// While media flowed, one "not here" may be such a link too; the next probe a second later tells.
const TWICE: Duration = Duration::from_millis(900);

/// Probes go out once a second while somebody is missing: two without "not here" end the doubt.
const DOUBT: Duration = Duration::from_millis(2500);

/// What has been heard of the other side.
#[derive(Debug)]
pub(crate) struct Presence {
    heard: Timestamp,
    heard_directly: Timestamp,
    missing: Option<Missing>,
}

/// The relay says that nobody is there.
#[derive(Clone, Copy, Debug)]
struct Missing {
    first: Timestamp,
    last: Timestamp,
}

impl Presence {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            heard: now,
            heard_directly: now,
            missing: None,
        }
    }

    /// A message came through signaling.
    pub(crate) fn heard(&mut self, now: Timestamp) {
        self.heard = now;
        self.missing = None;
    }

    /// A message came through the session, or it found a path.
    pub(crate) fn heard_directly(&mut self, now: Timestamp) {
        *self = Self::new(now);
    }

    /// How long nothing has been heard.
    pub(crate) fn silence(&self, now: Timestamp) -> Duration {
        now.since(self.heard)
    }

    /// How long nothing has been heard through the session.
    pub(crate) fn direct_silence(&self, now: Timestamp) -> Duration {
        now.since(self.heard_directly)
    }

    /// Whether the session has said nothing for so long that it must be lost.
    pub(crate) fn is_stalled(&self, now: Timestamp) -> bool {
        self.direct_silence(now) >= STALLED
    }

    /// The relay says that nobody is there.
    pub(crate) fn missing(&mut self, now: Timestamp) {
        let first = match self.missing {
            Some(missing) if now.since(missing.last) <= DOUBT => missing.first,
            Some(_) | None => now,
        };
        self.missing = Some(Missing { first, last: now });
    }

    /// Whether the relay said so lately.
    pub(crate) fn is_in_doubt(&self, now: Timestamp) -> bool {
        self.missing
            .is_some_and(|missing| now.since(missing.last) <= DOUBT)
    }

    /// Before media flows: whether "not here" was said for long enough to believe it.
    pub(crate) fn is_gone(&self) -> bool {
        self.missing_for() >= FORGIVEN
    }

    /// While media flows: whether "not here", said now, means that the program died.
    pub(crate) fn died(&self, now: Timestamp) -> bool {
        (SILENCE..TOO_LATE).contains(&self.direct_silence(now)) && self.missing_for() >= TWICE
    }

    fn missing_for(&self) -> Duration {
        self.missing
            .map_or(Duration::ZERO, |missing| missing.last.since(missing.first))
    }
}
