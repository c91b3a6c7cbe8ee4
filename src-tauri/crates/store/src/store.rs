//! One directory and what is in it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use identity::{Address, Identity};
use serde::Serialize;

use crate::error::StoreError;
use crate::file;
use crate::history::{self, HistoryEntry};
use crate::lock::Lock;
use crate::people::KnownPeople;
use crate::person::{KeyPlace, Person};
use crate::seed;
use crate::settings::Settings;

/// What an installation remembers. Holds its directory until dropped.
pub struct Store {
    dir: PathBuf,
    identity: Identity,
    settings: Settings,
    history: Vec<HistoryEntry>,
    known: KnownPeople,
    people: Vec<Person>,
    /// When the history was written last.
    written: Option<Instant>,
    /// Whether the history has calls that are not in its file yet.
    unwritten: bool,
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
        let known = KnownPeople::default();
        known.learn(&history);
        Ok(Self {
            dir: dir.to_path_buf(),
            identity,
            settings,
            history,
            known,
            people: Vec::new(),
            written: None,
            unwritten: false,
            _lock: lock,
        })
    }

    /// Who this installation is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity.clone()
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

    /// Whom the user called or accepted, now and after every change of the history.
    #[must_use]
    pub fn known_people(&self) -> KnownPeople {
        self.known.clone()
    }

    /// Remembers a call that is over.
    ///
    /// A call that the user made or accepted is written at once. Strangers can ring as often as
    /// they like, so calls that nobody answered are written every [`Store::PAUSE`] at most: until
    /// then, or until [`Store::flush`], only this program remembers them.
    ///
    /// # Errors
    /// When it cannot be written; it is remembered, and [`Store::flush`] tries again.
    pub fn add(&mut self, entry: HistoryEntry) -> Result<(), StoreError> {
        let may_wait = entry.is_unanswered();
        history::add(&mut self.history, entry);
        self.known.learn(&self.history);
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
    pub const fn is_unwritten(&self) -> bool {
        self.unwritten
    }

    /// Writes what is remembered but not written yet. Dropping a store does it too.
    ///
    /// # Errors
    /// When it cannot be written; it stays unwritten, for the disk may have room later.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if !self.unwritten {
            return Ok(());
        }
        self.written = Some(Instant::now());
        file::write_json(&self.dir.join(HISTORY), &self.history)?;
        self.unwritten = false;
        Ok(())
    }

    /// Everybody whom the user saved, pinned or blocked, by name.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Makes somebody a contact under this name, or renames one. An empty name stands for what they
    /// call themselves.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub fn save_contact(&mut self, address: &Address, name: &str) -> Result<(), StoreError> {
        self.change_person(address, |it| {
            name.clone_into(&mut it.name);
            it.contact = true;
        })
    }

    /// Makes somebody no contact any more; the pin goes too.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub fn delete_contact(&mut self, address: &Address) -> Result<(), StoreError> {
        self.change_person(address, |it| {
            it.contact = false;
            it.pinned_at = None;
        })
    }

    /// Lets somebody ring here no more, or again.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub fn set_blocked(&mut self, address: &Address, blocked: bool) -> Result<(), StoreError> {
        self.change_person(address, |it| it.blocked = blocked)
    }

    /// The user found the same words on both sides at this moment, milliseconds since 1970 (UTC):
    /// makes somebody a contact that is marked so.
    ///
    /// # Errors
    /// When it cannot be written; nothing has changed then.
    pub fn pin(&mut self, address: &Address, at: u64) -> Result<(), StoreError> {
        self.change_person(address, |it| {
            it.contact = true;
            it.pinned_at = Some(at);
        })
    }

    /// Where the secret key is kept.
    #[must_use]
    pub const fn key_place(&self) -> KeyPlace {
        KeyPlace::File
    }

    fn change_person(
        &mut self,
        address: &Address,
        change: impl FnOnce(&mut Person),
    ) -> Result<(), StoreError> {
        let address = address.to_string();
        let at = self.people.iter().position(|it| it.address == address);
        let at = at.unwrap_or_else(|| {
            self.people.push(Person {
                address,
                name: String::new(),
                their_name: String::new(),
                contact: false,
                blocked: false,
                pinned_at: None,
            });
            self.people.len() - 1
        });
        change(&mut self.people[at]);
        self.known.save(&self.people);
        Ok(())
    }

    /// Forgets all past calls, and with them whom the user knows.
    ///
    /// # Errors
    /// When the file cannot be written; then they are back with the next start.
    pub fn clear_history(&mut self) -> Result<(), StoreError> {
        self.history.clear();
        self.known.learn(&self.history);
        self.unwritten = true;
        self.flush()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "the last calls are forgotten");
        }
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
    let (text, trouble) = match file::text(&bytes) {
        Ok(text) => (text, None),
        Err(why) => (&[][..], Some(why)),
    };
    let (value, whole) = salvage(text);
    let trouble = trouble.or((!whole).then_some("it cannot be understood in full"));
    if let Some(why) = trouble {
        file::keep_aside(path, why)?;
        file::write_json(path, &value)?;
    }
    Ok(Some(value))
}

const SETTINGS: &str = "settings.json";
const HISTORY: &str = "history.json";

#[cfg(test)]
mod tests;
