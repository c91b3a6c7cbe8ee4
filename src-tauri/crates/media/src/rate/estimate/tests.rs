//! The estimator on simulated links in virtual time.

use super::*;
use crate::testing::{Dice, some_instant};

const MS: Duration = Duration::from_millis(1);

/// One bottleneck with a queue, in front of a receiver that reports every 100 ms.
struct Link {
    start: Instant,
    now: Instant,
    capacity: f64,
    delay: Duration,
    queue_limit: Duration,
    /// When the bottleneck is free again.
    free_at: Instant,
    loss: f64,
    dice: Dice,
    estimator: Estimator,
    in_flight: Vec<PacketReport>,
    longest_queue: Duration,
}

impl Link {
    fn new(capacity_kbps: u64) -> Self {
        let start = some_instant();
        let config = Config {
            start: Bitrate::from_kbps(1000),
            min: Bitrate::from_kbps(50),
            max: Bitrate::from_kbps(4000),
            feedback_interval: FEEDBACK_INTERVAL,
        };
        Self {
            start,
            now: start,
            capacity: capacity_kbps as f64 * 1000.0,
            delay: 25 * MS,
            queue_limit: 300 * MS,
            free_at: start,
            loss: 0.0,
            dice: Dice::new(5),
            estimator: Estimator::new(config),
            in_flight: Vec::new(),
            longest_queue: Duration::ZERO,
        }
    }

    /// Runs for `seconds`, with an encoder that makes pictures at `share` of the estimate.
    fn run(&mut self, seconds: u64, share: f64) -> u64 {
        self.longest_queue = Duration::ZERO;
        for ms in 0..seconds * 1000 {
            self.now += MS;
            if ms % 33 == 0 {
                let bytes = self.estimator.estimate().bps() as f64 * share * 0.033 / 8.0;
                for _ in 0..(bytes / 1200.0).ceil() as u32 {
                    self.send((bytes / (bytes / 1200.0).ceil()) as usize);
                }
            }
            if ms % 100 == 50 {
                self.report();
            }
            if self
                .estimator
                .next_timeout()
                .is_some_and(|it| it <= self.now)
            {
                self.estimator.on_timeout(self.now);
            }
        }
        self.estimator.estimate().kbps()
    }

    fn send(&mut self, size: usize) {
        let sent_at = self.now;
        let starts = self.free_at.max(self.now);
        let queued = starts - self.now;
        self.longest_queue = self.longest_queue.max(queued);
        let lost = queued > self.queue_limit || self.dice.chance(self.loss);
        if !lost {
            self.free_at = starts + Duration::from_secs_f64(size as f64 * 8.0 / self.capacity);
        }
        let arrived_at = (!lost).then(|| self.free_at - self.start + self.delay);
        self.in_flight.push(PacketReport {
            sent_at,
            arrived_at,
            size,
            resent: false,
        });
        self.estimator.on_sent(self.now);
    }

    /// What arrived a path's delay ago is known now.
    fn report(&mut self) {
        let known = self.now - self.start - self.delay;
        let ready = self
            .in_flight
            .iter()
            .take_while(|it| {
                it.arrived_at.is_none_or(|at| at <= known)
                    && it.sent_at + 2 * self.delay <= self.now
            })
            .count();
        let reports: Vec<_> = self.in_flight.drain(..ready).collect();
        self.estimator.on_report(self.now, &reports);
    }
}

#[test]
fn a_wide_path_is_used_within_seconds() {
    let mut link = Link::new(20_000);
    assert!(link.run(4, 1.0) > 3500, "{}", link.estimator.estimate());
    assert_eq!(link.run(6, 1.0), 4000, "and never more than can be used");
}

#[test]
fn a_narrow_path_is_filled_without_a_standing_queue() {
    for capacity in [300, 600, 1500, 3000] {
        let mut link = Link::new(capacity);
        link.run(15, 1.0);
        let estimate = link.run(30, 1.0);
        assert!(
            estimate > capacity * 6 / 10,
            "{estimate} of {capacity} kb/s"
        );
        assert!(
            estimate < capacity * 13 / 10,
            "{estimate} of {capacity} kb/s"
        );
        assert!(
            link.longest_queue < 250 * MS,
            "{capacity}: queue of {:?}",
            link.longest_queue
        );
    }
}

#[test]
fn a_path_that_narrows_is_followed_within_a_second_or_two() {
    let mut link = Link::new(3000);
    link.run(20, 1.0);
    link.capacity = 500_000.0;
    link.run(3, 1.0);
    assert!(
        link.estimator.estimate().kbps() < 650,
        "{}",
        link.estimator.estimate()
    );
    link.run(5, 1.0);
    assert!(link.longest_queue < 300 * MS);
    link.capacity = 3_000_000.0;
    assert!(link.run(8, 1.0) > 1500, "{}", link.estimator.estimate());
}

