//! Where keys go and where they are found, with keychains of every kind.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;

use tempfile::TempDir;

use super::*;

/// A keychain in memory.
#[derive(Default)]
struct Fake {
    secrets: RefCell<HashMap<String, String>>,
    mood: RefCell<Mood>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Mood {
    #[default]
    Good,
    /// Says no to everything.
    Locked,
    /// Takes what it is given and forgets it.
    Forgetful,
    /// Takes what it is given and gives out something else.
    Confused,
}

impl Secrets for Fake {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, Unavailable> {
        match *self.mood.borrow() {
            Mood::Locked => Err(Unavailable("it is locked".to_owned())),
            Mood::Good | Mood::Forgetful => {
                let secrets = self.secrets.borrow();
                Ok(secrets.get(account).cloned().map(Zeroizing::new))
            }
            Mood::Confused => Ok(Some(hex(Identity::generate().unwrap().seed()))),
        }
    }

    fn set(&self, account: &str, secret: &Zeroizing<String>) -> Result<(), Unavailable> {
        match *self.mood.borrow() {
            Mood::Locked => Err(Unavailable("it is locked".to_owned())),
            Mood::Forgetful => Ok(()),
            Mood::Good | Mood::Confused => {
                let (account, secret) = (account.to_owned(), secret.to_string());
                self.secrets.borrow_mut().insert(account, secret);
                Ok(())
            }
        }
    }
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(
    dir: &TempDir,
    keychain: Keychain,
    system: &Fake,
) -> Result<(Address, KeyPlace), StoreError> {
    let key = load_or_make_with(dir.path(), keychain, system)?;
    Ok((key.identity.address(), key.place))
}

#[test]
fn a_new_key_goes_into_a_keychain_that_works_and_is_found_there() {
    let (dir, system) = (place(), Fake::default());
    let (address, kept) = open(&dir, Keychain::System, &system).unwrap();
    assert_eq!(kept, KeyPlace::Keychain);
    assert!(!dir.path().join("identity.key").exists());
    let again = open(&dir, Keychain::System, &system).unwrap();
    assert_eq!(again, (address, KeyPlace::Keychain));
    let asked_for_a_file = open(&dir, Keychain::Unused, &system).unwrap();
    assert_eq!(
        asked_for_a_file, again,
        "where it is counts, not where it would go"
    );
}

#[test]
fn a_keychain_that_does_not_keep_the_key_is_not_used_and_never_will_be() {
    for mood in [Mood::Locked, Mood::Forgetful, Mood::Confused] {
        let (dir, system) = (place(), Fake::default());
        system.mood.replace(mood);
        let (address, kept) = open(&dir, Keychain::System, &system).unwrap();
        assert_eq!(kept, KeyPlace::File);
        let in_file = Identity::from_bytes(&fs::read(dir.path().join("identity.key")).unwrap());
        assert_eq!(in_file.unwrap().address(), address);
        let tried = address.to_string();
        assert!(
            !system.secrets.borrow().contains_key(&tried),
            "a copy lies about"
        );
        system.mood.replace(Mood::Good);
        let again = open(&dir, Keychain::System, &system).unwrap();
        assert_eq!(again, (address, KeyPlace::File));
    }
}

#[test]
fn without_leave_a_key_goes_into_a_file() {
    let (dir, system) = (place(), Fake::default());
    let made = open(&dir, Keychain::Unused, &system).unwrap();
    assert_eq!(made.1, KeyPlace::File);
    assert!(system.secrets.borrow().is_empty());
    assert_eq!(open(&dir, Keychain::System, &system).unwrap(), made);
}

#[test]
fn a_key_of_an_earlier_version_stays_in_its_file() {
    let (dir, system) = (place(), Fake::default());
    let identity = Identity::generate().unwrap();
    fs::write(dir.path().join("identity.key"), identity.seed()).unwrap();
    let found = open(&dir, Keychain::System, &system).unwrap();
    assert_eq!(found, (identity.address(), KeyPlace::File));
    assert!(system.secrets.borrow().is_empty());
}

#[test]
fn a_keychain_that_is_locked_empty_or_wrong_later_is_told_and_makes_no_new_key() {
    let (dir, system) = (place(), Fake::default());
    let made = open(&dir, Keychain::System, &system).unwrap();
    let before = fs::read(dir.path().join("key.place")).unwrap();
    let kept = system.secrets.borrow().clone();
    for mood in [Mood::Locked, Mood::Confused, Mood::Good] {
        if mood == Mood::Good {
            system.secrets.borrow_mut().clear();
        }
        system.mood.replace(mood);
        for keychain in [Keychain::System, Keychain::Unused] {
            let error = open(&dir, keychain, &system).unwrap_err();
            let unavailable = matches!(error, StoreError::KeychainUnavailable { .. });
            assert!(unavailable, "{error}");
            assert!(!error.to_string().contains(&made.0.to_string()), "{error}");
        }
        assert!(!dir.path().join("identity.key").exists());
        assert_eq!(fs::read(dir.path().join("key.place")).unwrap(), before);
    }
    system.secrets.replace(kept);
    assert_eq!(open(&dir, Keychain::System, &system).unwrap(), made);
}

#[test]
fn a_record_that_says_nothing_makes_no_new_key() {
    for text in [
        "",
        "{}",
        r#"{"place":"attic"}"#,
        r#"{"place":"keychain","address":"x"}"#,
    ] {
        let (dir, system) = (place(), Fake::default());
        fs::write(dir.path().join("key.place"), text).unwrap();
        let error = open(&dir, Keychain::System, &system).unwrap_err();
        assert!(
            matches!(error, StoreError::BadKeyPlace(_)),
            "{text}: {error}"
        );
        assert!(!dir.path().join("identity.key").exists());
    }
}

#[test]
fn a_start_that_was_cut_off_before_the_record_finds_the_file() {
    let (dir, system) = (place(), Fake::default());
    let made = open(&dir, Keychain::Unused, &system).unwrap();
    fs::remove_file(dir.path().join("key.place")).unwrap();
    assert_eq!(open(&dir, Keychain::System, &system).unwrap(), made);
}

#[test]
fn a_replaced_key_stays_where_it_was_beside_the_new_one() {
    let new = || Identity::generate().unwrap();
    let (dir, system) = (place(), Fake::default());
    let (former, _) = open(&dir, Keychain::Unused, &system).unwrap();
    for name in ["identity.key.replaced", "identity.key.replaced-2"] {
        let before = fs::read(dir.path().join("identity.key")).unwrap();
        let identity = new();
        let address = identity.address();
        let key = replace_with(dir.path(), identity, Keychain::System, &system).unwrap();
        assert_eq!(key.place, KeyPlace::File, "the record holds");
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), before);
        let found = open(&dir, Keychain::System, &system).unwrap();
        assert_eq!(found, (address, KeyPlace::File));
        assert_ne!(found.0, former);
    }

    let (dir, system) = (place(), Fake::default());
    let (former, _) = open(&dir, Keychain::System, &system).unwrap();
    let identity = new();
    let address = identity.address();
    let key = replace_with(dir.path(), identity, Keychain::Unused, &system).unwrap();
    assert_eq!(key.place, KeyPlace::Keychain, "the record holds");
    let found = open(&dir, Keychain::System, &system).unwrap();
    assert_eq!(found, (address, KeyPlace::Keychain));
    let secrets = system.secrets.borrow();
    assert!(secrets.contains_key(&former.to_string()));
}

#[test]
fn a_key_survives_its_way_through_a_text() {
    let identity = Identity::generate().unwrap();
    let text = hex(identity.seed());
    assert_eq!(text.len(), 64);
    assert_eq!(unhex(&text).unwrap().as_slice(), identity.seed());
    for bad in ["", "ff", &"g".repeat(64), &"é".repeat(32), &text[..62]] {
        assert!(unhex(bad).is_none(), "{bad}");
    }
}
