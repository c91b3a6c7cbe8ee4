//! Databases that somebody or something else wrote to.

use std::fs;
use std::sync::LazyLock;

use identity::Identity;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::history::HistoryPeer;
use crate::record::tests::RECORD;
use crate::texts::KeptTextState;

fn call(n: u64) -> HistoryEntry {
    HistoryEntry {
        peer: HistoryPeer {
            address: format!("tincan:{n}"),
            name: "Ann".to_owned(),
        },
        relay: None,
        at: n,
        outgoing: true,
        reason: "localHangup".to_owned(),
        accepted: false,
        lasted_ms: Some(n),
        record: n.is_multiple_of(2).then_some(RECORD),
    }
}

fn contact(name: &str) -> Person {
    let mut person = Person::new(&Identity::generate().unwrap().address());
    person.name = name.to_owned();
    person.contact = true;
    person
}

fn met(n: u8) -> Option<Whereabouts> {
    let address = Identity::generate().unwrap().address().to_string();
    Whereabouts::parse(
        &address,
        &format!("192.168.1.{n}:48267 [fe80::{n}%2]:48267"),
    )
}

fn text(n: u32) -> KeptText {
    KeptText {
        address: format!("tincan:{}", n % 3),
        call: format!("{n:016x}"),
        number: n,
        at: u64::from(n),
        text: format!("text {n}\n👋"),
        state: KeptTextState::ALL[n as usize % 4],
    }
}

/// A directory whose database remembers 200 calls, 50 people, where others are, 100 texts and a name.
fn filled() -> (TempDir, Contents) {
    let dir = tempfile::tempdir().unwrap();
    let contents = Contents {
        settings: Settings {
            name: "Ada".to_owned(),
            ..Settings::default()
        },
        history: (0..200).map(call).collect(),
        people: (0..50).map(|n| contact(&format!("Person {n}"))).collect(),
        whereabouts: (0..50).filter_map(met).collect(),
        texts: (0..100).map(text).collect(),
    };
    let mut database = Database::open(dir.path()).unwrap().0;
    let written = database.change(|transaction| {
        write_settings(transaction, &contents.settings)?;
        write_history(transaction, &contents.history)?;
        write_people(transaction, &contents.people)?;
        write_whereabouts(transaction, &contents.whereabouts)?;
        write_texts(transaction, &contents.texts)
    });
    written.unwrap();
    (dir, contents)
}

fn reopened(dir: &TempDir) -> Contents {
    Database::open(dir.path()).unwrap().1
}

fn kept_aside(dir: &TempDir) -> bool {
    dir.path().join("tincan.db.broken").exists()
}

