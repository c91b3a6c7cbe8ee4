//! What is written down of where the key is kept, so that no trouble with one place leads to a new
//! key in another.

use std::path::{Path, PathBuf};

use identity::Address;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::file;

/// Where the key of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// In the system's keychain, as the secret of this address.
    Keychain(Address),
    /// In the file beside.
    File,
}

/// As it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "camelCase")]
enum Written {
    Keychain { address: String },
    File,
}

/// Where the record is in a directory.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("key.place")
}

/// Reads the record; none when there is none yet.
pub(crate) fn load(dir: &Path) -> Result<Option<Record>, StoreError> {
    let path = path(dir);
    let Some(bytes) = file::read(&path)? else {
        return Ok(None);
    };
    match serde_json::from_slice(&bytes) {
        Ok(Written::File) => Ok(Some(Record::File)),
        Ok(Written::Keychain { address }) => match address.parse() {
            Ok(address) => Ok(Some(Record::Keychain(address))),
            Err(_) => Err(StoreError::BadKeyPlace(path)),
        },
        Err(_) => Err(StoreError::BadKeyPlace(path)),
    }
}

/// Writes the record, in the place of what is there.
pub(crate) fn write(dir: &Path, record: Record) -> Result<(), StoreError> {
    let path = path(dir);
    let written = match record {
        Record::Keychain(address) => Written::Keychain {
            address: address.to_string(),
        },
        Record::File => Written::File,
    };
    let text = serde_json::to_vec(&written)
        .map_err(|error| StoreError::io("describe", &path, error.into()))?;
    file::replace(&path, &text)
}
