//! Export and import: a move to another computer.

use std::path::Path;

use super::{Store, open_database};
use crate::db::{Contents, Database, write_history, write_people, write_settings, write_texts};
use crate::error::{StoreError, TransferError};
use crate::file;
use crate::key::{self, Keychain};
use crate::lock::Lock;
use crate::transfer::{self, Carried, Merged};

/// What an import changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Whether this installation is somebody else now. What runs with the former identity has to
    /// start anew.
    pub identity_changed: bool,
    /// How many people came who were not remembered before.
    pub people: usize,
    /// How many did not come for lack of room.
    pub people_left_out: usize,
    /// How many calls came that were not remembered before.
    pub calls: usize,
}

impl Store {
    /// Bytes of the largest export that an import takes, whoever wrote it; ours are less than half
    /// as long.
    pub const MAX_EXPORT_BYTES: usize = transfer::MAX_BYTES;

    /// Identity, settings, contacts, history and texts, as bytes that only this passphrase opens. Whoever
    /// has both can be this installation. Uses 64 MiB of memory while it works.
    ///
    /// # Errors
    /// When the passphrase is too short, or memory or random bytes are lacking.
    pub fn export(&self, passphrase: &str) -> Result<Vec<u8>, StoreError> {
        transfer::seal(&self.key.identity, &self.contents, passphrase)
    }

    /// Takes over what another installation exported: its identity, which replaces ours only when
    /// `replace` says so, and with it what it remembers, joined with what is here. Our former key is
    /// kept aside. The bytes may be anybody's.
    ///
    /// # Errors
    /// When these bytes are no export or the passphrase is not theirs, when there is another
    /// identity and `replace` does not say so, or when it cannot be written. The identity changes
    /// last: after an error it is the former one.
    pub fn import(
        &mut self,
        bytes: &[u8],
        passphrase: &str,
        replace: bool,
    ) -> Result<Imported, StoreError> {
        let carried = transfer::open(bytes, passphrase)?;
        let identity_changed = carried.identity.address() != self.key.identity.address();
        if identity_changed && !replace {
            return Err(TransferError::OtherIdentity.into());
        }
        let merged = take_over(&mut self.database, &mut self.contents, carried.contents)?;
        self.unwritten = false;
        self.texts_unwritten = false;
        self.renamed.clear();
        self.learn();
        if identity_changed {
            self.key = key::replace(&self.dir, carried.identity, self.keychain)?;
        }
        Ok(imported(identity_changed, merged))
    }

    /// [`Store::import`] into a directory that is not open, and opens it. Where there is no identity
    /// yet, none is made; where there is one that is out of reach, `replace` helps.
    ///
    /// # Errors
    /// As of [`Store::import`] and [`Store::open_with`].
    pub fn open_with_import(
        dir: &Path,
        keychain: Keychain,
        bytes: &[u8],
        passphrase: &str,
        replace: bool,
    ) -> Result<(Self, Imported), StoreError> {
        let Carried { identity, contents } = transfer::open(bytes, passphrase)?;
        file::make_dir(dir)?;
        let lock = Lock::take(dir)?;
        let ours = match key::load(dir) {
            Ok(key) => key,
            Err(error) if !replace => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the former identity is replaced, though out of reach");
                None
            }
        };
        let ours = ours.filter(|it| it.identity.address() == identity.address());
        let identity_changed = ours.is_none();
        if identity_changed && !replace && key::exists(dir)? {
            return Err(TransferError::OtherIdentity.into());
        }
        let (mut database, mut here) = open_database(dir)?;
        let merged = take_over(&mut database, &mut here, contents)?;
        let key = match ours {
            Some(key) => key,
            None => key::replace(dir, identity, keychain)?,
        };
        let store = Self::new(dir, keychain, key, database, here, lock);
        Ok((store, imported(identity_changed, merged)))
    }
}

/// Joins what was carried with what is here, on the disk and then in memory.
fn take_over(
    database: &mut Database,
    here: &mut Contents,
    carried: Contents,
) -> Result<Merged, StoreError> {
    let mut joined = here.clone();
    let merged = transfer::merge(&mut joined, carried);
    database.change(|transaction| {
        write_settings(transaction, &joined.settings)?;
        write_history(transaction, &joined.history)?;
        write_people(transaction, &joined.people)?;
        write_texts(transaction, &joined.texts)
    })?;
    *here = joined;
    Ok(merged)
}

fn imported(identity_changed: bool, merged: Merged) -> Imported {
    Imported {
        identity_changed,
        people: merged.people,
        people_left_out: merged.left_out,
        calls: merged.calls,
    }
}
