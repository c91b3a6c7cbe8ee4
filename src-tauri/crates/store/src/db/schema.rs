//! The tables, and how those of older versions become today's.

use std::path::Path;

use rusqlite::Connection;

use super::fault::Fault;
use super::transact;
use crate::error::StoreError;

/// Each step makes of a database of its number one of the next. `user_version` counts the steps
/// that were taken, in the transaction of the step itself. Steps that were released never change.
const STEPS: &[&str] = &[
    // Numbers are those of Unix milliseconds or 0 and 1. A setting is the JSON value that the page
    // knows; texts of people and calls are as they are shown.
    "CREATE TABLE settings (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        value TEXT NOT NULL
    ) STRICT;
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL,
        name TEXT NOT NULL,
        relay TEXT,
        at INTEGER NOT NULL,
        outgoing INTEGER NOT NULL,
        reason TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        lasted_ms INTEGER
    ) STRICT;
    CREATE TABLE people (
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        their_name TEXT NOT NULL,
        contact INTEGER NOT NULL,
        blocked INTEGER NOT NULL,
        pinned_at INTEGER,
        pinned_how TEXT
    ) STRICT;",
    // The places of a person stand in one text, `IP:PORT` and a space between two.
    "CREATE TABLE whereabouts (
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL UNIQUE,
        places TEXT NOT NULL
    ) STRICT;",
    // How good a call was: JSON, as the page knows it.
    "ALTER TABLE calls ADD COLUMN record TEXT;",
    // What was said in text, in calls (by their ids) with the person of the address.
    "CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        address TEXT NOT NULL,
        call TEXT NOT NULL,
        ours INTEGER NOT NULL,
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        text TEXT NOT NULL,
        state TEXT NOT NULL,
        UNIQUE (address, call, ours, number)
    ) STRICT;",
];

/// Says that a database is ours ("Tinc"), for whoever finds the file (`file`, and [`check`]).
const APPLICATION: i32 = i32::from_be_bytes(*b"Tinc");

/// Refuses a file whose pages do not fit each other, or that another program's database is.
pub(super) fn check(connection: &Connection) -> rusqlite::Result<()> {
    let said: String =
        connection.pragma_query_value(None, "quick_check", |row| row.get::<_, String>(0))?;
    if said != "ok" {
        return Err(corrupt(said));
    }
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let is_new = application == 0 && version(connection)? == 0;
    if application != APPLICATION && !is_new {
        return Err(corrupt("it is another program's".to_owned()));
    }
    Ok(())
}

/// Brings a database to the newest schema.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Fault> {
    take(connection, path, STEPS)
}

fn take(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), Fault> {
    let failed = |error: rusqlite::Error| Fault::new("bring up to date", path, &error);
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let found = version(connection).map_err(failed)?;
    if found > known {
        let path = path.to_path_buf();
        return Err(Fault::Refused(StoreError::NewerVersion {
            path,
            found,
            known,
        }));
    }
    for (number, step) in (1..=known).zip(steps).skip(found as usize) {
        let taken = transact(connection, |transaction| {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", number)
        });
        taken.map_err(failed)?;
    }
    Ok(())
}

/// Of which version a database is; 0 for an empty one. A number that no version has is beyond all.
fn version(connection: &Connection) -> rusqlite::Result<u32> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

fn corrupt(why: String) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    rusqlite::Error::SqliteFailure(code, Some(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;";

    fn taken(connection: &mut Connection, steps: &[&str]) -> Result<u32, Fault> {
        take(connection, Path::new("tincan.db"), steps)?;
        Ok(version(connection).unwrap())
    }

    fn y(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT y FROM a", [], |row| row.get(0))
    }

    #[test]
    fn a_database_takes_the_steps_that_it_lacks_and_no_others() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(taken(&mut connection, &[FIRST]).unwrap(), 1);
        assert_eq!(taken(&mut connection, &[FIRST, SECOND]).unwrap(), 2);
        assert_eq!(taken(&mut connection, &[FIRST, SECOND]).unwrap(), 2);
        assert_eq!(y(&connection), Ok(2));
    }

    #[test]
    fn a_step_that_fails_leaves_the_database_as_it_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = "ALTER TABLE a ADD COLUMN y INTEGER; INSERT INTO b VALUES (1);";
        let fault = taken(&mut connection, &[FIRST, broken]).unwrap_err();
        assert!(matches!(fault, Fault::Damaged(_)), "{fault:?}");
        assert_eq!(version(&connection), Ok(1));
        assert!(y(&connection).is_err(), "half of the step stayed");
        assert_eq!(taken(&mut connection, &[FIRST, SECOND]).unwrap(), 2);
    }

    #[test]
    fn a_newer_database_is_refused_whatever_number_it_has() {
        for newer in [2, i32::MAX, -1] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection
                .pragma_update(None, "user_version", newer)
                .unwrap();
            let fault = taken(&mut connection, &[FIRST]).unwrap_err();
            let newer_version = matches!(
                fault,
                Fault::Refused(StoreError::NewerVersion { known: 1, .. })
            );
            assert!(newer_version, "{newer}: {fault:?}");
        }
    }
}
