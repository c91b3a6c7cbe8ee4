//! Dials back to neighbours who want to know whether they are reached, within limits.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use discovery::DialedBack;
use tokio::time::Instant;

/// Who was dialled lately, and who is at this moment.
#[derive(Debug, Default)]
pub(crate) struct DialBack(Mutex<Sources>);

/// The sources of the last [`MEMORY`], each once: the one that was dialled longest ago first. At
/// most [`MOST_SOURCES`].
#[derive(Debug, Default)]
struct Sources(VecDeque<Source>);

/// Whoever had themselves dialled.
#[derive(Debug)]
struct Source {
    ip: IpAddr,
    dialled_at: Instant,
    is_under_way: bool,
}

/// A source that is dialled at this moment. Dropping it ends its turn, whatever became of it.
struct Turn<'a> {
    of: &'a DialBack,
    ip: IpAddr,
}

impl DialBack {
    /// Dials back to where a question came from, if its turn is now.
    pub(crate) async fn answer(&self, came_from: SocketAddr, question: &str) -> DialedBack {
        // A question that makes no sense costs the check of a signature at most, as any announcement
        // does, and takes nobody's turn.
        let Some(said) = discovery::who_asks_to_dial_back(question) else {
            return DialedBack::Malformed;
        };
        let Some(_turn) = self.turn(came_from.ip().to_canonical(), Instant::now()) else {
            return DialedBack::Busy;
        };
        discovery::dial_back(came_from, &said).await
    }

    fn turn(&self, ip: IpAddr, now: Instant) -> Option<Turn<'_>> {
        let is_admitted = self.sources().admit(ip, now);
        // Made for the admitted alone, since its end is the end of a turn.
        is_admitted.then(|| Turn { of: self, ip })
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut sources = self.of.sources();
        let ours = sources.0.iter_mut().find(|it| it.ip == self.ip);
        if let Some(ours) = ours {
            ours.is_under_way = false;
        }
    }
}

impl Sources {
    /// Whether a source is dialled now. Then it is under way.
    fn admit(&mut self, ip: IpAddr, now: Instant) -> bool {
        let since = |it: &Source| now.saturating_duration_since(it.dialled_at);
        self.0.retain(|it| it.is_under_way || since(it) < MEMORY);
        let before = self.0.iter().position(|it| it.ip == ip);
        let is_early =
            |at: usize| (self.0.get(at)).is_some_and(|it| it.is_under_way || since(it) < PAUSE);
        if before.is_some_and(is_early) {
            return false;
        }
        // Half of the room is for those who did not ask before.
        let share = if before.is_some() { 2 } else { 1 };
        let lately = self.0.iter().filter(|it| since(it) < PAUSE).count();
        let under_way = self.0.iter().filter(|it| it.is_under_way).count();
        if lately >= MOST / share || under_way >= AT_ONCE / share {
            return false;
        }
        let forgotten = before.or_else(|| {
            let is_full = self.0.len() >= MOST_SOURCES;
            let oldest = || self.0.iter().position(|it| !it.is_under_way);
            is_full.then(oldest).flatten()
        });
        if let Some(at) = forgotten {
            self.0.remove(at);
        }
        self.0.push_back(Source {
            ip,
            dialled_at: now,
            is_under_way: true,
        });
        true
    }
}

/// One source is dialled once in this time. An examination listens longer than this before it asks,
/// so that one after the other is answered.
const PAUSE: Duration = Duration::from_secs(1);

/// Sources that are dialled in that time.
const MOST: usize = 16;

/// How many are dialled at a time: each takes two seconds and a half at most, so that a few that let
/// us wait leave room for others.
const AT_ONCE: usize = 8;

/// How long a source counts as one that asked before: whoever checks again and again has half of the
/// room, and a neighbour who checks once has the other half. Whoever has ever more addresses takes
/// it all, which no limit by addresses can help.
const MEMORY: Duration = Duration::from_secs(60);

