//! When beacons go out, and which questions are answered. Sans-IO: time and randomness in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The beacons that are to be sent.
#[derive(Debug)]
pub(super) struct Schedule {
    /// What is left of a burst: how many beacons, and whether they ask who else is there.
    burst: Option<(usize, bool)>,
    next: Instant,
}

/// How far a time is moved, from 0 to 1: so that thirty machines that wake together do not speak
/// together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jitter(pub(super) f64);

impl Schedule {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            burst: None,
            next: now,
        }
    }

    /// Something changed: several beacons soon, in case that some are lost. They ask who else is
    /// there if the network may be another one.
    pub(super) fn burst(&mut self, now: Instant, asks: bool) {
        let asked = matches!(self.burst, Some((0, true)));
        self.burst = Some((0, asks || asked));
        self.next = now;
    }

    /// When the next beacon goes out.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// A beacon goes out now. Returns whether it asks.
    pub(super) fn sent(&mut self, now: Instant, jitter: Jitter) -> bool {
        let (after, asks) = match self.burst {
            Some((number, asks)) if number < BURST.len() => {
                self.burst = Some((number + 1, asks));
                (BURST[number], asks)
            }
            Some((_, asks)) => {
                self.burst = None;
                (INTERVAL, asks)
            }
            None => (INTERVAL, false),
        };
        self.next = now + after.mul_f64(0.85 + 0.3 * jitter.0);
        asks
    }
}

/// How often questions are answered: so often that every newcomer hears all, and so rarely that
/// nobody makes us send much to somebody else.
#[derive(Debug, Default)]
pub(super) struct Answers {
    last: HashMap<IpAddr, Instant>,
}

impl Answers {
    /// Whether to answer a question of this machine now.
    pub(super) fn take(&mut self, now: Instant, source: IpAddr) -> bool {
        self.last.retain(|_, last| now < *last + ANSWER_PAUSE);
        if self.last.len() >= MAX_ANSWERS || self.last.contains_key(&source) {
            return false;
        }
        self.last.insert(source, now);
        true
    }
}

/// After how long an answer goes out: thirty of them do not meet on the air.
pub(super) fn answer_after(jitter: Jitter) -> Duration {
    MAX_ANSWER_DELAY.mul_f64(jitter.0)
}

/// Between regular beacons. A receiver holds each for three times as long.
const INTERVAL: Duration = Duration::from_secs(8);

/// Between those of a burst: the first loss on a wireless network is made good in a quarter of a
/// second, one of half a second within the second in which somebody shall be seen.
const BURST: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(500)];

/// A burst asks three times in this: one answer is enough for it, unless that was lost.
const ANSWER_PAUSE: Duration = Duration::from_millis(500);

/// In one pause, to all together. Of 60 newcomers at once some wait for our next beacon.
const MAX_ANSWERS: usize = 32;

const MAX_ANSWER_DELAY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_start_sends_three_beacons_within_a_second_and_then_one_in_eight() {
        for jitter in [0.0, 0.5, 1.0] {
            let start = Instant::now();
            let mut schedule = Schedule::new(start);
            schedule.burst(start, true);
            let mut sent = Vec::new();
            for _ in 0..20 {
                let now = schedule.next();
                sent.push((now - start, schedule.sent(now, Jitter(jitter))));
            }
            let asking = sent.iter().filter(|it| it.1).count();
            assert_eq!(asking, 3);
            assert!(sent[2].0 < Duration::from_secs(1), "{:?}", sent[2]);
            for pair in sent[2..].windows(2) {
                let pause = pair[1].0 - pair[0].0;
                assert!(pause > Duration::from_secs(6) && pause < Duration::from_secs(10));
            }
        }
    }

    #[test]
    fn one_machine_is_answered_once_in_a_pause_and_all_together_not_too_often() {
        let (mut answers, now) = (Answers::default(), Instant::now());
        let machine = |number: u32| IpAddr::from(Ipv4Addr::from_bits(number));
        assert!(answers.take(now, machine(1)));
        assert!(!answers.take(now, machine(1)));
        assert!(answers.take(now + ANSWER_PAUSE, machine(1)));
        let given = (2..1000)
            .filter(|it| answers.take(now + ANSWER_PAUSE, machine(*it)))
            .count();
        assert_eq!(given, MAX_ANSWERS - 1);
    }
}
