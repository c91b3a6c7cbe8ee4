//! The database: one file, `tincan.db`, with settings, calls, what was said in them in text,
//! people and where they were met.
//!
//! One transaction a change, with a rollback journal and `synchronous = EXTRA`: when a write has
//! returned it lasts, also when the power fails (the disk's entry of the deleted journal is written
//! through), and a crash at any point leaves the state before or after it. A write-ahead log would
//! cost fewer `fsync`s, but keeps two more files beside and needs shared memory, and calls end a few
//! times an hour. What is deleted is overwritten with zeros. Everything that is read is checked as
//! if somebody else had written it: it is a file in a user's home. A file that is damaged is kept
//! aside, and what can be read of it starts a new one.

mod fault;
mod recovery;
mod schema;
mod tables;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use self::fault::Fault;
use crate::error::StoreError;
use crate::file;
use crate::history::HistoryEntry;
use crate::person::Person;
use crate::settings::Settings;
use crate::texts::KeptText;
use crate::whereabouts::Whereabouts;

pub(crate) use self::tables::{
    change_texts, write_history, write_people, write_settings, write_texts, write_whereabouts,
};

/// The open database.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Connection,
}

/// All that a database remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) settings: Settings,
    /// Oldest first.
    pub(crate) history: Vec<HistoryEntry>,
    pub(crate) people: Vec<Person>,
    /// Who was met last is last. While a store is open, its [`KnownPeople`](crate::KnownPeople) have
    /// them.
    pub(crate) whereabouts: Vec<Whereabouts>,
    /// Oldest first.
    pub(crate) texts: Vec<KeptText>,
}

impl Database {
    /// Opens the database of a directory, making it when there is none.
    ///
    /// # Errors
    /// When a newer version wrote it, or the disk fails. One that is damaged is kept aside.
    pub(crate) fn open(dir: &Path) -> Result<(Self, Contents), StoreError> {
        let path = dir.join(NAME);
        for path in [&path, &journal(&path)] {
            file::refuse_unless_file(path)?;
        }
        file::make_private(&path)?;
        let why = match Self::open_at(&path) {
            Ok(opened) => return Ok(opened),
            Err(Fault::Damaged(why)) => why,
            Err(Fault::Refused(error)) => return Err(error),
        };
        recovery::renew(&path, &why)?;
        Self::open_at(&path).map_err(|fault| fault.into_error(&path))
    }

    /// Opens a file that is there.
    fn open_at(path: &Path) -> Result<(Self, Contents), Fault> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| Fault::new("open", path, &error))?;
        let reading = |error: rusqlite::Error| Fault::new("read", path, &error);
        schema::check(&connection).map_err(reading)?;
        schema::migrate(&mut connection, path)?;
        let (contents, whole) = tables::read(&connection);
        whole.map_err(|trouble| trouble.into_fault(path))?;
        let path = path.to_path_buf();
        Ok((Self { path, connection }, contents))
    }

    /// What the database of a directory holds, without changing or keeping it: another program may
    /// have it open, and has brought it to the newest schema then.
    ///
    /// # Errors
    /// When there is none, or it cannot be read in full.
    pub(crate) fn look(dir: &Path) -> Result<Contents, StoreError> {
        let path = dir.join(NAME);
        file::refuse_unless_file(&path)?;
        let reading = |error: rusqlite::Error| Fault::new("read", &path, &error);
        let look = || {
            let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(reading)?;
            // One moment of it, whatever its owner writes meanwhile.
            connection.execute_batch("BEGIN").map_err(reading)?;
            schema::check(&connection).map_err(reading)?;
            let (contents, whole) = tables::read(&connection);
            whole.map_err(|trouble| trouble.into_fault(&path))?;
            Ok(contents)
        };
        look().map_err(|fault: Fault| fault.into_error(&path))
    }

    /// Makes one change: all of it or nothing, and for good when this returns.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        transact(&mut self.connection, change)
            .map_err(|error| Fault::new("write", &self.path, &error).into_error(&self.path))
    }

    /// As on a disk that has room for so many pages.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        self.connection
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .unwrap();
    }
}

/// All of a change, or nothing of it.
fn transact(
    connection: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    change(&transaction)?;
    transaction.commit()
}

/// Opens a connection that believes nothing of what the file says about itself. We have neither
/// views nor triggers: what somebody else put there may be a query that never ends, or a formula that
/// makes gigabytes of a few bytes.
fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // One thread at a time has the connection.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    Ok(connection)
}

/// Where SQLite keeps the way back of a change that is being made.
fn journal(path: &Path) -> PathBuf {
    file::with_suffix(path, "-journal")
}

const NAME: &str = "tincan.db";

/// The largest value or row that SQLite makes or reads for us: far more than any of ours, the texts
/// of a schema included.
const MAX_VALUE_BYTES: i32 = 1024 * 1024;

/// How long a tool that reads the file may hold a write up; it is tried again later.
const PATIENCE: Duration = Duration::from_secs(1);
