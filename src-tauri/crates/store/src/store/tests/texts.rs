//! What was said in text.

use identity::{Address, Identity};

use super::*;
use crate::texts::{KeptText, KeptTextState};

fn somebody() -> Address {
    Identity::generate().unwrap().address()
}

fn text(with: &str, number: u32, state: KeptTextState) -> KeptText {
    KeptText {
        address: with.to_owned(),
        call: "00000000000000aa".to_owned(),
        number,
        at: u64::from(number),
        text: format!("text {number} 👋\nשלום"),
        state,
    }
}

fn numbers(store: &Store, with: &str) -> Vec<u32> {
    store.texts(with).iter().map(|it| it.number).collect()
}

#[test]
fn what_was_said_and_what_became_of_it_is_there_after_a_restart() {
    use KeptTextState::{Delivered, Failed, Received, Sent};
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    for one in [
        text("tincan:a", 0, Sent),
        text("tincan:a", 0, Received),
        text("tincan:b", 0, Received),
        text("tincan:a", 0, Delivered),
        text("tincan:a", 1, Sent),
    ] {
        store.keep_text(one).unwrap();
    }
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    let expected = [
        text("tincan:a", 0, Delivered),
        text("tincan:a", 0, Received),
        text("tincan:a", 1, Failed),
    ];
    assert_eq!(store.texts("tincan:a"), expected);
    assert_eq!(numbers(&store, "tincan:b"), [0]);
    assert_eq!(store.texts("tincan:c"), []);
}

#[test]
fn texts_go_with_the_past_calls_and_with_the_person() {
    let (dir, ann, bea) = (place(), somebody(), somebody());
    let mut store = Store::open(dir.path()).unwrap();
    let said = |store: &mut Store| {
        for who in [ann, bea] {
            let one = text(&who.to_string(), 0, KeptTextState::Received);
            store.keep_text(one).unwrap();
        }
    };
    said(&mut store);
    store.save_contact(&ann, "Ann").unwrap();
    store.delete_contact(&ann).unwrap();
    assert_eq!(store.texts(&ann.to_string()), []);
    assert_eq!(numbers(&store, &bea.to_string()), [0]);
    said(&mut store);
    store.clear_history().unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    for who in [ann, bea] {
        assert_eq!(store.texts(&who.to_string()), []);
    }
}

#[test]
fn one_text_or_one_conversation_can_be_forgotten() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    for number in 0..3 {
        store
            .keep_text(text("tincan:a", number, KeptTextState::Failed))
            .unwrap();
    }
    let call = text("tincan:a", 0, KeptTextState::Failed).call;
    store.forget_text("tincan:a", &call, 1).unwrap();
    assert_eq!(numbers(&store, "tincan:a"), [0, 2]);
    store.forget_texts("tincan:a").unwrap();
    drop(store);
    assert_eq!(Store::open(dir.path()).unwrap().texts("tincan:a"), []);
}

#[test]
fn what_was_said_with_those_of_whom_no_call_is_remembered_goes_too() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    store.add(entry(0)).unwrap();
    let first = entry(0).peer.address;
    let running = "tincan:running";
    for who in [&*first, running] {
        store
            .keep_text(text(who, 0, KeptTextState::Received))
            .unwrap();
    }
    for n in 1..=CAPACITY as u64 {
        assert_eq!(numbers(&store, &first), [0]);
        store.add(entry(n)).unwrap();
    }
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.texts(&first), []);
    assert_eq!(numbers(&store, running), [0], "their first call goes on");
}

#[test]
fn what_cannot_be_written_is_written_later() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    store.database.limit_pages(1);
    let mut refused = 0;
    for number in 0..40 {
        let kept = KeptText {
            text: "x".repeat(16 * 1024),
            ..text("tincan:a", number, KeptTextState::Received)
        };
        refused += usize::from(store.keep_text(kept).is_err());
    }
    assert!(refused > 0 && store.is_unwritten());
    store.database.limit_pages(100_000);
    store.flush().unwrap();
    let all = numbers(&store, "tincan:a");
    drop(store);
    assert_eq!(numbers(&Store::open(dir.path()).unwrap(), "tincan:a"), all);
}