#[test]
fn little_to_send_teaches_no_dream_figures() {
    let mut link = Link::new(20_000);
    link.run(4, 1.0);
    let mut idle = Link::new(20_000);
    let estimate = idle.run(60, 0.2);
    assert!(estimate < 1300, "{estimate} kb/s learnt from 200");
    assert!(estimate >= 1000, "but nothing was unlearnt either");
}

#[test]
fn loss_without_queues_becomes_noise() {
    let mut link = Link::new(20_000);
    link.loss = 0.15;
    let estimate = link.run(30, 1.0);
    assert!(estimate > 1000, "{estimate} kb/s at 15 % loss");
    assert!((link.estimator.loss() - 0.15).abs() < 0.1);
}

#[test]
fn heavy_loss_cuts() {
    let mut link = Link::new(20_000);
    link.run(10, 1.0);
    let before = link.estimator.estimate().kbps();
    link.loss = 0.4;
    assert!(
        link.run(4, 1.0) < before * 6 / 10,
        "{}",
        link.estimator.estimate()
    );
}

/// The estimate 3 s after the first packet, when packets left at `sent` (ms) and none was reported.
fn unheard(sent: &[u64]) -> u64 {
    let start = some_instant();
    let mut estimator = Estimator::new(Config {
        start: Bitrate::from_kbps(1000),
        min: Bitrate::from_kbps(100),
        max: Bitrate::from_kbps(4000),
        feedback_interval: FEEDBACK_INTERVAL,
    });
    assert_eq!(estimator.next_timeout(), None, "nothing was sent");
    for ms in 0..=3000_u64 {
        let now = start + Duration::from_millis(ms);
        if sent.contains(&ms) {
            estimator.on_sent(now);
        }
        if estimator.next_timeout().is_some_and(|it| it <= now) {
            estimator.on_timeout(now);
        }
    }
    estimator.estimate().kbps()
}

#[test]
fn silence_of_the_other_side_halves_as_long_as_something_is_said() {
    let steadily: Vec<u64> = (0..=3000).step_by(20).collect();
    for (sent, expected, why) in [
        (&[][..], 1000, "nothing is awaited"),
        (&[2600], 1000, "nothing is overdue"),
        (&[0], 500, "a lost packet before a pause counts once"),
        (&[0, 20, 480, 500], 500, "and so do some"),
        (&[0, 600], 250, "the pause ended with a loss"),
        (&[0, 600, 1200, 2700], 125, "three times"),
        (&steadily[..], 100, "the path is gone"),
    ] {
        assert_eq!(unheard(sent), expected, "{why}");
    }
}

#[test]
fn silence_is_judged_after_half_a_second() {
    let start = some_instant();
    let mut estimator = Estimator::new(Config {
        start: Bitrate::from_kbps(1000),
        min: Bitrate::from_kbps(100),
        max: Bitrate::from_kbps(4000),
        feedback_interval: FEEDBACK_INTERVAL,
    });
    estimator.on_sent(start);
    estimator.on_sent(start + 300 * MS);
    assert_eq!(estimator.next_timeout(), Some(start + 500 * MS));
    estimator.on_timeout(start + 400 * MS);
    assert_eq!(estimator.estimate().kbps(), 1000);
    estimator.on_timeout(start + 500 * MS);
    assert_eq!(estimator.estimate().kbps(), 500);
    assert_eq!(estimator.next_timeout(), None, "a pause wakes nobody");
}

#[test]
fn after_an_outage_half_is_there_at_once() {
    let mut link = Link::new(20_000);
    link.run(10, 1.0);
    link.loss = 1.0;
    link.in_flight.clear();
    for _ in 0..20 {
        link.now += 100 * MS;
        link.estimator.on_sent(link.now);
        link.estimator.on_timeout(link.now);
    }
    assert!(
        link.estimator.estimate().kbps() <= 500,
        "{}",
        link.estimator.estimate()
    );
    link.loss = 0.0;
    link.free_at = link.now;
    link.run(1, 1.0);
    assert!(
        link.estimator.estimate().kbps() >= 2000,
        "{}",
        link.estimator.estimate()
    );
    assert!(link.run(3, 1.0) > 3500);
}

#[test]
fn any_report_is_taken_without_a_panic() {
    use proptest::prelude::*;
    let report = (
        0..10_000_u64,
        proptest::option::of(any::<u64>()),
        any::<usize>(),
    );
    let messages = proptest::collection::vec(proptest::collection::vec(report, 0..10), 0..20);
    proptest!(|(messages in messages)| {
        let mut link = Link::new(1000);
        for message in messages {
            link.now += 10 * MS;
            let reports: Vec<_> = message
                .into_iter()
                .map(|(sent, arrived, size)| PacketReport {
                    sent_at: link.start + Duration::from_millis(sent),
                    arrived_at: arrived.map(Duration::from_micros),
                    size: size % 2000,
                    resent: sent % 7 == 0,
                })
                .collect();
            link.estimator.on_report(link.now, &reports);
            let estimate = link.estimator.estimate().kbps();
            prop_assert!((50..=4000).contains(&estimate));
        }
    });
}
