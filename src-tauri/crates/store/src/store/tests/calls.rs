//! What a history keeps, and when it is written.

use super::*;
use crate::history::keep;
use crate::people::Relation;

#[test]
fn the_history_forgets_the_oldest_and_everything_on_demand() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    for n in 0..CAPACITY as u64 + 5 {
        store.add(entry(n)).unwrap();
    }
    assert_eq!(store.history().len(), CAPACITY);
    assert_eq!(store.history().first(), Some(&entry(5)));
    store.clear_history().unwrap();
    drop(store);
    assert!(Store::open(dir.path()).unwrap().history().is_empty());
}

/// A call of stranger `who` that nobody answered.
fn unanswered(who: u64, at: u64, reason: &str) -> HistoryEntry {
    HistoryEntry {
        at,
        outgoing: false,
        reason: reason.to_owned(),
        lasted_ms: None,
        ..entry(who)
    }
}

/// What is in the database, in this moment.
fn written(dir: &TempDir) -> Vec<HistoryEntry> {
    Database::open(dir.path()).unwrap().1.history
}

#[test]
fn strangers_who_ring_cost_one_write_in_seconds_and_are_written_at_the_end() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    store.add(unanswered(1, 1, "missed")).unwrap();
    for n in 2..100 {
        store.add(unanswered(n, n, "missed")).unwrap();
    }
    assert_eq!(written(&dir).len(), 1);
    assert!(store.is_unwritten());
    assert_eq!(store.history().len(), 99, "they are shown at once");
    drop(store);
    assert_eq!(written(&dir).len(), 99);
}

#[test]
fn a_call_that_the_user_made_or_accepted_is_written_at_once() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    for n in 0..3 {
        store.add(unanswered(n, n, "missed")).unwrap();
    }
    let accepted = HistoryEntry {
        accepted: true,
        ..unanswered(4, 4, "noPath")
    };
    store.add(accepted.clone()).unwrap();
    assert_eq!(written(&dir).len(), 4);
    assert_eq!(written(&dir).last(), Some(&accepted));
    assert!(!store.is_unwritten());
}

#[test]
fn who_was_called_or_accepted_is_known_and_who_only_rang_is_not() {
    let dir = place();
    let people: Vec<_> = (0..5)
        .map(|_| Identity::generate().unwrap().address())
        .collect();
    let with = |n: usize, entry: HistoryEntry| HistoryEntry {
        peer: HistoryPeer {
            address: people[n].to_string(),
            name: String::new(),
        },
        ..entry
    };
    let called = HistoryEntry {
        outgoing: true,
        ..unanswered(0, 0, "unreachable")
    };
    let accepted = HistoryEntry {
        accepted: true,
        ..unanswered(0, 0, "noPath")
    };
    let mut store = Store::open(dir.path()).unwrap();
    let known = store.known_people();
    for entry in [
        with(0, called),
        with(1, accepted),
        with(2, entry(3)),
        with(3, unanswered(0, 0, "declined")),
    ] {
        store.add(entry).unwrap();
    }
    let known_now = |known: &KnownPeople| {
        people
            .iter()
            .map(|it| known.relation(it) == Relation::Known)
            .collect::<Vec<_>>()
    };
    assert_eq!(known_now(&known), [true, true, true, false, false]);
    drop(store);
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(known_now(&store.known_people()), known_now(&known));
    let known = store.known_people();
    store.clear_history().unwrap();
    assert_eq!(known_now(&known), [false; 5]);
}

#[test]
fn who_calls_again_and_again_is_missed_once() {
    let mut history = Vec::new();
    let (first, second) = (entry(1_001_000), entry(1_002_000));
    for call in [
        unanswered(1, 1_000_000, "missed"),
        first.clone(),
        unanswered(2, 1_001_500, "missed"),
        unanswered(1, 1_010_000, "declined"),
        second.clone(),
        unanswered(1, 1_020_000, "missed"),
        unanswered(1, 1_200_000, "missed"),
    ] {
        history::add(&mut history, call);
    }
    let kept = [
        first,
        unanswered(2, 1_001_500, "missed"),
        second,
        unanswered(1, 1_020_000, "missed"),
        unanswered(1, 1_200_000, "missed"),
    ];
    assert_eq!(history, kept);
}

