//! The file of the key: 32 secret bytes, for this user's eyes only.

use std::path::{Path, PathBuf};

use identity::{Identity, KeyError};

use crate::error::StoreError;
use crate::file;

/// Where the key is in a directory, if it is in a file.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join("identity.key")
}

/// Reads the key; none when there is no file.
pub(crate) fn load(dir: &Path) -> Result<Option<Identity>, StoreError> {
    let path = path(dir);
    let Some(bytes) = file::read(&path)?.map(zeroize::Zeroizing::new) else {
        return Ok(None);
    };
    match Identity::from_bytes(&bytes) {
        Ok(identity) => {
            file::hide(&path);
            Ok(Some(identity))
        }
        Err(KeyError::Guessable) => {
            let kept = file::move_aside(&path, "broken")?;
            Err(StoreError::GuessableIdentity { path, kept })
        }
        Err(KeyError::Length { .. }) => Err(StoreError::BadIdentity(path)),
    }
}

/// Writes the key where none is. What another program wrote in the meantime stays.
pub(crate) fn write_new(dir: &Path, identity: &Identity) -> Result<(), StoreError> {
    file::write_new(&path(dir), identity.seed())
}

/// Puts the key in the place of the one that is there, which is kept aside.
pub(crate) fn replace(dir: &Path, identity: &Identity) -> Result<(), StoreError> {
    let path = path(dir);
    if path.exists() {
        let kept = file::keep_aside(&path, "replaced")?;
        file::hide(&kept);
        tracing::warn!(kept = %kept.display(), "the identity key was replaced, the old one is kept");
    }
    file::replace(&path, identity.seed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_key_is_never_overwritten_by_a_later_one() {
        let dir = tempfile::tempdir().unwrap();
        let keys: Vec<_> = (0..30).map(|_| Identity::generate().unwrap()).collect();
        write_new(dir.path(), &keys[0]).unwrap();
        let replaced = keys[1..]
            .iter()
            .take_while(|key| replace(dir.path(), key).is_ok())
            .count();
        assert!(replaced < 29, "there is an end to what is kept");
        let kept: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect();
        // Each key that was in use is still there, the last of them in its place.
        for key in &keys[..=replaced] {
            assert!(kept.iter().any(|bytes| bytes == key.seed()));
        }
        let now = load(dir.path()).unwrap().unwrap();
        assert_eq!(now.address(), keys[replaced].address());
    }
}
