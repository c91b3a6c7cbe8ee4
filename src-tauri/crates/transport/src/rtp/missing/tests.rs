use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);
const RTT: Duration = Duration::from_millis(100);

/// One picture of three packets every 33 ms.
fn timestamp(sequence: u16) -> u32 {
    u32::from(sequence / 3) * 3000
}

struct Receiver {
    start: Instant,
    missing: Missing,
}

impl Receiver {
    fn new() -> Self {
        let missing = Missing::default();
        let start = Instant::now();
        Self { start, missing }
    }

    fn receive(&mut self, ms: u32, sequences: impl IntoIterator<Item = u16>) {
        for sequence in sequences {
            let at = self.start + MS * ms;
            self.missing.receive(at, sequence, timestamp(sequence));
        }
    }

    fn ask(&mut self, ms: u32) -> Vec<u16> {
        self.missing.ask(self.start + MS * ms, RTT)
    }

    /// When it wants to look again, from the start.
    fn due(&self) -> Option<Duration> {
        self.missing.deadline().map(|it| it - self.start)
    }
}

#[test]
fn what_comes_a_little_late_is_not_asked_for() {
    let mut receiver = Receiver::new();
    receiver.receive(0, [1, 2, 4, 5]);
    assert_eq!(receiver.due(), Some(REORDERING));
    assert!(receiver.ask(4).is_empty());
    receiver.receive(4, [3]);
    assert_eq!(receiver.due(), None);
    assert!(receiver.ask(5).is_empty());
}

#[test]
fn questions_follow_the_round_trip_and_end_while_an_answer_can_come_in_time() {
    let mut receiver = Receiver::new();
    receiver.receive(0, (1000..1200).chain([1202, 1203]));
    let mut asked = Vec::new();
    while let Some(due) = receiver.due() {
        let ms = due.as_millis() as u32;
        let wanted = receiver.ask(ms);
        if !wanted.is_empty() {
            assert_eq!(wanted, [1200, 1201], "{ms}");
            asked.push(ms);
        }
    }
    assert_eq!(asked, [5, 130, 140, 255, 265]);
}

#[test]
fn where_much_is_lost_each_question_is_repeated() {
    let mut receiver = Receiver::new();
    receiver.receive(0, (0..100).filter(|it| it % 10 != 5));
    let asked = |receiver: &mut Receiver, ms| receiver.ask(ms).len();
    assert_eq!(asked(&mut receiver, 5), 10);
    assert_eq!(asked(&mut receiver, 14), 0);
    assert_eq!(asked(&mut receiver, 15), 10);
    assert_eq!(asked(&mut receiver, 129), 0);
    assert_eq!(asked(&mut receiver, 130), 10);
}

#[test]
fn an_answer_ends_the_questions_and_tells_how_long_they_are_ago() {
    let mut receiver = Receiver::new();
    receiver.receive(0, [1, 3, 5]);
    assert_eq!(receiver.ask(5), [2, 4]);
    let (at, missing) = (receiver.start + MS * 112, &mut receiver.missing);
    let took = |first, last| {
        Some(Repair {
            first: MS * first,
            last: MS * last,
        })
    };
    assert_eq!(missing.receive(at, 2, timestamp(2)), took(107, 107));
    assert_eq!(missing.receive(at, 2, timestamp(2)), None, "a duplicate");
    assert_eq!(receiver.ask(130), [4]);
    let at = receiver.start + MS * 150;
    let repair = receiver.missing.receive(at, 4, timestamp(4));
    assert_eq!(repair, took(145, 20));
    assert_eq!(receiver.due(), None);
}

#[test]
fn what_the_receiver_goes_on_without_is_not_asked_for() {
    let mut receiver = Receiver::new();
    receiver.receive(0, [65_533, 65_535, 1, 3]);
    receiver.missing.forget_before(1);
    assert_eq!(receiver.ask(5), [2]);
    receiver.missing.forget_before(60_000);
    assert_eq!(receiver.ask(200), [2]);
}

#[test]
fn after_a_time_without_a_path_nothing_of_it_is_asked_for() {
    let mut receiver = Receiver::new();
    receiver.receive(0, [1, 2, 3, 303]);
    assert_eq!(receiver.due(), None);
    receiver.receive(30, [305]);
    assert_eq!(receiver.ask(40), [304]);
}

#[test]
fn the_first_packets_after_a_pause_of_the_camera_are_asked_for() {
    let (mut missing, start) = (Missing::default(), Instant::now());
    missing.receive(start, 1, 0);
    missing.receive(start + MS * 9000, 4, 9 * VIDEO_HZ);
    assert_eq!(missing.ask(start + MS * 9005, RTT), [2, 3]);
}

#[test]
fn patience_is_three_round_trips_within_bounds() {
    assert_eq!(patience(MS), LEAST_PATIENCE);
    assert_eq!(patience(RTT), MS * 390);
    assert_eq!(patience(RTT * 100), MOST_PATIENCE);
}

#[test]
fn a_gap_is_hopeless_when_it_is_long_and_large() {
    assert!(is_hopeless(9, u32::MAX, VIDEO_HZ / 2));
    assert!(!is_hopeless(8, 0, VIDEO_HZ), "the head of a picture");
    assert!(!is_hopeless(100, 0, VIDEO_HZ / 3), "a short dropout");
    assert!(!is_hopeless(100, VIDEO_HZ, 0), "timestamps that go back");
}

proptest! {
    /// Whatever arrives: memory is bounded, nothing is asked for that arrived or more than twice
    /// in each round trip, and the questions end.
    #[test]
    fn any_sequence_numbers_are_asked_for_within_bounds(
        packets in prop::collection::vec((any::<u16>(), 0u32..40, any::<u32>(), 0u8..8), 1..400),
        rtt in 0u64..2000,
    ) {
        let rtt = Duration::from_millis(rtt);
        let (mut missing, mut now) = (Missing::default(), Instant::now());
        let mut asked: HashMap<u16, Vec<Instant>> = HashMap::new();
        let mut sequence = 0u16;
        for (any, step, timestamp, kind) in packets {
            now += MS * step;
            sequence = if kind == 0 { any } else { sequence.wrapping_add(any % 5) };
            if kind == 0 {
                // Behind a jump the same number may name another packet.
                asked.clear();
            }
            missing.receive(now, sequence, timestamp);
            asked.remove(&sequence);
            if kind == 1 {
                missing.forget_before(any);
            }
            prop_assert!(missing.gaps.len() <= MOST_GAPS);
            for wanted in missing.ask(now, rtt) {
                prop_assert_ne!(wanted, sequence);
                let times = asked.entry(wanted).or_default();
                // A question, its repetition, the next one, and its repetition.
                let three_before = times.len().checked_sub(3).map(|it| times[it]);
                prop_assert!(three_before.is_none_or(|it| now >= it + rtt), "{wanted}");
                times.push(now);
            }
        }
        let mut turns = 0;
        while let Some(due) = missing.deadline() {
            now = now.max(due);
            missing.ask(now, rtt);
            turns += 1;
            prop_assert!(turns < 100_000);
        }
    }
}
