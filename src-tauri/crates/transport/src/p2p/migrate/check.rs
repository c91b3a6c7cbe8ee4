//! The check of one pair: what was sent over it, what was answered, and when to ask again. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::message::Transaction;
use crate::peer::routes::Pair;

/// One pair and what is known of it.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) pair: Pair,
    /// When a request of ours was last answered over it: the other side is there.
    pub(super) valid: Option<Instant>,
    /// The number of the nomination by the other side that waits for this pair to be valid.
    pub(super) nominated: Option<u64>,
    /// When an ICE check of the other side came over it that the agent knows nothing of.
    pub(super) roamed: Option<Instant>,
    aim: Aim,
    /// Requests that were sent for this aim.
    sent: u32,
    due: Option<Instant>,
    /// The last ones, with the aim of each.
    unanswered: VecDeque<(Transaction, Aim)>,
    /// Whether the last request waits for its answer.
    waits: bool,
    /// Between which times every request was answered before the next one was due; of comparisons
    /// alone.
    steady: Option<(Instant, Instant)>,
}

/// What requests are sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// None are.
    Rest,
    /// To learn whether the pair is valid.
    Validate,
    /// The same, for as long as the search goes on.
    Search,
    /// To tell the other side that we have moved here.
    Nominate,
    /// To learn whether the pair, which is better than the one in use, is steady.
    Compare,
}

impl Check {
    pub(super) const fn new(pair: Pair) -> Self {
        Self {
            pair,
            valid: None,
            nominated: None,
            roamed: None,
            aim: Aim::Rest,
            sent: 0,
            due: None,
            unanswered: VecDeque::new(),
            waits: false,
            steady: None,
        }
    }

    /// What requests are sent for now.
    pub(super) const fn aim(&self) -> Aim {
        self.aim
    }

    /// From `now` on requests are sent for this.
    pub(super) const fn pursue(&mut self, now: Instant, aim: Aim) {
        self.aim = aim;
        self.sent = 0;
        self.waits = false;
        self.steady = None;
        self.due = match aim {
            Aim::Rest => None,
            Aim::Validate | Aim::Search | Aim::Nominate | Aim::Compare => Some(now),
        };
    }

    /// How long a pair that is compared has answered without a gap; `None` when it does not.
    pub(super) fn steady_for(&self) -> Option<Duration> {
        self.steady.map(|(since, last)| last.duration_since(since))
    }

    /// When the next request is due.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether a request is due at `now`. An aim that was pursued for long enough is given up
    /// instead.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|it| it <= now);
        if due && self.sent == self.aim.most_requests() {
            self.pursue(now, Aim::Rest);
            return false;
        }
        due
    }

    /// Notes a request that is sent at `now`, and plans the next one.
    pub(super) fn request(&mut self, now: Instant, transaction: Transaction) {
        if self.unanswered.len() == UNANSWERED {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back((transaction, self.aim));
        if std::mem::replace(&mut self.waits, true) {
            self.steady = None;
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.sent.min(16));
        self.due = Some(now + pause.min(self.aim.longest_pause()));
        self.sent = self.sent.saturating_add(1);
    }

    /// Takes an answer that came over the pair; what the request was for, `None` when nothing
    /// waits for it.
    pub(super) fn answered(&mut self, now: Instant, transaction: Transaction) -> Option<Aim> {
        let mut unanswered = self.unanswered.iter();
        let at = unanswered.position(|(it, _)| *it == transaction)?;
        self.valid = Some(now);
        self.waits = false;
        if self.aim == Aim::Compare {
            let (since, _) = self.steady.unwrap_or((now, now));
            self.steady = Some((since, now));
            self.sent = 0;
            self.due = Some(now + STEADY_PAUSE);
        }
        self.unanswered.remove(at).map(|(_, aim)| aim)
    }
}

