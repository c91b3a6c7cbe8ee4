//! One directory and what is in it.

mod contacts;
mod remembered;
mod texts;
mod transfer;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use identity::Identity;

pub use self::remembered::Remembered;
pub use self::transfer::Imported;
use crate::db::{
    Contents, Database, write_history, write_people, write_settings, write_whereabouts,
};
use crate::error::StoreError;
use crate::history::{self, HistoryEntry};
use crate::key::{self, Key, Keychain};
use crate::lock::Lock;
use crate::people::KnownPeople;
use crate::person::{self, KeyPlace};
use crate::settings::Settings;
use crate::{file, legacy};

/// What an installation remembers. Holds its directory until dropped.
pub struct Store {
    dir: PathBuf,
    keychain: Keychain,
    key: Key,
    database: Database,
    contents: Contents,
    known: KnownPeople,
    /// When the history was written last.
    written: Option<Instant>,
    /// Whether the history has calls that are not in the database yet.
    unwritten: bool,
    /// Addresses of people whose own name the database does not have yet; each is of a person in
    /// `contents`.
    renamed: Vec<String>,
    /// Whether the database does not have the texts that are in `contents`.
    texts_unwritten: bool,
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
    /// [`Store::open_with`] without the system's keychain: a key that is made goes into a file.
    ///
    /// # Errors
    /// As of [`Store::open_with`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, Keychain::Unused)
    }

    /// Opens a directory, making it and a new identity when there is none. A database that is
    /// damaged is kept aside as `.broken`, and so are files of earlier versions that cannot be read;
    /// what can be saved of them is used.
    ///
    /// Waits for the keychain a few seconds at most.
    ///
    /// # Errors
    /// When another program holds the directory, when the key is out of reach or is no key, when a
    /// newer version of the program was here, or when the disk fails.
    pub fn open_with(dir: &Path, keychain: Keychain) -> Result<Self, StoreError> {
        file::make_dir(dir)?;
        let lock = Lock::take(dir)?;
        let key = key::load_or_make(dir, keychain)?;
        let (database, contents) = open_database(dir)?;
        Ok(Self::new(dir, keychain, key, database, contents, lock))
    }

    fn new(
        dir: &Path,
        keychain: Keychain,
        key: Key,
        database: Database,
        contents: Contents,
        lock: Lock,
    ) -> Self {
        let mut store = Self {
            dir: dir.to_path_buf(),
            keychain,
            key,
            database,
            contents,
            known: KnownPeople::default(),
            written: None,
            unwritten: false,
            renamed: Vec::new(),
            texts_unwritten: false,
            _lock: lock,
        };
        store.learn();
        let whereabouts = std::mem::take(&mut store.contents.whereabouts);
        store.known.locate(whereabouts);
        store.settle_texts();
        store
    }

    /// Who this installation is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.key.identity.clone()
    }

    /// Where the secret key is kept.
    #[must_use]
    pub const fn key_place(&self) -> KeyPlace {
        self.key.place
    }

    /// What the user set.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.contents.settings.clone()
    }

    /// Takes over other settings, within their limits, and keeps them.
    ///
    /// # Errors
    /// When they cannot be written; they hold until the program ends.
    pub fn set_settings(&mut self, settings: Settings) -> Result<(), StoreError> {
        self.contents.settings = settings.validated();
        let settings = &self.contents.settings;
        self.database
            .change(|transaction| write_settings(transaction, settings))
    }

    /// Past calls, oldest first, at most 200.
    #[must_use]
    pub fn history(&self) -> &[HistoryEntry] {
        &self.contents.history
    }

    /// Whom the user saved, called, accepted or blocked, now and after every change.
    #[must_use]
    pub fn known_people(&self) -> KnownPeople {
        self.known.clone()
    }

    /// Remembers a call that is over, and what somebody who is saved called themselves in it.
    ///
    /// A call that the user made or accepted is written at once. Strangers can ring as often as
    /// they like, so calls that nobody answered are written every [`Store::PAUSE`] at most: until
    /// then, or until [`Store::flush`], only this program remembers them.
    ///
    /// # Errors
    /// When it cannot be written; it is remembered, and [`Store::flush`] tries again.
    pub fn add(&mut self, entry: HistoryEntry) -> Result<(), StoreError> {
        let may_wait = entry.is_unanswered();
        self.learn_name(&entry);
        let before = self.contents.history.clone();
        history::add(&mut self.contents.history, entry);
        self.learn();
        self.forget_texts_of_forgotten(&before);
        let is_soon = self.written.is_some_and(|it| it.elapsed() < Self::PAUSE);
        self.unwritten = true;
        if may_wait && is_soon {
            return Ok(());
        }
        self.flush()
    }

    /// The shortest time between two writes of the history because of calls that nobody answered.
    pub const PAUSE: Duration = Duration::from_secs(5);

    /// Whether [`Store::flush`] has something to write.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.unwritten || self.texts_unwritten || self.known.has_moved()
    }

    /// Writes what is remembered but not written yet. Dropping a store does it too.
    ///
    /// # Errors
    /// When it cannot be written; it stays unwritten, for the disk may have room later.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if self.unwritten {
            self.write_calls()?;
        }
        if self.texts_unwritten {
            self.write_all_texts()?;
        }
        self.write_places()
    }

    fn write_calls(&mut self) -> Result<(), StoreError> {
        self.written = Some(Instant::now());
        let (contents, renamed) = (&self.contents, &self.renamed);
        let people = contents.people.iter();
        let people = people.filter(|it| renamed.contains(&it.address));
        self.database.change(|transaction| {
            write_history(transaction, &contents.history)?;
            write_people(transaction, people)
        })?;
        self.unwritten = false;
        self.renamed.clear();
        Ok(())
    }

    /// Forgets all past calls and what was said in them in text, and with them whom the user only
    /// called or accepted, and where those were. People whom the user saved or blocked stay.
    ///
    /// # Errors
    /// When it cannot be written, then they are back with the next start; or when what an earlier
    /// version had written cannot be removed.
    pub fn clear_history(&mut self) -> Result<(), StoreError> {
        self.contents.history.clear();
        self.learn();
        self.unwritten = true;
        self.contents.texts.clear();
        self.texts_unwritten = true;
        self.flush()?;
        self.known.forget_strangers();
        self.write_places()?;
        legacy::forget_calls(&self.dir)
    }

    /// Writes where people were met, if that is new.
    fn write_places(&mut self) -> Result<(), StoreError> {
        let Some(whereabouts) = self.known.take_moved() else {
            return Ok(());
        };
        self.database
            .change(|transaction| write_whereabouts(transaction, &whereabouts))
            .inspect_err(|_| self.known.set_moved())
    }

    /// Brings what is derived up to date.
    fn learn(&mut self) {
        person::sort(&mut self.contents.people);
        self.known.learn(&self.contents.history);
        self.known.save(&self.contents.people);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "the last calls are forgotten");
        }
    }
}

/// The database, with what earlier versions left in files.
fn open_database(dir: &Path) -> Result<(Database, Contents), StoreError> {
    let (mut database, mut contents) = Database::open(dir)?;
    legacy::import(dir, &mut database, &mut contents)?;
    Ok((database, contents))
}

#[cfg(test)]
mod tests;
