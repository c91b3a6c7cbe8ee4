//! When to ask for a keyframe, and when to grant one.
//!
//! A picture decoder that lost references shows nothing good until the next keyframe. Asking too
//! rarely freezes the picture; asking or granting too often fills the network with keyframes,
//! which are ten times as large as other pictures (RFC 4585, 6.3.1 and RFC 5104, 3.5.1).
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use media::keyframe::{Limiter, Requester};
//!
//! let (now, rtt) = (Instant::now(), Some(Duration::from_millis(50)));
//! let mut requester = Requester::new();
//! requester.needed(now);
//! assert!(requester.poll(now, rtt), "asks at once");
//! assert!(!requester.poll(now + Duration::from_millis(50), rtt), "and waits for the answer");
//!
//! let mut limiter = Limiter::new();
//! limiter.request();
//! assert!(limiter.take(now), "the next picture is a keyframe");
//! ```

use std::time::{Duration, Instant};

/// The receiver's side: asks at once when a keyframe is needed, and again until it is there.
#[derive(Debug, Default)]
pub struct Requester {
    wanted: Option<Wanted>,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    /// When to ask next.
    ask_at: Instant,
    /// How often it was asked for.
    asked: u32,
}

impl Requester {
    /// Nothing is needed.
    #[must_use]
    pub const fn new() -> Self {
        Self { wanted: None }
    }

    /// The decoder cannot go on without a keyframe.
    pub fn needed(&mut self, now: Instant) {
        self.wanted.get_or_insert(Wanted {
            ask_at: now,
            asked: 0,
        });
    }

    /// A keyframe was decoded: nothing is needed any more.
    pub const fn satisfied(&mut self) {
        self.wanted = None;
    }

    /// Whether the decoder waits for a keyframe.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.wanted.is_some()
    }

    /// Whether a request shall be sent now. `rtt` is the round trip time, when known: there is no
    /// use in asking again before an answer could have come.
    #[must_use]
    pub fn poll(&mut self, now: Instant, rtt: Option<Duration>) -> bool {
        let Some(wanted) = self.wanted.as_mut().filter(|it| it.ask_at <= now) else {
            return false;
        };
        let answer = rtt.unwrap_or(UNKNOWN_RTT) + ENCODING;
        let patience = answer.clamp(SHORTEST_WAIT, LONGEST_FIRST_WAIT);
        wanted.asked += 1;
        wanted.ask_at = now + (patience * 2_u32.pow(wanted.asked.min(4) - 1)).min(LONGEST_WAIT);
        true
    }

    /// When to [`Requester::poll`] again at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.wanted.map(|it| it.ask_at)
    }
}

/// The sender's side: grants requests at once, but not in a row; those that come meanwhile are
/// granted together.
#[derive(Debug, Default)]
pub struct Limiter {
    granted: Option<Instant>,
    pending: bool,
}

impl Limiter {
    /// Nothing was asked for.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            granted: None,
            pending: false,
        }
    }

    /// A keyframe was asked for: by the other side, or because pictures were dropped here.
    pub const fn request(&mut self) {
        self.pending = true;
    }

    /// Whether the next picture shall be a keyframe. Answering yes grants all requests so far.
    #[must_use]
    pub fn take(&mut self, now: Instant) -> bool {
        let due = self.pending && self.granted.is_none_or(|it| now >= it + BETWEEN_KEYFRAMES);
        if due {
            self.encoded(now);
        }
        due
    }

    /// From when a request is granted that waits; `None` while there is none, or when it is granted as
    /// soon as there is a picture.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let granted = self.granted.filter(|_| self.pending)?;
        Some(granted + BETWEEN_KEYFRAMES)
    }

    /// A keyframe was made, asked for or not.
    pub const fn encoded(&mut self, now: Instant) {
        self.granted = Some(now);
        self.pending = false;
    }
}

/// The least time between two keyframes: a request that comes sooner after one was sent before
/// that keyframe could arrive.
const BETWEEN_KEYFRAMES: Duration = Duration::from_millis(250);

/// Before anything was measured: a call within a country.
const UNKNOWN_RTT: Duration = Duration::from_millis(80);

/// What the other side takes to see the request, make the keyframe and send it.
const ENCODING: Duration = Duration::from_millis(50);

/// Bounds of the first wait, however short or long the round trip is.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_FIRST_WAIT: Duration = Duration::from_millis(300);

/// The longest time between two requests: more of them do not help who has not answered for
/// seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::some_instant;

    const MS: Duration = Duration::from_millis(1);

    fn asked_at(rtt: Option<Duration>, for_ms: u32) -> Vec<u32> {
        let start = some_instant();
        let mut requester = Requester::new();
        requester.needed(start);
        (0..for_ms)
            .filter(|ms| requester.poll(start + MS * *ms, rtt))
            .collect()
    }

    #[test]
    fn asks_at_once_and_then_ever_more_rarely() {
        assert_eq!(asked_at(Some(MS), 2500), [0, 100, 300, 700, 1500, 2300]);
        assert_eq!(asked_at(Some(MS * 200), 3000), [0, 250, 750, 1750, 2750]);
        assert_eq!(asked_at(Some(MS * 5000), 1000), [0, 300, 900]);
    }

    #[test]
    fn a_keyframe_ends_it() {
        let start = some_instant();
        let mut requester = Requester::new();
        assert!(!requester.poll(start, None));
        requester.needed(start);
        requester.needed(start + MS);
        assert!(requester.poll(start, None));
        requester.satisfied();
        assert!(!requester.poll(start + MS * 9000, None));
        assert_eq!(requester.deadline(), None);
        requester.needed(start + MS * 9001);
        assert!(
            requester.poll(start + MS * 9001, None),
            "a new loss starts at once again"
        );
    }

    #[test]
    fn requests_in_a_row_are_granted_together() {
        let start = some_instant();
        let mut limiter = Limiter::new();
        assert!(!limiter.take(start));
        let granted: Vec<u32> = (0..1000)
            .filter(|ms| {
                if ms % 10 == 0 && *ms <= 300 {
                    limiter.request();
                }
                limiter.take(start + MS * *ms)
            })
            .collect();
        assert_eq!(granted, [0, 250, 500]);
        assert_eq!(limiter.due(), None, "nothing waits");
        limiter.request();
        assert_eq!(limiter.due(), Some(start + MS * 750));
    }
}