impl Aim {
    /// After how many requests it is given up.
    const fn most_requests(self) -> u32 {
        match self {
            Self::Rest => 0,
            // 50, 100, 200, 400, 800 ms: five may be lost.
            Self::Validate => 6,
            // The end of the search, or of what makes the pair a better one, is the limit.
            Self::Search | Self::Compare => u32::MAX,
            // 350 ms: then others are asked beside it.
            Self::Nominate => 3,
        }
    }

    /// The longest pause while nothing is answered.
    const fn longest_pause(self) -> Duration {
        match self {
            Self::Rest | Self::Validate | Self::Search | Self::Nominate => LONGEST_PAUSE,
            Self::Compare => LONGEST_COMPARISON,
        }
    }
}

/// The pause after the first request, doubled after each: RFC 8445, 14.2 wants no less between two
/// checks, and half a round trip of a long path is longer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause: what a path that comes back is found late by, at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The same where another pair does: whoever sits behind a router of their own has addresses that
/// look near and never answer, all call long.
const LONGEST_COMPARISON: Duration = Duration::from_secs(10);

/// The pause after an answer while pairs are compared. Twice the rate would tell no more of a network;
/// an answer that takes longer than this is not that of a near machine.
const STEADY_PAUSE: Duration = Duration::from_millis(500);

/// Requests that may still be answered: those of the last few round trips.
const UNANSWERED: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> Check {
        let at = |it: &str| it.parse().unwrap();
        Check::new(Pair {
            local: at("192.0.2.1:1"),
            remote: at("192.0.2.2:2"),
        })
    }

    /// When requests are sent, in milliseconds, for this aim within ten seconds.
    fn sent(aim: Aim) -> Vec<u64> {
        let (mut check, begun) = (check(), Instant::now());
        check.pursue(begun, aim);
        let mut sent = Vec::new();
        for millis in 0..10_000 {
            let now = begun + Duration::from_millis(millis);
            if check.is_due(now) {
                check.request(now, [0; 12]);
                sent.push(millis);
            }
        }
        sent
    }

    #[test]
    fn requests_are_repeated_ever_more_rarely_and_given_up() {
        assert_eq!(sent(Aim::Validate), [0, 50, 150, 350, 750, 1550]);
        assert_eq!(sent(Aim::Nominate), [0, 50, 150]);
        assert_eq!(sent(Aim::Search).len(), 14);
        assert_eq!(sent(Aim::Compare).len(), 8);
        assert!(sent(Aim::Rest).is_empty());
    }

    #[test]
    fn an_answer_counts_once_and_only_to_a_request_of_late() {
        let (mut check, now) = (check(), Instant::now());
        check.pursue(now, Aim::Search);
        for number in 0..10 {
            check.request(now, [number; 12]);
        }
        assert_eq!(check.answered(now, [1; 12]), None);
        assert_eq!(check.valid, None);
        assert_eq!(check.answered(now, [9; 12]), Some(Aim::Search));
        assert_eq!(check.answered(now, [9; 12]), None);
        assert_eq!(check.valid, Some(now));
    }

    #[test]
    fn a_pair_is_steady_from_its_first_answer_to_its_last_until_one_is_missing() {
        let (mut check, begun) = (check(), Instant::now());
        check.pursue(begun, Aim::Compare);
        let mut now = begun;
        for number in 0..7 {
            now = check.due().unwrap();
            assert!(check.is_due(now));
            check.request(now, [number; 12]);
            assert_eq!(check.answered(now, [number; 12]), Some(Aim::Compare));
        }
        assert_eq!(now - begun, Duration::from_secs(3));
        assert_eq!(check.steady_for(), Some(Duration::from_secs(3)));
        now = check.due().unwrap();
        check.request(now, [7; 12]);
        assert_eq!(check.steady_for(), Some(Duration::from_secs(3)));
        now = check.due().unwrap();
        check.request(now, [8; 12]);
        assert_eq!(check.steady_for(), None, "an answer was missing");
        check.answered(now, [8; 12]);
        assert_eq!(check.steady_for(), Some(Duration::ZERO));
    }
}
