//! Where people were met, and by whom the user wants to be recognised.

use std::net::SocketAddr;

use identity::Address;

use super::*;
use crate::key::Keychain;
use crate::people::KnownPeople;

fn somebody() -> Address {
    Identity::generate().unwrap().address()
}

fn call_with(address: &Address, outgoing: bool) -> HistoryEntry {
    HistoryEntry {
        peer: HistoryPeer {
            address: address.to_string(),
            name: String::new(),
        },
        outgoing,
        lasted_ms: None,
        ..entry(1)
    }
}

fn at(text: &str) -> Vec<SocketAddr> {
    text.split(' ').map(|it| it.parse().unwrap()).collect()
}

#[test]
fn places_are_there_again_after_a_restart_and_go_with_what_is_known_of_the_person() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let (contact, called, stranger) = (somebody(), somebody(), somebody());
    store.save_contact(&contact, "").unwrap();
    store.add(call_with(&called, true)).unwrap();
    let here = at("192.168.1.5:48267 [fe80::1%2]:48267");
    let known = store.known_people();
    for person in [&contact, &called, &stranger] {
        known.met(person, &here);
        assert_eq!(known.places(person), here, "known at once");
    }
    drop(store);
    let mut store = Store::open(dir.path()).unwrap();
    let known = store.known_people();
    for person in [&contact, &called, &stranger] {
        assert_eq!(known.places(person), here);
    }
    let all = |known: &KnownPeople| [&contact, &called, &stranger].map(|it| known.places(it).len());
    store.clear_history().unwrap();
    assert_eq!(all(&known), [2, 0, 0]);
    drop(store);
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(all(&store.known_people()), [2, 0, 0]);
    store.delete_contact(&contact).unwrap();
    assert_eq!(all(&store.known_people()), [0; 3]);
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(all(&store.known_people()), [0; 3]);
}

#[test]
fn places_are_no_part_of_an_export() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let ann = somebody();
    store.save_contact(&ann, "").unwrap();
    store.known_people().met(&ann, &at("10.0.0.1:1"));
    assert!(store.is_unwritten());
    store.flush().unwrap();
    assert!(!store.is_unwritten());
    let export = store.export("four words are fine").unwrap();
    let new = place();
    let imported = Store::open_with_import(
        new.path(),
        Keychain::Unused,
        &export,
        "four words are fine",
        false,
    );
    let known = imported.unwrap().0.known_people();
    assert_eq!(known.familiar(), [ann]);
    assert_eq!(known.places(&ann), []);
    store.import(&export, "four words are fine", false).unwrap();
    assert_eq!(store.known_people().places(&ann).len(), 1, "ours stay");
}

#[test]
fn the_familiar_are_contacts_and_then_people_of_calls_the_last_first() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let (ann, bea, carl, dan, eve) = (somebody(), somebody(), somebody(), somebody(), somebody());
    let known = store.known_people();
    assert_eq!(known.familiar(), []);
    for person in [&dan, &carl, &eve, &dan, &bea] {
        store.add(call_with(person, true)).unwrap();
    }
    store.add(call_with(&somebody(), false)).unwrap();
    store.save_contact(&ann, "Ann").unwrap();
    store.save_contact(&carl, "Carl").unwrap();
    store.save_contact(&eve, "Eve").unwrap();
    store.set_blocked(&somebody(), true).unwrap();
    assert_eq!(known.familiar(), [eve, carl, ann, bea, dan]);
    store.set_blocked(&bea, true).unwrap();
    assert_eq!(known.familiar(), [eve, carl, ann, dan]);
}

#[test]
fn the_familiar_are_bounded_and_contacts_are_among_them() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    for _ in 0..KnownPeople::MAX_FAMILIAR {
        store.save_contact(&somebody(), "").unwrap();
    }
    store.add(call_with(&somebody(), true)).unwrap();
    let familiar = store.known_people().familiar();
    assert_eq!(familiar.len(), KnownPeople::MAX_FAMILIAR);
    let is_contact = |it| store.known_people().relation(it) == crate::Relation::Contact;
    assert!(familiar.iter().all(is_contact));
}

#[test]
fn a_database_of_the_first_version_takes_places_and_texts_and_keeps_what_it_has() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let ann = somebody();
    store.save_contact(&ann, "Ann").unwrap();
    drop(store);
    let connection = rusqlite::Connection::open(dir.path().join("tincan.db")).unwrap();
    connection
        .execute_batch(
            "DROP TABLE whereabouts; DROP TABLE texts; ALTER TABLE calls DROP COLUMN record;
             DELETE FROM settings WHERE name IN ('lan', 'carrier', 'keepTexts');
             PRAGMA user_version = 1",
        )
        .unwrap();
    drop(connection);
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(store.people().len(), 1);
    assert_eq!(store.settings().lan, LanVisibility::Known);
    assert_eq!(store.settings().carrier, Carrier::Direct);
    assert!(store.settings().keep_texts);
    assert_eq!(store.texts(&ann.to_string()), []);
    store.known_people().met(&ann, &at("10.0.0.1:1"));
    assert!(store.is_unwritten());
    store.flush().unwrap();
    assert!(!store.is_unwritten());
    assert!(!dir.path().join("tincan.db.broken").exists());
}
