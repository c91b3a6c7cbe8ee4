//! A look into a directory, which leaves it to whoever holds it.

use std::path::Path;

use identity::Identity;

use super::Store;
use crate::db::Database;
use crate::error::StoreError;
use crate::key::{self, Keychain};
use crate::people::KnownPeople;
use crate::person::{self, Person};
use crate::settings::Settings;

/// What was remembered at one moment. Nothing of it is written back, and no lock is held.
#[derive(Debug)]
pub struct Remembered {
    /// Who the installation is.
    pub identity: Identity,
    /// What the user set.
    pub settings: Settings,
    /// Whom the user saved or blocked.
    pub people: Vec<Person>,
    /// The same and whom the user called or accepted, and where they were met.
    pub known: KnownPeople,
    /// Whether another program holds the directory.
    pub is_held: bool,
}

impl Remembered {
    /// Opens a directory as [`Store::open_with`] does, and lets go of it at once; while another
    /// program holds it, reads what is there.
    ///
    /// # Errors
    /// As of [`Store::open_with`], but for a directory in use; of such a one, when its database
    /// cannot be read in full.
    pub fn of(dir: &Path, keychain: Keychain) -> Result<Self, StoreError> {
        match Store::open_with(dir, keychain) {
            Ok(store) => Ok(Self {
                identity: store.identity(),
                settings: store.settings(),
                people: store.people().to_vec(),
                known: store.known_people(),
                is_held: false,
            }),
            Err(StoreError::InUse(dir)) => Self::beside_its_owner(&dir),
            Err(error) => Err(error),
        }
    }

    fn beside_its_owner(dir: &Path) -> Result<Self, StoreError> {
        // Whoever has just taken the lock of a new directory has not made its key yet.
        let key = key::load(dir)?.ok_or_else(|| StoreError::InUse(dir.to_path_buf()))?;
        let mut contents = Database::look(dir)?;
        person::sort(&mut contents.people);
        let known = KnownPeople::default();
        known.learn(&contents.history);
        known.save(&contents.people);
        known.locate(contents.whereabouts);
        Ok(Self {
            identity: key.identity,
            settings: contents.settings,
            people: contents.people,
            known,
            is_held: true,
        })
    }
}
