//! What can go wrong with a directory.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::transfer::TransferError;

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
    /// The file that says where the key is kept says nothing that can be understood. No new key is
    /// made: the one that it names may still be there.
    #[error("{} does not say where the identity key is kept; put the right file there", .0.display())]
    BadKeyPlace(PathBuf),
    /// The key is kept in the system's keychain, which does not give it out now. Trying again helps
    /// once the user has unlocked or started it; an identity that is lost for good comes back by an
    /// import only.
    #[error(
        "the system's keychain keeps this identity's key and does not give it out: {why}; \
         unlock the keychain and try again"
    )]
    KeychainUnavailable {
        /// What the keychain says, or that it says nothing.
        why: String,
    },
    /// A newer version of this program wrote the database. It is left alone.
    #[error(
        "{} was written by a newer version of this program (schema {found}, this one knows {known}); \
         use that version",
        path.display()
    )]
    NewerVersion {
        /// The database.
        path: PathBuf,
        /// Number of its schema.
        found: u32,
        /// Number of the newest schema that this program knows.
        known: u32,
    },
    /// As many people are saved, or blocked, as can be. Nothing has changed; forgetting somebody
    /// makes room.
    #[error("no more than {limit} people can be {}", if *blocked { "blocked" } else { "saved" })]
    TooManyPeople {
        /// Whether it is the people that are blocked and not saved.
        blocked: bool,
        /// How many there can be.
        limit: usize,
    },
    /// An export or an import.
    #[error(transparent)]
    Transfer(#[from] TransferError),
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
