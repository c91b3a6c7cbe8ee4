//! The file of the key that this installation is: 32 secret bytes, written once.

use std::path::Path;

use identity::{Identity, KeyError};

use crate::error::StoreError;
use crate::file;

const NAME: &str = "identity.key";

/// Reads the key, or makes one when there is none.
pub(crate) fn load_or_make(dir: &Path) -> Result<Identity, StoreError> {
    let path = dir.join(NAME);
    if let Some(bytes) = file::read(&path)? {
        return match Identity::from_bytes(&bytes) {
            Ok(identity) => {
                hide(&path);
                Ok(identity)
            }
            Err(KeyError::Guessable) => {
                let kept = file::move_aside(&path)?;
                Err(StoreError::GuessableIdentity { path, kept })
            }
            Err(KeyError::Length { .. }) => Err(StoreError::BadIdentity(path)),
        };
    }
    let identity = Identity::generate()?;
    file::write_new(&path, identity.seed())?;
    tracing::info!("a new identity was made");
    Ok(identity)
}

/// A copy or a backup may have opened it to others.
#[cfg(unix)]
fn hide(path: &Path) {
    use std::fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    let open = metadata(path).is_ok_and(|it| it.permissions().mode() & 0o077 != 0);
    if open && let Err(error) = set_permissions(path, Permissions::from_mode(0o600)) {
        tracing::warn!(%error, "others can read the identity key");
    }
}

/// Elsewhere the user's own directory is closed to others.
#[cfg(not(unix))]
fn hide(_path: &Path) {}