/// Writes to the database as any program could.
fn meddle(dir: &TempDir, sql: &str) {
    let connection = Connection::open(dir.path().join(NAME)).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn everything_is_read_as_it_was_written() {
    let (dir, contents) = filled();
    assert_eq!(reopened(&dir), contents);
    assert!(!kept_aside(&dir));
}

#[test]
fn a_change_that_fails_leaves_nothing_of_it() {
    let (dir, contents) = filled();
    let mut database = Database::open(dir.path()).unwrap().0;
    let failed = database.change(|transaction| {
        write_history(transaction, &[])?;
        transaction.execute("INSERT INTO nothing VALUES (1)", [])?;
        Ok(())
    });
    assert!(failed.is_err());
    drop(database);
    assert_eq!(reopened(&dir), contents);
}

#[test]
fn rows_that_make_no_sense_are_left_out_and_kept_aside() {
    for sql in [
        "INSERT INTO settings (name, value) VALUES ('theme', '\"purple\"')
            ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        "INSERT INTO calls VALUES (1000, 'a', 'b', NULL, -5, 0, 'r', 0, NULL, NULL)",
        "INSERT INTO calls VALUES (1000, CAST(x'ff' AS TEXT), 'b', NULL, 5, 0, 'r', 0, NULL, NULL)",
        "INSERT INTO people VALUES (1000, 'nobody', '', '', 1, 0, NULL, NULL)",
        "UPDATE settings SET value = '{' WHERE name = 'theme'",
    ] {
        let (dir, contents) = filled();
        meddle(&dir, sql);
        assert_eq!(reopened(&dir), contents, "{sql}");
        assert!(kept_aside(&dir), "{sql}");
        assert_eq!(reopened(&dir), contents, "{sql}");
        assert!(!dir.path().join("tincan.db.broken-2").exists(), "{sql}");
    }
}

#[test]
fn values_beyond_their_limits_are_brought_within_them() {
    let (dir, _) = filled();
    meddle(
        &dir,
        "UPDATE calls SET reason = replace(hex(zeroblob(5000)), '0', 'x'), at = 9e18;
         UPDATE people SET name = replace(hex(zeroblob(5000)), '0', 'x'), pinned_at = 9e18,
            pinned_how = 'words';
         UPDATE settings SET value = '4000000000' WHERE name = 'ringSeconds';",
    );
    let contents = reopened(&dir);
    let Contents {
        settings,
        history,
        people,
        whereabouts: _,
        texts: _,
    } = contents;
    assert_eq!(settings.ring_seconds, 90);
    assert!(history.iter().all(|it| it.reason.len() == 512));
    assert!(history.iter().all(|it| it.at == crate::history::MAX_NUMBER));
    assert!(people.iter().all(|it| it.name.chars().count() == 64));
    let latest = Some(crate::history::MAX_NUMBER);
    assert!(people.iter().all(|it| it.pinned_at == latest));
}

#[test]
fn a_table_that_is_gone_costs_what_was_in_it() {
    let (dir, contents) = filled();
    meddle(&dir, "DROP TABLE people");
    let expected = Contents {
        people: Vec::new(),
        ..contents
    };
    assert_eq!(reopened(&dir), expected);
    assert!(kept_aside(&dir));
    assert_eq!(reopened(&dir), expected);
}

#[test]
fn a_view_in_the_place_of_a_table_is_not_asked_for_its_endless_rows() {
    let (dir, contents) = filled();
    meddle(
        &dir,
        "DROP TABLE calls;
         CREATE VIEW calls AS WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c)
         SELECT id, '' address, '' name, NULL relay, 0 at, 0 outgoing, '' reason, 0 accepted,
            0 lasted_ms FROM c;",
    );
    let expected = Contents {
        history: Vec::new(),
        ..contents
    };
    assert_eq!(reopened(&dir), expected);
    assert!(kept_aside(&dir));
}

#[test]
fn what_somebody_hung_on_a_table_does_not_run_when_it_is_written() {
    let (dir, contents) = filled();
    meddle(
        &dir,
        "CREATE TRIGGER endless AFTER INSERT ON calls BEGIN
            INSERT INTO settings (name, value) SELECT 'x' || id, '1' FROM (
                WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c)
                SELECT id FROM c);
         END;",
    );
    let (mut database, read) = Database::open(dir.path()).unwrap();
    assert_eq!(read, contents);
    let written = database.change(|transaction| write_history(transaction, &read.history));
    written.unwrap();
    drop(database);
    assert_eq!(reopened(&dir), contents);
}

#[test]
fn a_small_file_whose_columns_are_formulas_does_not_become_gigabytes() {
    let address = Identity::generate().unwrap().address();
    for (bytes, fewest, most) in [(400_000_000, 0, 0), (500_000, 1, 16)] {
        let (dir, contents) = filled();
        meddle(
            &dir,
            &format!(
                "DROP TABLE people;
                 CREATE TABLE people (id INTEGER PRIMARY KEY, address TEXT, contact INTEGER,
                    name TEXT AS (hex(zeroblob({bytes}))), their_name TEXT AS (name),
                    blocked INTEGER, pinned_at INTEGER, pinned_how TEXT);
                 WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c LIMIT 1000)
                    INSERT INTO people (address, contact, blocked) SELECT '{address}', 1, 0 FROM c;"
            ),
        );
        let path = dir.path().join(NAME);
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        let (read, whole) = tables::read(&connection);
        assert!((fewest..=most).contains(&read.people.len()), "{bytes}");
        assert!(whole.is_err());
        drop(connection);
        assert_eq!(reopened(&dir).history, contents.history);
        assert!(kept_aside(&dir));
    }
}

