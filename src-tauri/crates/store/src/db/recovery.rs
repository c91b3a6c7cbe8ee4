//! What is done with a database that is damaged: it is kept aside as `tincan.db.broken`, and what
//! can be read of it starts a new one.

use std::path::Path;

use rusqlite::OpenFlags;

use super::fault::Fault;
use super::{Contents, Database, connect, journal, schema, tables};
use crate::error::StoreError;
use crate::file;

/// Puts a new database with what can be read of the old one in its place. The old one stays where
/// it is until the new one is on the disk in full, so whatever ends this half-way, the next start
/// begins again.
pub(super) fn renew(path: &Path, why: &str) -> Result<(), StoreError> {
    let saved = salvage(path);
    tracing::warn!(
        file = %path.display(), why, calls = saved.history.len(), people = saved.people.len(),
        "the database is damaged; what can be read of it starts a new one"
    );
    let new = file::with_suffix(path, ".new");
    make(&new, &saved)?;
    let kept = file::copy_aside(path, "broken")?;
    file::hide(&kept);
    let way_back = journal(path);
    if way_back.exists() {
        file::copy_aside(&way_back, "broken")?;
        // Beside the new database it would be taken for the new one's way back.
        file::remove(&way_back)?;
    }
    std::fs::rename(&new, path).map_err(|error| StoreError::io("replace", path, error))?;
    file::settle(path);
    tracing::warn!(kept = %kept.display(), "the damaged database is kept aside");
    Ok(())
}

/// What can be read.
fn salvage(path: &Path) -> Contents {
    match connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        Ok(connection) => tables::read(&connection).0,
        Err(_) => Contents::default(),
    }
}

/// Makes a database with these contents.
fn make(path: &Path, contents: &Contents) -> Result<(), StoreError> {
    file::remove(path)?;
    file::remove(&journal(path))?;
    file::make_private(path)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| Fault::new("open", path, &error).into_error(path))?;
    schema::migrate(&mut connection, path).map_err(|fault| fault.into_error(path))?;
    let path = path.to_path_buf();
    Database { path, connection }.change(|transaction| {
        tables::write_settings(transaction, &contents.settings)?;
        tables::write_history(transaction, &contents.history)?;
        tables::write_people(transaction, &contents.people)?;
        tables::write_whereabouts(transaction, &contents.whereabouts)?;
        tables::write_texts(transaction, &contents.texts)
    })
}
