//! The files of earlier versions.

use super::*;

#[test]
fn a_mark_of_utf_8_before_a_text_changes_nothing() {
    let dir = place();
    for (name, text) in [
        ("settings.json", r#"{"name":"Ann"}"#.to_owned()),
        ("history.json", serde_json::to_string(&[entry(7)]).unwrap()),
    ] {
        fs::write(dir.path().join(name), format!("\u{feff}{text}")).unwrap();
    }
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.settings().name, "Ann");
    assert_eq!(store.history(), [entry(7)]);
    assert!(!dir.path().join("settings.json.broken").exists());
}

#[test]
fn a_text_in_utf_16_is_kept_aside() {
    let dir = place();
    let text: Vec<u8> = "\u{feff}{\"name\":\"Ann\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(dir.path().join("settings.json"), &text).unwrap();
    assert_eq!(file::text(&text), Err(file::UTF_16));
    assert_eq!(
        Store::open(dir.path()).unwrap().settings(),
        Settings::default()
    );
    assert_eq!(
        fs::read(dir.path().join("settings.json.broken")).unwrap(),
        text
    );
}

#[test]
fn a_broken_file_is_kept_aside_and_the_first_settings_are_used() {
    let bytes = [&b"{\"name\": \"An"[..], b"", b"[]", b"\xff"];
    for bytes in bytes {
        let dir = place();
        fs::write(dir.path().join("settings.json"), bytes).unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        assert_eq!(store.settings(), Settings::default());
        store.set_settings(all_set()).unwrap();
        let kept = fs::read(dir.path().join("settings.json.broken")).unwrap();
        assert_eq!(kept, bytes);
        drop(store);
        assert_eq!(Store::open(dir.path()).unwrap().settings(), all_set());
    }
}

#[test]
fn of_a_file_with_one_wrong_field_the_others_are_used() {
    let dir = place();
    let text = r#"{"name":"Ann","theme":"purple","ringSeconds":-3,"relay":"ws://r/v1","new":1}"#;
    fs::write(dir.path().join("settings.json"), text).unwrap();
    let expected = Settings {
        name: "Ann".to_owned(),
        relay: "ws://r/v1".to_owned(),
        ..Settings::default()
    };
    assert_eq!(Store::open(dir.path()).unwrap().settings(), expected);
    assert!(dir.path().join("settings.json.broken").exists());
}

#[test]
fn a_file_of_an_older_version_lacks_fields_and_is_fine() {
    let dir = place();
    fs::write(dir.path().join("settings.json"), r#"{"name":"Ann"}"#).unwrap();
    let expected = Settings {
        name: "Ann".to_owned(),
        ..Settings::default()
    };
    assert_eq!(Store::open(dir.path()).unwrap().settings(), expected);
    assert!(!dir.path().join("settings.json.broken").exists());
}

#[test]
fn of_a_history_with_a_wrong_entry_the_others_are_used() {
    let dir = place();
    let good = serde_json::to_string(&entry(7)).unwrap();
    let text = format!("[{good}, 5, {{\"peer\": null}}]");
    fs::write(dir.path().join("history.json"), &text).unwrap();
    assert_eq!(Store::open(dir.path()).unwrap().history(), [entry(7)]);
    let kept = fs::read_to_string(dir.path().join("history.json.broken")).unwrap();
    assert_eq!(kept, text);
}

/// Puts files of an earlier version into a directory.
fn put(dir: &TempDir, settings: &Settings, history: &[HistoryEntry]) {
    let json = serde_json::to_vec(settings).unwrap();
    fs::write(dir.path().join("settings.json"), json).unwrap();
    let json = serde_json::to_vec(history).unwrap();
    fs::write(dir.path().join("history.json"), json).unwrap();
}

#[test]
fn the_files_of_an_earlier_version_are_taken_over_once() {
    let dir = place();
    let calls = [entry(1), entry(2)];
    put(&dir, &all_set(), &calls);
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(store.settings(), all_set());
    assert_eq!(store.history(), calls);
    store.set_settings(Settings::default()).unwrap();
    assert!(dir.path().join("history.json.imported").exists());
    store.clear_history().unwrap();
    drop(store);
    let expected = [
        "identity.key",
        "key.place",
        "lock",
        "settings.json.imported",
        "tincan.db",
    ];
    assert_eq!(names(&dir), expected);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.settings(), Settings::default());
    assert!(store.history().is_empty());
}

#[test]
fn taking_over_that_was_cut_off_at_any_point_goes_on_at_the_next_start() {
    let calls = [entry(1), entry(2)];
    // The database has it all, and both, one or none of the files were put away.
    for put_away in [
        &[][..],
        &["settings.json"],
        &["settings.json", "history.json"],
    ] {
        let dir = place();
        put(&dir, &all_set(), &calls);
        drop(Store::open(dir.path()).unwrap());
        for name in ["settings.json", "history.json"] {
            if !put_away.contains(&name) {
                let path = dir.path().join(name);
                fs::rename(dir.path().join(format!("{name}.imported")), path).unwrap();
            }
        }
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.settings(), all_set());
        assert_eq!(store.history(), calls, "{put_away:?}");
        assert!(!dir.path().join("history.json").exists());
    }
}

#[test]
fn an_earlier_version_that_ran_again_loses_nothing() {
    let dir = place();
    put(&dir, &Settings::default(), &[entry(1), entry(3)]);
    let mut store = Store::open(dir.path()).unwrap();
    store.add(entry(5)).unwrap();
    let newer = Settings {
        who_may_ring: WhoMayRing::Contacts,
        ..Settings::default()
    };
    store.set_settings(newer).unwrap();
    drop(store);
    fs::write(dir.path().join("settings.json"), r#"{"name":"Ann"}"#).unwrap();
    let json = serde_json::to_vec(&[entry(3), entry(4)]).unwrap();
    fs::write(dir.path().join("history.json"), json).unwrap();

    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.settings().name, "Ann");
    let kept = store.settings().who_may_ring;
    assert_eq!(kept, WhoMayRing::Contacts, "the file does not know of it");
    assert_eq!(store.history(), [entry(1), entry(3), entry(4), entry(5)]);
    assert!(dir.path().join("history.json.imported-2").exists());
}

#[test]
fn files_that_cannot_be_taken_over_stay_where_they_are() {
    let dir = place();
    put(&dir, &all_set(), &[entry(1)]);
    let newer = rusqlite::Connection::open(dir.path().join("tincan.db")).unwrap();
    let ours = i32::from_be_bytes(*b"Tinc");
    newer.pragma_update(None, "application_id", ours).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(newer);
    let before = fs::read(dir.path().join("tincan.db")).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::NewerVersion { found: 1000, .. }),
        "{error}"
    );
    assert!(dir.path().join("settings.json").exists());
    assert!(dir.path().join("history.json").exists());
    assert_eq!(fs::read(dir.path().join("tincan.db")).unwrap(), before);
}
