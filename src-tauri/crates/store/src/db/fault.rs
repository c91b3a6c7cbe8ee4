//! What SQLite's errors mean here: the file is damaged, or the disk does not do what it should.

use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::StoreError;

/// Why a database cannot be used.
#[derive(Debug)]
pub(crate) enum Fault {
    /// What is in the file makes no sense; the text says what.
    Damaged(String),
    /// Anything else: the file may be as good as ever.
    Refused(StoreError),
}

impl Fault {
    /// Judges what SQLite says. Its texts name tables and columns, never what is in them.
    pub(crate) fn new(what: &'static str, path: &Path, error: &rusqlite::Error) -> Self {
        let kind = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
            Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
            Some(ErrorCode::PermissionDenied) => io::ErrorKind::PermissionDenied,
            Some(ErrorCode::OutOfMemory) => io::ErrorKind::OutOfMemory,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                io::ErrorKind::ResourceBusy
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::SystemIoFailure
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::NoLargeFileSupport,
            ) => io::ErrorKind::Other,
            // No such table, no such column, a constraint or a type that does not hold, pages that
            // do not fit each other: none of that is the disk's fault.
            Some(_) | None => return Self::Damaged(error.to_string()),
        };
        let error = io::Error::new(kind, error.to_string());
        Self::Refused(StoreError::io(what, path, error))
    }

    /// The same where nothing can be done about a damaged file.
    pub(crate) fn into_error(self, path: &Path) -> StoreError {
        match self {
            Self::Damaged(why) => StoreError::io("use", path, io::Error::other(why)),
            Self::Refused(error) => error,
        }
    }
}