#[test]
fn what_is_no_database_of_ours_is_kept_aside() {
    let other = tempfile::tempdir().unwrap();
    meddle(&other, "CREATE TABLE calls (x); PRAGMA user_version = 1");
    let other = fs::read(other.path().join(NAME)).unwrap();
    for bytes in [&b"{}"[..], &[0; 4096], &[0xff; 10_000], &other] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(NAME), bytes).unwrap();
        assert_eq!(reopened(&dir), Contents::default());
        assert_eq!(
            fs::read(dir.path().join("tincan.db.broken")).unwrap(),
            bytes
        );
    }
}

#[test]
fn of_a_damaged_file_everything_that_can_be_read_is_saved() {
    let (dir, contents) = filled();
    let path = dir.path().join(NAME);
    let page = 4096;
    let pages = fs::metadata(&path).unwrap().len() as usize / page;
    assert!(pages > 8, "{pages}");
    let whole = fs::read(&path).unwrap();
    let (mut most_calls, mut most_people) = (0, 0);
    for damaged in 1..pages {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = whole.clone();
        bytes[damaged * page..(damaged + 1) * page].fill(0xa5);
        fs::write(dir.path().join(NAME), &bytes).unwrap();
        let saved = reopened(&dir);
        assert_eq!(
            fs::read(dir.path().join("tincan.db.broken")).unwrap(),
            bytes
        );
        assert!(saved.history.iter().all(|it| contents.history.contains(it)));
        assert!(saved.people.iter().all(|it| contents.people.contains(it)));
        let calls_or_people = saved.history.len() == 200 || saved.people.len() == 50;
        assert!(calls_or_people, "one page costs one table at most");
        if saved.history.len() < 200 {
            most_calls = most_calls.max(saved.history.len());
        }
        if saved.people.len() < 50 {
            most_people = most_people.max(saved.people.len());
        }
    }
    // Of a table with one bad page, the others are read from both ends.
    assert!(most_calls > 100, "{most_calls}");
    assert!(most_people > 20, "{most_people}");
}

#[test]
fn a_new_database_that_was_not_finished_is_made_again() {
    let (dir, _) = filled();
    let path = dir.path().join(NAME);
    fs::write(&path, "no database").unwrap();
    fs::write(dir.path().join("tincan.db.new"), "half of one").unwrap();
    fs::write(dir.path().join("tincan.db.new-journal"), "half of one").unwrap();
    assert_eq!(reopened(&dir), Contents::default());
    for name in ["tincan.db.new", "tincan.db.new-journal"] {
        assert!(!dir.path().join(name).exists(), "{name}");
    }
}

#[test]
fn the_way_back_of_a_damaged_file_does_not_undo_the_new_one() {
    let (dir, _) = filled();
    fs::write(dir.path().join(NAME), "no database").unwrap();
    fs::write(dir.path().join("tincan.db-journal"), [0xd9; 600]).unwrap();
    reopened(&dir);
    assert!(!dir.path().join("tincan.db-journal").exists());
    assert_eq!(reopened(&dir), Contents::default());
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_makes_opening_panic_or_fail(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        static WHOLE: LazyLock<Vec<u8>> =
            LazyLock::new(|| fs::read(filled().0.path().join(NAME)).unwrap());
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = WHOLE.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(dir.path().join(NAME), &bytes).unwrap();
        match Database::open(dir.path()) {
            Ok((_, contents)) => prop_assert!(contents.history.len() <= 200),
            // The number of the version was hit.
            Err(StoreError::NewerVersion { .. }) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
