//! Dials back to neighbours who want to know whether they are reached, within limits.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use discovery::DialedBack;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Who was dialled lately, and how many are at this moment.
#[derive(Debug)]
pub(crate) struct DialBack {
    recent: Mutex<Recent>,
    turns: Semaphore,
}

/// The sources of the last [`PAUSE`], the oldest first.
#[derive(Debug, Default)]
struct Recent(VecDeque<(IpAddr, Instant)>);

impl Default for DialBack {
    fn default() -> Self {
        Self {
            recent: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }
}

impl DialBack {
    /// Dials back to where a question came from, if its turn is now.
    pub(crate) async fn answer(&self, came_from: SocketAddr, question: &str) -> DialedBack {
        // Before the signature is looked at, which costs most.
        if !self.admit(came_from.ip().to_canonical(), Instant::now()) {
            return DialedBack::Busy;
        }
        let Ok(_turn) = self.turns.try_acquire() else {
            return DialedBack::Busy;
        };
        match discovery::who_asks_to_dial_back(question) {
            Some(said) => discovery::dial_back(came_from, &said).await,
            None => DialedBack::Malformed,
        }
    }

    fn admit(&self, source: IpAddr, now: Instant) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.admit(source, now)
    }
}

impl Recent {
    fn admit(&mut self, source: IpAddr, now: Instant) -> bool {
        let is_old = |it: &(IpAddr, Instant)| now.saturating_duration_since(it.1) >= PAUSE;
        while self.0.front().is_some_and(is_old) {
            self.0.pop_front();
        }
        let is_new = self.0.len() < MOST && !self.0.iter().any(|it| it.0 == source);
        if is_new {
            self.0.push_back((source, now));
        }
        is_new
    }
}

/// One source is dialled once in this time: an examination asks once, and takes longer.
const PAUSE: Duration = Duration::from_secs(2);

/// Sources that are dialled in that time. A neighbour with many addresses of IPv6 gets no more.
const MOST: usize = 16;

/// How many are dialled at a time: each takes two seconds and a half at most.
const AT_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> IpAddr {
        [192, 168, 1, last].into()
    }

    #[test]
    fn each_source_has_its_turn_once_in_a_while_and_all_of_them_together_a_few() {
        let mut recent = Recent::default();
        let start = Instant::now();
        assert!(recent.admit(source(1), start));
        assert!(!recent.admit(source(1), start + PAUSE / 2));
        assert!(recent.admit(source(1), start + PAUSE));
        let now = start + PAUSE;
        let admitted = (2..=255)
            .filter(|it| recent.admit(source(*it), now))
            .count();
        assert_eq!(admitted, MOST - 1);
        assert!(recent.0.len() <= MOST);
        assert!(recent.admit(source(200), now + PAUSE));
    }

    #[tokio::test]
    async fn a_question_that_makes_no_sense_has_nobody_dialled() {
        let dial_back = DialBack::default();
        let from = SocketAddr::new(source(1), 50_000);
        assert_eq!(dial_back.answer(from, "").await, DialedBack::Malformed);
        assert_eq!(dial_back.answer(from, "").await, DialedBack::Busy);
    }
}
