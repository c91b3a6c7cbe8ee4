//! People whom the user saves, pins and blocks.

use identity::Address;

use super::*;
use crate::people::Relation;
use crate::person::{MAX_PEOPLE, Person, PinnedHow};

fn somebody() -> Address {
    Identity::generate().unwrap().address()
}

/// A call to `address`, who said to be `name`.
fn call_to(address: &Address, name: &str) -> HistoryEntry {
    HistoryEntry {
        peer: HistoryPeer {
            address: address.to_string(),
            name: name.to_owned(),
        },
        outgoing: true,
        ..entry(1)
    }
}

fn shown(store: &Store) -> Vec<&str> {
    store.people().iter().map(Person::shown_name).collect()
}

#[test]
fn people_are_there_again_after_a_restart_in_the_order_of_their_names() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let (ann, bea, carl, dan) = (somebody(), somebody(), somebody(), somebody());
    store.add(call_to(&carl, "carl")).unwrap();
    store.save_contact(&bea, " Bea\u{202e} ").unwrap();
    store.save_contact(&carl, "").unwrap();
    store.save_contact(&ann, "ann").unwrap();
    store.pin(&ann, 17).unwrap();
    store.set_blocked(&dan, true).unwrap();
    let people = store.people().to_vec();
    assert_eq!(shown(&store), ["", "ann", "Bea", "carl"]);
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.people(), people);
    let pinned = &store.people()[1];
    assert_eq!(pinned.pinned_at, Some(17));
    assert_eq!(pinned.pinned_how, Some(PinnedHow::Words));
    let known = store.known_people();
    let relations = [&ann, &bea, &carl, &dan, &somebody()].map(|it| known.relation(it));
    let expected = [
        Relation::Contact,
        Relation::Contact,
        Relation::Contact,
        Relation::Blocked,
        Relation::Stranger,
    ];
    assert_eq!(relations, expected);
}

#[test]
fn a_pin_holds_as_long_as_somebody_is_a_contact() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let ann = somebody();
    let pin = |store: &Store| store.people().first().and_then(|it| it.pinned_at);
    store.pin(&ann, 17).unwrap();
    store.save_contact(&ann, "Ann").unwrap();
    store.add(call_to(&ann, "Mallory")).unwrap();
    store.set_blocked(&ann, true).unwrap();
    store.set_blocked(&ann, false).unwrap();
    store.clear_history().unwrap();
    drop(store);
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(pin(&store), Some(17));
    store.delete_contact(&ann).unwrap();
    assert!(store.people().is_empty());
    store.save_contact(&ann, "Ann").unwrap();
    assert_eq!(pin(&store), None);
}

#[test]
fn forgotten_calls_leave_contacts_and_blocks() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let (ann, bea, carl) = (somebody(), somebody(), somebody());
    for person in [&ann, &bea, &carl] {
        store.add(call_to(person, "")).unwrap();
    }
    store.save_contact(&ann, "Ann").unwrap();
    store.set_blocked(&bea, true).unwrap();
    store.clear_history().unwrap();
    for _ in 0..2 {
        let known = store.known_people();
        assert_eq!(known.relation(&ann), Relation::Contact);
        assert_eq!(known.relation(&bea), Relation::Blocked);
        assert_eq!(known.relation(&carl), Relation::Stranger);
        drop(store);
        store = Store::open(dir.path()).unwrap();
    }
}

#[test]
fn a_blocked_contact_is_blocked_and_stays_a_contact() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let ann = somebody();
    let known = store.known_people();
    store.save_contact(&ann, "Ann").unwrap();
    store.set_blocked(&ann, true).unwrap();
    assert_eq!(known.relation(&ann), Relation::Blocked);
    store.set_blocked(&ann, false).unwrap();
    assert_eq!(known.relation(&ann), Relation::Contact);
    store.set_blocked(&ann, true).unwrap();
    store.delete_contact(&ann).unwrap();
    assert_eq!(known.relation(&ann), Relation::Blocked);
    store.set_blocked(&ann, false).unwrap();
    assert_eq!(known.relation(&ann), Relation::Stranger);
    drop(store);
    assert!(Store::open(dir.path()).unwrap().people().is_empty());
}

#[test]
fn what_saved_people_call_themselves_is_learned_from_calls() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let (ann, stranger) = (somebody(), somebody());
    store.add(call_to(&ann, "Annie")).unwrap();
    store.save_contact(&ann, "My Ann").unwrap();
    assert_eq!(store.people()[0].their_name, "Annie");
    store.add(call_to(&ann, "Anna\n")).unwrap();
    store.add(call_to(&ann, "")).unwrap();
    store.add(call_to(&stranger, "Ann")).unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    let [person] = store.people() else {
        panic!("a call saves nobody");
    };
    assert_eq!(person.their_name, "Anna");
    assert_eq!(person.shown_name(), "My Ann");
}

#[test]
fn there_is_room_for_blocks_however_many_contacts_there_are() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let first = somebody();
    let person = |contact| {
        let mut person = Person::new(&somebody());
        person.contact = contact;
        person.blocked = !contact;
        person
    };
    store.save_contact(&first, "A").unwrap();
    store
        .contents
        .people
        .extend((1..MAX_PEOPLE).map(|_| person(true)));
    let error = store.save_contact(&somebody(), "One more").unwrap_err();
    let expected = "no more than 1000 people can be saved";
    assert_eq!(error.to_string(), expected);
    assert_eq!(store.people().len(), MAX_PEOPLE, "nothing has changed");
    store.save_contact(&first, "Renamed").unwrap();

    for _ in 1..MAX_PEOPLE {
        store.contents.people.push(person(false));
    }
    let (last, beyond) = (somebody(), somebody());
    store.set_blocked(&last, true).unwrap();
    let error = store.set_blocked(&beyond, true).unwrap_err();
    let expected = "no more than 1000 people can be blocked";
    assert_eq!(error.to_string(), expected);
    store.set_blocked(&first, true).unwrap();
    store.set_blocked(&last, false).unwrap();
    store.set_blocked(&beyond, true).unwrap();
}

#[test]
fn who_has_more_contacts_than_there_is_room_for_can_delete_and_block() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let first = somebody();
    store.save_contact(&first, "A").unwrap();
    let contact = || {
        let mut person = Person::new(&somebody());
        person.contact = true;
        person
    };
    let more = (0..MAX_PEOPLE + 5).map(|_| contact());
    store.contents.people.extend(more);
    store.set_blocked(&somebody(), true).unwrap();
    store.save_contact(&first, "Renamed").unwrap();
    assert!(store.save_contact(&somebody(), "One more").is_err());
    store.delete_contact(&first).unwrap();
    assert!(store.save_contact(&first, "Back again").is_err());
}

#[test]
fn a_change_that_cannot_be_written_did_not_happen() {
    let dir = place();
    let mut store = Store::open(dir.path()).unwrap();
    let (ann, bea) = (somebody(), somebody());
    store.save_contact(&ann, "Ann").unwrap();
    let before = store.people().to_vec();
    fs::remove_dir_all(dir.path()).unwrap();
    assert!(store.save_contact(&bea, "Bea").is_err());
    assert!(store.set_blocked(&ann, true).is_err());
    assert!(store.delete_contact(&ann).is_err());
    assert_eq!(store.people(), before);
    let known = store.known_people();
    assert_eq!(known.relation(&ann), Relation::Contact);
    assert_eq!(known.relation(&bea), Relation::Stranger);
}
