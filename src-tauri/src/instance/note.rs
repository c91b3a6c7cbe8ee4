//! The file that says where the first start listens, and the line that a second one sends there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// Where the first start listens. Whoever can read it may use the profile anyway.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// On 127.0.0.1.
    pub(super) port: u16,
    /// Shows that whoever knocks has read the file: other users of the machine have not.
    token: String,
    /// Of the first start.
    pub(super) process: u32,
}

/// What a second start says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Knock {
    token: String,
    /// The invite or address that it was started with.
    pub(super) link: Option<String>,
}

impl Note {
    /// A note about this process, with a fresh token.
    ///
    /// # Errors
    /// When the system has no randomness left.
    pub(super) fn new(port: u16) -> io::Result<Self> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        Ok(Self {
            port,
            token: data_encoding::HEXLOWER.encode(&secret),
            process: std::process::id(),
        })
    }

    /// The note in `data`; `None` where there is none, or no whole one.
    pub(super) fn read(data: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path(data)).ok()?).ok()
    }

    /// Leaves the note in `data`, for this user alone and in one piece.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) fn write(&self, data: &Path) -> io::Result<()> {
        let new = path(data).with_extension("new");
        // Whatever a crash has left may have other rights.
        let _ = fs::remove_file(&new);
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        serde_json::to_writer(options.open(&new)?, self)?;
        fs::rename(new, path(data))
    }

    /// Takes the note away.
    pub(super) fn remove(data: &Path) {
        if let Err(error) = fs::remove_file(path(data)) {
            tracing::debug!(%error, "the note of this window stays");
        }
    }

    /// The line to send.
    pub(super) fn knock(&self, link: Option<&str>) -> Knock {
        Knock {
            token: self.token.clone(),
            link: link.map(str::to_owned),
        }
    }

    /// Whether `knock` comes from somebody who has read this note.
    pub(super) fn admits(&self, knock: &Knock) -> bool {
        self.token.as_bytes().ct_eq(knock.token.as_bytes()).into()
    }
}

/// The answer to a knock.
pub(super) const SHOWN: &str = "shown";

fn path(data: &Path) -> PathBuf {
    data.join("window.json")
}
