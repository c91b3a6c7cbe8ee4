//! What can go wrong with a directory.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why something cannot be remembered.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system names no directory for a user's data, or there is no home.
    #[error("this system has no place for user data")]
    NoPlace,
    /// A profile becomes part of a path.
    #[error("a profile is 1 to 32 letters, digits, '-' or '_'")]
    BadProfile,
    /// Another program holds the lock of the directory.
    #[error("{} is in use by another copy of this program", .0.display())]
    InUse(PathBuf),
    /// The file of the key is there but is no key. It is left alone: it may be all that is left.
    #[error("{} is not an identity key; put the right file there or move it away", .0.display())]
    BadIdentity(PathBuf),
    /// The file of the key held one that anybody could guess, as a disk leaves it that lost what
    /// was in a file. Nothing of it is worth keeping in its place, so it was moved aside.
    #[error(
        "{} held a key that anybody could guess, and was moved to {}; \
         put the right file there, or start again for a new address",
        path.display(), kept.display()
    )]
    GuessableIdentity {
        /// Where the key is read from.
        path: PathBuf,
        /// Where the file is now.
        kept: PathBuf,
    },
    /// The system gives no random bytes for a new key.
    #[error(transparent)]
    NoRandomness(#[from] identity::NoRandomness),
    /// The disk. What the system says is part of the text and no source beside it, so that a
    /// chain of causes tells it once.
    #[error("cannot {what} {}: {error}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl StoreError {
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>, error: io::Error) -> Self {
        Self::Io {
            what,
            path: path.into(),
            error,
        }
    }
}
