//! One directory and what is in it.

use std::path::{Path, PathBuf};

use identity::Identity;
use serde::Serialize;

use crate::error::StoreError;
use crate::file;
use crate::history::{self, HistoryEntry};
use crate::lock::Lock;
use crate::seed;
use crate::settings::Settings;

/// What an installation remembers. Holds its directory until dropped.
pub struct Store {
    dir: PathBuf,
    identity: Identity,
    settings: Settings,
    history: Vec<HistoryEntry>,
    _lock: Lock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a directory, making it and a new identity when there is none. Settings and history
    /// that cannot be read are kept aside as `.broken`; what can be saved of them is used.
    ///
    /// # Errors
    /// When another program holds the directory, when the file of the key is no key, or when the
    /// disk fails.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        file::make_dir(dir)?;
        let lock = Lock::take(dir)?;
        let identity = seed::load_or_make(dir)?;
        let settings = load(&dir.join(SETTINGS), Settings::salvage)?.unwrap_or_default();
        let history = load(&dir.join(HISTORY), history::salvage)?.unwrap_or_default();
        Ok(Self {
            dir: dir.to_path_buf(),
            identity,
            settings,
            history,
            _lock: lock,
        })
    }

    /// Who this installation is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::from_seed(self.identity.seed())
    }

    /// What the user set.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// Takes over other settings, within their limits, and keeps them.
    ///
    /// # Errors
    /// When they cannot be written; they hold until the program ends.
    pub fn set_settings(&mut self, settings: Settings) -> Result<(), StoreError> {
        self.settings = settings.validated();
        file::write_json(&self.dir.join(SETTINGS), &self.settings)
    }

    /// Past calls, oldest first, at most 200.
    #[must_use]
    pub fn history(&self) -> &[HistoryEntry] {
        &self.history
    }

    /// Remembers a call that is over.
    ///
    /// # Errors
    /// When it cannot be written; it is remembered until the program ends.
    pub fn add(&mut self, entry: HistoryEntry) -> Result<(), StoreError> {
        history::add(&mut self.history, entry);
        file::write_json(&self.dir.join(HISTORY), &self.history)
    }

    /// Forgets all past calls.
    ///
    /// # Errors
    /// When the file cannot be written; then they are back with the next start.
    pub fn clear_history(&mut self) -> Result<(), StoreError> {
        self.history.clear();
        file::write_json(&self.dir.join(HISTORY), &self.history)
    }
}

/// Reads a file. When not all of it made sense, it is kept aside and what did takes its place.
fn load<T: Serialize>(
    path: &Path,
    salvage: fn(&[u8]) -> (T, bool),
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = file::read(path)? else {
        return Ok(None);
    };
    let (value, whole) = salvage(&bytes);
    if !whole {
        file::keep_aside(path)?;
        file::write_json(path, &value)?;
    }
    Ok(Some(value))
}

const SETTINGS: &str = "settings.json";
const HISTORY: &str = "history.json";

#[cfg(test)]
mod tests;
