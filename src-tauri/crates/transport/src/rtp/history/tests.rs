use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const MS: Duration = Duration::from_millis(1);
const RTT: Duration = Duration::from_millis(100);

/// A history of `count` packets from `first` on, all sent at once.
fn history(now: Instant, first: u16, count: u16) -> History<u16> {
    let mut history = History::default();
    for sequence in (0..count).map(|it| first.wrapping_add(it)) {
        history.push(now, sequence, sequence);
    }
    history
}

/// What is sent again at `now` when everything may leave.
fn all(history: &mut History<u16>, now: Instant) -> Vec<u16> {
    std::iter::from_fn(|| history.pop(now, |_| Ok(())).unwrap()).collect()
}

#[test]
fn what_is_asked_for_is_sent_once_per_round_trip() {
    let start = Instant::now();
    let mut history = history(start, 65_534, 5);
    for (ms, copies) in [
        (50, 1),
        (60, 0),
        (149, 0),
        (150, 2),
        (249, 0),
        (250, 3),
        (350, 3),
    ] {
        let now = start + MS * ms;
        history.want(now, 0, RTT, 1);
        history.want(now, 0, RTT, 1);
        let again = all(&mut history, now);
        assert_eq!(again, vec![0; copies], "{ms}");
    }
}

#[test]
fn copies_leave_where_much_is_lost() {
    assert_eq!(
        [0.0, 0.02, 0.05, 0.2, 0.3, 1.0].map(copies),
        [1, 1, 2, 2, 3, 3]
    );
    let start = Instant::now();
    let mut history = history(start, 5, 2);
    history.want(start, 5, RTT, 2);
    history.want(start, 6, RTT, 2);
    assert_eq!(all(&mut history, start), [5, 5, 6, 6]);
    history.want(start + RTT, 5, RTT, 2);
    assert_eq!(all(&mut history, start + RTT), [5, 5, 5]);
}

#[test]
fn what_was_never_sent_or_long_ago_is_not_sent_again() {
    let start = Instant::now();
    let mut history = history(start, 10, 3);
    history.want(start, 9, RTT, 1);
    history.want(start, 13, RTT, 1);
    assert!(all(&mut history, start).is_empty());
    history.want(start + USEFUL, 10, RTT, 1);
    assert!(all(&mut history, start + USEFUL).is_empty());
}

#[test]
fn what_waits_for_its_turn_leaves_in_order_or_becomes_too_old() {
    let start = Instant::now();
    let mut history = history(start, 10, 3);
    for sequence in [11, 10, 12] {
        history.want(start, sequence, RTT, 1);
    }
    assert_eq!(history.pop(start, |_| Err(MS * 7)), Err(MS * 7));
    assert_eq!(history.pop(start, |_| Ok(())), Ok(Some(11)));
    history.want(start, 10, RTT, 1);
    assert_eq!(history.pop(start, |_| Ok(())), Ok(Some(10)));
    assert_eq!(history.pop(start + USEFUL, |_| Ok(())), Ok(None));
    assert!(history.wanted.is_empty());
}

#[test]
fn old_packets_make_room() {
    let start = Instant::now();
    let mut history = history(start, 0, 2000);
    assert_eq!(history.sent.len(), MOST);
    history.want(start, 975, RTT, 1);
    history.want(start, 976, RTT, 1);
    assert_eq!(all(&mut history, start), [976]);
    history.push(start + USEFUL, 2000, 2000);
    assert_eq!(history.sent.len(), 1);
}

proptest! {
    /// Whatever is asked for: only what was sent is sent again, no packet more than three times
    /// within a round trip, and what waits is bounded.
    #[test]
    fn any_questions_are_answered_within_bounds(
        steps in prop::collection::vec((0u32..30, any::<u16>(), 0u8..10), 1..500),
        first: u16,
        rtt in 0u64..500,
    ) {
        let rtt = Duration::from_millis(rtt);
        let mut now = Instant::now();
        let (mut history, mut next) = (History::default(), first);
        let mut left: HashMap<u16, Vec<Instant>> = HashMap::new();
        for (step, any, kind) in steps {
            now += MS * step;
            match kind {
                0..5 => {
                    history.push(now, next, (next, now));
                    next = next.wrapping_add(1);
                }
                5 => history.want(now, any, rtt, 1),
                _ => history.want(now, next.wrapping_sub(any % 40), rtt, usize::from(any % 5)),
            }
            prop_assert!(history.wanted.len() <= 3 * history.sent.len());
            let mut room = any % 3;
            let pace = |room: &mut u16| {
                *room = room.checked_sub(1).ok_or(MS)?;
                Ok(())
            };
            while let Ok(Some((sequence, sent))) = history.pop(now, |_| pace(&mut room)) {
                prop_assert!(now < sent + USEFUL);
                let times = left.entry(sequence).or_default();
                let three_before = times.len().checked_sub(3).map(|it| times[it]);
                prop_assert!(three_before.is_none_or(|it| now >= it + rtt), "{sequence}");
                times.push(now);
            }
        }
    }
}
