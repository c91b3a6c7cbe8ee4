//! Moves from one computer to another.

use identity::Address;

use super::*;
use crate::error::TransferError;
use crate::key::Keychain;
use crate::person::PinnedHow;

const PASSPHRASE: &str = "correct horse battery";

fn somebody() -> Address {
    Identity::generate().unwrap().address()
}

/// A computer that is all set, one call and one pinned contact.
fn old_computer(dir: &TempDir) -> (Store, Address) {
    let mut store = Store::open(dir.path()).unwrap();
    store.set_settings(all_set()).unwrap();
    store.add(entry(1)).unwrap();
    let ann = somebody();
    store.save_contact(&ann, "Ann").unwrap();
    store.pin(&ann, 17).unwrap();
    (store, ann)
}

fn is(error: &StoreError, expected: TransferError) -> bool {
    matches!(error, StoreError::Transfer(it) if *it == expected)
}

#[test]
fn a_new_computer_becomes_the_old_one() {
    let (old, new) = (place(), place());
    let (old, ann) = old_computer(&old);
    let bytes = old.export(PASSPHRASE).unwrap();
    let opened = Store::open_with_import(new.path(), Keychain::Unused, &bytes, PASSPHRASE, false);
    let (store, imported) = opened.unwrap();
    let expected = Imported {
        identity_changed: true,
        people: 1,
        people_left_out: 0,
        calls: 1,
    };
    assert_eq!(imported, expected);
    drop(store);
    let store = Store::open(new.path()).unwrap();
    assert_eq!(store.identity().address(), old.identity().address());
    assert_eq!(store.settings(), all_set().without_devices());
    assert_eq!(store.history(), [entry(1)]);
    assert_eq!(store.people(), old.people());
    assert_eq!(store.people()[0].address, ann.to_string());
    assert_eq!(store.people()[0].pinned_how, Some(PinnedHow::Words));
    assert!(!new.path().join("identity.key.replaced").exists());
}

#[test]
fn another_identity_is_replaced_only_when_asked_to_and_kept_aside() {
    let (old, new) = (place(), place());
    let (old, ann) = old_computer(&old);
    let bytes = old.export(PASSPHRASE).unwrap();
    let mut store = Store::open(new.path()).unwrap();
    let ours = store.identity();
    let bea = somebody();
    store.save_contact(&bea, "Bea").unwrap();
    store.save_contact(&ann, "My Ann").unwrap();
    store.add(entry(2)).unwrap();
    let camera = Settings {
        camera: Some("here".to_owned()),
        ..Settings::default()
    };
    store.set_settings(camera).unwrap();

    let error = store.import(&bytes, PASSPHRASE, false).unwrap_err();
    assert!(is(&error, TransferError::OtherIdentity), "{error}");
    let error = store.import(&bytes, "correct horse", true).unwrap_err();
    assert!(is(&error, TransferError::WrongPassphrase), "{error}");
    assert_eq!(store.people().len(), 2);
    assert_eq!(store.identity().address(), ours.address());

    let imported = store.import(&bytes, PASSPHRASE, true).unwrap();
    assert!(imported.identity_changed);
    for _ in 0..2 {
        assert_eq!(store.identity().address(), old.identity().address());
        assert_eq!(store.settings().camera.as_deref(), Some("here"));
        assert_eq!(store.settings().relay, all_set().relay);
        assert_eq!(store.history(), [entry(1), entry(2)]);
        let people = store.people().iter();
        let people: Vec<_> = people.map(|it| (it.shown_name(), it.pinned_at)).collect();
        assert_eq!(people, [("Bea", None), ("My Ann", Some(17))]);
        drop(store);
        store = Store::open(new.path()).unwrap();
    }
    let kept = fs::read(new.path().join("identity.key.replaced")).unwrap();
    assert_eq!(kept, ours.seed());
}

#[test]
fn an_import_that_was_cut_off_before_the_key_can_be_done_again() {
    let (old, new) = (place(), place());
    let (old, _) = old_computer(&old);
    let bytes = old.export(PASSPHRASE).unwrap();
    let mut store = Store::open(new.path()).unwrap();
    let ours = store.identity();
    store.import(&bytes, PASSPHRASE, true).unwrap();
    drop(store);
    // As it is when the power fails after the contents and before the key.
    fs::write(new.path().join("identity.key"), ours.seed()).unwrap();
    let mut store = Store::open(new.path()).unwrap();
    assert_eq!(store.identity().address(), ours.address());
    let again = store.import(&bytes, PASSPHRASE, true).unwrap();
    let the_key_alone = Imported {
        identity_changed: true,
        people: 0,
        people_left_out: 0,
        calls: 0,
    };
    assert_eq!(again, the_key_alone);
    assert_eq!(store.identity().address(), old.identity().address());
    assert_eq!(store.people(), old.people());
    assert_eq!(store.history(), [entry(1)]);
}

#[test]
fn what_was_imported_is_imported_again_without_a_change() {
    let (old, new) = (place(), place());
    let (old, _) = old_computer(&old);
    let bytes = old.export(PASSPHRASE).unwrap();
    let mut store = Store::open(new.path()).unwrap();
    store.import(&bytes, PASSPHRASE, true).unwrap();
    let again = store.import(&bytes, PASSPHRASE, false).unwrap();
    let nothing = Imported {
        identity_changed: false,
        people: 0,
        people_left_out: 0,
        calls: 0,
    };
    assert_eq!(again, nothing);
    assert_eq!(store.people(), old.people());
    assert!(!new.path().join("identity.key.replaced-2").exists());
}

#[test]
fn an_identity_that_is_out_of_reach_is_replaced_when_asked_to() {
    let (old, new) = (place(), place());
    let (old, _) = old_computer(&old);
    let bytes = old.export(PASSPHRASE).unwrap();
    fs::write(new.path().join("identity.key"), "no key").unwrap();
    let import = |replace| {
        Store::open_with_import(new.path(), Keychain::Unused, &bytes, PASSPHRASE, replace)
    };
    let error = import(false).unwrap_err();
    assert!(matches!(error, StoreError::BadIdentity(_)), "{error}");
    let (store, _) = import(true).unwrap();
    assert_eq!(store.identity().address(), old.identity().address());
    let kept = fs::read(new.path().join("identity.key.replaced")).unwrap();
    assert_eq!(kept, b"no key");

    drop(store);
    let other = Identity::generate().unwrap();
    fs::write(new.path().join("identity.key"), other.seed()).unwrap();
    let error = import(false).unwrap_err();
    assert!(is(&error, TransferError::OtherIdentity), "{error}");
}

#[test]
fn a_block_on_either_side_holds_after_an_import() {
    let (old, new) = (place(), place());
    let (mut old, ann) = old_computer(&old);
    let (bea, carl) = (somebody(), somebody());
    old.set_blocked(&ann, true).unwrap();
    old.set_blocked(&bea, true).unwrap();
    let bytes = old.export(PASSPHRASE).unwrap();
    let mut store = Store::open(new.path()).unwrap();
    store.save_contact(&ann, "Ann").unwrap();
    store.set_blocked(&carl, true).unwrap();
    store.import(&bytes, PASSPHRASE, true).unwrap();
    let known = store.known_people();
    for person in [&ann, &bea, &carl] {
        assert_eq!(known.relation(person), crate::people::Relation::Blocked);
    }
}
