//! Slow readers and crowds of strangers.

use tokio::sync::broadcast::Receiver;

use super::*;

/// Much less than a caller is remembered for passes within a test.
fn missed(history: &mut History, number: usize) {
    history.missed(Instant::now(), peer(number), None);
}

fn history() -> (History, Receiver<Ended>) {
    let (told, heard) = broadcast::channel(CAPACITY);
    (History::new(told), heard)
}

fn peer(number: usize) -> Peer {
    Peer {
        address: format!("tincan:{number}"),
        name: String::new(),
    }
}

fn call_with(number: usize) -> Ended {
    Ended {
        peer: peer(number),
        relay: None,
        outgoing: true,
        accepted: false,
        reason: EndReason::LocalHangup,
        lasted_ms: Some(60_000),
        path: None,
        quality: None,
    }
}

fn ring_of(number: usize) -> Ended {
    Ended {
        outgoing: false,
        reason: EndReason::Missed,
        lasted_ms: None,
        ..call_with(number)
    }
}

/// A call that the user accepted and in which media never flowed.
fn accepted_from(number: usize) -> Ended {
    Ended {
        accepted: true,
        reason: EndReason::NoPath,
        ..ring_of(number)
    }
}

/// All that a slow reader hears in the end.
fn read(history: &mut History, heard: &mut Receiver<Ended>) -> Vec<Ended> {
    let mut all = Vec::new();
    loop {
        history.flush();
        match heard.try_recv() {
            Ok(ended) => all.push(ended),
            Err(broadcast::error::TryRecvError::Empty) => return all,
            Err(error) => panic!("{error} after {} calls", all.len()),
        }
    }
}

#[test]
fn no_crowd_of_strangers_pushes_a_call_of_the_user_out() {
    let (mut history, mut heard) = history();
    for number in 0..50 {
        history.ended(call_with(number));
        history.flush();
        for stranger in 0..10_000 {
            missed(&mut history, 1000 + stranger);
            history.ended(ring_of(20_000 + stranger));
            history.flush();
        }
    }
    let all = read(&mut history, &mut heard);
    let (rings, calls): (Vec<_>, Vec<_>) = all.into_iter().partition(Ended::is_unanswered);
    assert_eq!(calls, (0..50).map(call_with).collect::<Vec<_>>());
    assert!(rings.len() <= CAPACITY + UNANSWERED, "{}", rings.len());
}

#[test]
fn who_calls_again_and_again_during_a_call_is_told_of_once() {
    let (mut history, mut heard) = history();
    for _ in 0..5 {
        missed(&mut history, 1);
        missed(&mut history, 2);
        history.flush();
    }
    history.ended(call_with(3));
    missed(&mut history, 1);
    let all = read(&mut history, &mut heard);
    assert_eq!(
        all,
        [ring_of(1), ring_of(2), call_with(3), ring_of(1)],
        "and once more in the next call"
    );
}

#[test]
fn attempts_within_ten_minutes_are_one_missed_call_and_later_ones_another() {
    let (mut history, mut heard) = history();
    let start = Instant::now();
    for minute in [0, 3, 9, 11, 15] {
        let at = start + Duration::from_secs(60 * minute);
        history.missed(at, peer(1), None);
        history.flush();
    }
    assert_eq!(read(&mut history, &mut heard), [ring_of(1), ring_of(1)]);
}

#[test]
fn the_calls_of_one_crowd_are_bounded() {
    let (mut history, mut heard) = history();
    for stranger in 0..1000 {
        missed(&mut history, stranger);
        history.flush();
    }
    assert_eq!(read(&mut history, &mut heard).len(), UNANSWERED);
}

#[test]
fn what_waits_is_told_before_the_end() {
    let (mut history, mut heard) = history();
    for number in 0..CAPACITY {
        history.ended(ring_of(100 + number));
    }
    history.flush();
    for number in 0..3 {
        assert!(heard.try_recv().is_ok());
        history.ended(call_with(number));
        missed(&mut history, 200 + number);
    }
    history.finish();
    let all = read(&mut history, &mut heard);
    assert_eq!(all[CAPACITY - 3..], [0, 1, 2].map(call_with));
}

#[test]
fn an_accepted_call_without_media_does_not_give_way_at_the_end() {
    let (mut history, mut heard) = history();
    for number in 0..CAPACITY {
        history.ended(call_with(number));
    }
    history.flush();
    assert!(heard.try_recv().is_ok());
    history.ended(ring_of(100));
    history.ended(accepted_from(101));
    history.finish();
    let all = read(&mut history, &mut heard);
    assert_eq!(all.last(), Some(&accepted_from(101)));
}
