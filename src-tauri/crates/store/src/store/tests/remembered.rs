//! Looks into directories that other programs hold.

use std::fs;

use identity::Identity;

use super::*;
use crate::people::Relation;

#[test]
fn a_look_beside_the_owner_sees_what_was_written_last_and_leaves_all_as_it_is() {
    let dir = place();
    let mut owner = Store::open(dir.path()).unwrap();
    let [bea, carl] = [0; 2].map(|_| Identity::generate().unwrap().address());
    owner.set_settings(all_set()).unwrap();
    owner.save_contact(&bea, "Bea").unwrap();
    let called = HistoryEntry {
        peer: HistoryPeer {
            address: carl.to_string(),
            name: "Carl".to_owned(),
        },
        ..entry(2)
    };
    owner.add(called).unwrap();
    let before = fs::read(dir.path().join("tincan.db")).unwrap();

    let seen = Remembered::of(dir.path(), Keychain::Unused).unwrap();
    assert_eq!(seen.identity.address(), owner.identity().address());
    assert_eq!(seen.settings, all_set());
    assert_eq!(seen.people, owner.people());
    assert_eq!(seen.known.relation(&bea), Relation::Contact);
    assert_eq!(seen.known.relation(&carl), Relation::Known);
    assert!(seen.is_held);

    assert_eq!(fs::read(dir.path().join("tincan.db")).unwrap(), before);
    owner.set_settings(Settings::default()).unwrap();
    let later = Remembered::of(dir.path(), Keychain::Unused).unwrap();
    assert_eq!(later.settings, Settings::default());
}

#[test]
fn a_look_into_a_directory_of_nobody_holds_it_no_longer_than_the_look() {
    let dir = place();
    let seen = Remembered::of(dir.path(), Keychain::Unused).unwrap();
    assert!(!seen.is_held);
    let owner = Store::open(dir.path()).unwrap();
    assert_eq!(seen.identity.address(), owner.identity().address());
}

#[test]
fn a_directory_that_was_locked_before_its_key_was_made_is_in_use() {
    let dir = place();
    let owner = Lock::take(dir.path()).unwrap();
    let error = Remembered::of(dir.path(), Keychain::Unused).unwrap_err();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    drop(owner);
}