/// Several times as many as are dialled in the time that they are remembered for, but for a flood.
const MOST_SOURCES: usize = 64;

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;
    use discovery::Announcement;
    use identity::Identity;
    use tokio::net::TcpListener;

    use super::*;

    fn source(last: u8) -> IpAddr {
        [192, 168, 1, last].into()
    }

    /// Dials one and ends it at once.
    fn dialled(dial_back: &DialBack, last: u8, now: Instant) -> bool {
        dial_back.turn(source(last), now).is_some()
    }

    #[test]
    fn each_source_has_its_turn_once_in_a_while_and_all_of_them_together_a_few() {
        let (dial_back, start) = (DialBack::default(), Instant::now());
        assert!(dialled(&dial_back, 1, start));
        assert!(!dialled(&dial_back, 1, start + PAUSE / 2));
        let now = start + PAUSE;
        assert!(dialled(&dial_back, 1, now));
        let admitted = (2..=255).filter(|it| dialled(&dial_back, *it, now)).count();
        assert_eq!(admitted, MOST - 1);
        assert!(dialled(&dial_back, 200, now + PAUSE));
    }

    #[test]
    fn whoever_asks_again_leaves_room_for_who_did_not_ask_before() {
        let (dial_back, start) = (DialBack::default(), Instant::now());
        for last in 1..=16 {
            assert!(dialled(&dial_back, last, start));
        }
        let now = start + PAUSE;
        let again = (1..=16).filter(|it| dialled(&dial_back, *it, now)).count();
        assert_eq!(again, MOST / 2);
        assert!(dialled(&dial_back, 17, now));
        assert!(dialled(&dial_back, 16, now + MEMORY), "it is forgotten");
    }

    #[test]
    fn those_who_let_us_wait_leave_room_too_and_each_waits_once() {
        let (dial_back, start) = (DialBack::default(), Instant::now());
        for last in 1..=16 {
            let at = start + PAUSE * u32::from(last);
            assert!(dialled(&dial_back, last, at));
        }
        let now = start + PAUSE * 18;
        let again: Vec<_> = (1..=16)
            .filter_map(|it| dial_back.turn(source(it), now))
            .collect();
        assert_eq!(again.len(), AT_ONCE / 2);
        assert!(dial_back.turn(source(1), now + MEMORY * 2).is_none());
        let new: Vec<_> = (17..=40)
            .filter_map(|it| dial_back.turn(source(it), now))
            .collect();
        assert_eq!(new.len(), AT_ONCE / 2);
        drop((again, new));
        assert!(dialled(&dial_back, 1, now + PAUSE));
    }

    #[test]
    fn no_more_sources_are_remembered_than_there_is_room_for() {
        let (dial_back, start) = (DialBack::default(), Instant::now());
        let slow = dial_back.turn(source(0), start);
        for last in 1..=255 {
            let at = start + PAUSE / 10 * u32::from(last);
            dialled(&dial_back, last, at);
            assert!(dial_back.sources().0.len() <= MOST_SOURCES);
        }
        let sources = dial_back.sources();
        assert!(sources.0.iter().any(|it| it.ip == source(0)), "under way");
        drop((sources, slow));
    }

    #[tokio::test]
    async fn questions_that_make_no_sense_take_no_turn_from_one_that_does() {
        let dial_back = DialBack::default();
        for last in 1..=255 {
            let from = SocketAddr::new(source(last), 50_000);
            for _ in 0..2 {
                assert_eq!(dial_back.answer(from, "").await, DialedBack::Malformed);
            }
        }
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let [ann, alias] = [0; 2].map(|_| Identity::generate().unwrap());
        let said = Announcement::hidden(&ann, &alias, port, &[]);
        let question = BASE64URL_NOPAD.encode(&said.to_bytes());
        let from = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let outcome = dial_back.answer(from, &question).await;
        assert_eq!(outcome, DialedBack::Refused);
    }
}