#[test]
fn a_call_to_somebody_or_with_somebody_is_never_merged() {
    let called = HistoryEntry {
        outgoing: true,
        lasted_ms: None,
        ..entry(1)
    };
    let mut history = Vec::new();
    for call in [
        unanswered(1, 1, "missed"),
        called,
        entry(1),
        unanswered(1, 2, "missed"),
    ] {
        history::add(&mut history, call);
    }
    assert_eq!(history.len(), 3);
}

#[test]
fn strangers_push_out_nobody_whom_we_know() {
    let mut history = Vec::new();
    let known = CAPACITY as u64 - 50;
    for n in 0..known {
        history::add(&mut history, entry(n));
    }
    for n in 0..1000 {
        let stranger = unanswered(10_000 + n, 1_000_000 + n * 120_000, "missed");
        history::add(&mut history, stranger);
    }
    assert_eq!(history.len(), CAPACITY);
    let all_known: Vec<_> = (0..known).map(entry).collect();
    assert_eq!(history[..all_known.len()], all_known);

    let mut shown = history.clone();
    keep(&mut shown, 50);
    assert_eq!(shown.len(), 50);
    assert_eq!(shown[..40], history[known as usize - 40..known as usize]);
    assert_eq!(shown[40..], history[CAPACITY - 10..]);
}

#[test]
fn who_called_last_is_kept_however_many_calls_there_are() {
    let mut history: Vec<_> = (0..CAPACITY as u64).map(entry).collect();
    for n in 0..3 {
        history::add(&mut history, unanswered(10_000 + n, 1_000_000, "missed"));
    }
    assert_eq!(history.len(), CAPACITY);
    assert_eq!(history.first(), Some(&entry(3)));
    let last = unanswered(10_002, 1_000_000, "missed");
    assert_eq!(history.last(), Some(&last));
}

#[test]
fn a_relay_in_the_history_is_one_or_none() {
    let relay = |relay: &str| HistoryEntry {
        relay: Some(relay.to_owned()),
        ..entry(1)
    };
    let bare = relay("wss://relay.example").validated();
    assert_eq!(bare.relay.as_deref(), Some("wss://relay.example/v1"));
    assert_eq!(relay("https://example.org").validated().relay, None);

    let mut older = serde_json::to_value(entry(1)).unwrap();
    older.as_object_mut().unwrap().remove("relay");
    let entry: HistoryEntry = serde_json::from_value(older).unwrap();
    assert_eq!(entry.relay, None);
}

#[test]
fn a_call_that_could_not_be_written_is_written_when_the_disk_can_again() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    // A database that may not grow stands for a disk without room.
    store.database.limit_pages(1);
    let call = HistoryEntry {
        reason: "r".repeat(500),
        ..entry(1)
    };
    for n in 0..CAPACITY as u64 {
        let call = HistoryEntry {
            at: n,
            ..call.clone()
        };
        let Err(error) = store.add(call) else {
            continue;
        };
        assert!(error.to_string().contains("full"), "{error}");
        assert!(store.is_unwritten());
        assert!(store.flush().is_err(), "still no room");
        let kept = store.history().to_vec();
        store.database.limit_pages(10_000);
        store.flush().unwrap();
        assert!(!store.is_unwritten());
        drop(store);
        assert_eq!(Store::open(dir.path()).unwrap().history(), kept);
        return;
    }
    panic!("there was room for everything");
}

#[test]
fn of_calls_that_are_forgotten_nothing_stays_in_the_file() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let call = HistoryEntry {
        peer: HistoryPeer {
            address: "tincan:somebody".to_owned(),
            name: "Somebody Secret".to_owned(),
        },
        ..entry(1)
    };
    store.add(call).unwrap();
    let has = |what: &str| {
        let bytes = fs::read(dir.path().join("tincan.db")).unwrap();
        bytes.windows(what.len()).any(|it| it == what.as_bytes())
    };
    assert!(has("Somebody Secret") && has("tincan:somebody"));
    store.clear_history().unwrap();
    assert!(!has("Somebody Secret") && !has("tincan:somebody"));
}
