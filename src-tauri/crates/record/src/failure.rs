//! What a disk says, in the words of a recording.

use std::io::{Error, ErrorKind};

use media::backend::record::RecordError;
use shiguredo_mp4::mux::MuxError;
use thiserror::Error as ThisError;

/// Why a recording cannot go on; for the log.
#[derive(Debug, ThisError)]
pub(crate) enum Failure {
    /// Something is wrong with the disk.
    #[error("cannot {what}: {why}")]
    Disk {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        why: Error,
    },
    /// The folder, or a file in it, is not there any more.
    #[error("the folder is gone")]
    Gone,
    /// The library cannot put a fragment together.
    #[error("no file can be made of what was sent: {0}")]
    Format(#[from] MuxError),
}

impl Failure {
    /// For [`Result::map_err`].
    pub(crate) fn to(what: &'static str) -> impl Fn(Error) -> Self {
        move |why| Self::Disk { what, why }
    }

    /// What the person is told.
    pub(crate) fn told(&self) -> RecordError {
        let why = match self {
            Self::Disk { why, .. } => why,
            Self::Gone => return RecordError::FolderGone,
            Self::Format(_) => return RecordError::Disk,
        };
        match why.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                RecordError::DiskFull
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => RecordError::Refused,
            ErrorKind::NotFound | ErrorKind::NotADirectory => RecordError::FolderGone,
            _ => RecordError::Disk,
        }
    }
}
