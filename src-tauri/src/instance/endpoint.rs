//! Where the first start listens, as a file of the profile says it, and what a second one sends there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use identity::Invite;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// Where the first start listens. Whoever can read it may use the profile anyway.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Endpoint {
    /// On 127.0.0.1.
    pub(super) port: u16,
    /// Proves that whoever connects has read the file: other users of the machine cannot.
    token: String,
    /// Of the first start.
    pub(super) process: u32,
}

/// What a second start sends, as one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    token: String,
    /// The invite or address that it was started with.
    pub(super) link: Option<String>,
}

impl Endpoint {
    /// This process, with a fresh token.
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

    /// What the file in `data` says; `None` where there is none, or no whole one.
    pub(super) fn read(data: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path(data)).ok()?).ok()
    }

    /// Writes the file in `data`, for this user alone and in one piece.
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

    /// Removes the file.
    pub(super) fn remove(data: &Path) {
        if let Err(error) = fs::remove_file(path(data)) {
            tracing::debug!(%error, "the file of this window's port stays");
        }
    }

    /// What to send there: of a link that is longer than any, the beginning, which the window shows
    /// as one that is not whole.
    pub(super) fn request(&self, link: Option<&str>) -> Request {
        let head = |link: &str| link[..link.floor_char_boundary(MAX_LINK)].to_owned();
        Request {
            token: self.token.clone(),
            link: link.map(head),
        }
    }

    /// Whether `request` comes from somebody who has read the file.
    pub(super) fn admits(&self, request: &Request) -> bool {
        self.token.as_bytes().ct_eq(request.token.as_bytes()).into()
    }
}

/// In bytes. Twice what an invite has, and with every byte escaped (`\u0000`) still less than the
/// first start reads.
pub(super) const MAX_LINK: usize = 2 * Invite::MAX_LENGTH;

/// Longer than any request.
pub(super) const MAX_REQUEST: u64 = 20 * 1024;

const _: () = assert!(MAX_LINK as u64 * 6 < MAX_REQUEST - 1024);

/// The answer to a request.
pub(super) const SHOWN: &str = "shown";

fn path(data: &Path) -> PathBuf {
    data.join("window.json")
}
