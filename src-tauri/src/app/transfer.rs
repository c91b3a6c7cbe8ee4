//! A move to another computer: all that this installation is and remembers, into a file and back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use store::Store;
use tokio::task::spawn_blocking;

use super::App;
use crate::error::{ErrorCode, UiError};

impl App {
    /// Writes all that this installation is into a new file in `directory`, under a passphrase;
    /// says where the file is.
    pub(crate) async fn export_identity(
        &self,
        directory: PathBuf,
        passphrase: String,
    ) -> Result<PathBuf, UiError> {
        let export = self
            .keep(ErrorCode::NotExported, move |store| {
                store.export(&passphrase)
            })
            .await?;
        let written = spawn_blocking(move || write_new(&directory, &export)).await;
        match written {
            Ok(Ok(path)) => Ok(path),
            Ok(Err(error)) => Err(UiError::new(ErrorCode::NotExported, &error)),
            Err(error) => Err(UiError::internal(&error)),
        }
    }

    /// Takes over what an export holds, Base64 here, in place of this installation's identity. What
    /// runs still has the former one: the program must start anew. Not during a call.
    pub(crate) async fn import_identity(
        &self,
        file: &str,
        passphrase: String,
    ) -> Result<(), UiError> {
        if self.views.borrow().call.is_busy() {
            return Err(UiError::new(ErrorCode::AlreadyInCall, &"a call runs"));
        }
        if file.len() > MOST_LETTERS {
            return Err(UiError::new(
                ErrorCode::NotAnExport,
                &"the file is too long",
            ));
        }
        let export = BASE64.decode(file.as_bytes());
        let export = export.map_err(|error| UiError::new(ErrorCode::NotAnExport, &error))?;
        let _changing = self.changing.lock().await;
        let shell = self.shell.clone();
        let imported = self
            .keep(ErrorCode::NotImported, move |store| {
                let imported = store.import(&export, &passphrase, true)?;
                // A change that the page makes until the program ends is one of these settings, so
                // that those of the former identity are not written over them.
                let settings = store.settings();
                shell.send_modify(|shell| shell.settings = settings);
                Ok(imported)
            })
            .await?;
        tracing::info!(?imported, "an identity was imported");
        Ok(())
    }
}

/// Writes a file that was not there before and that only this user reads.
fn write_new(directory: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let (path, mut file) = create_new(directory)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half an export is none. When it cannot be removed either, the first failure says why.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

/// The first of `tincan.tincan-key`, `tincan-2.tincan-key` and so on that is not there yet.
fn create_new(directory: &Path) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 1..=MOST_FILES {
        let name = match number {
            1 => "tincan.tincan-key".to_owned(),
            number => format!("tincan-{number}.tincan-key"),
        };
        let path = directory.join(name);
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Nobody exports more often without clearing up.
const MOST_FILES: u32 = 100;

/// Letters of the largest export in Base64 (RFC 4648, section 4).
const MOST_LETTERS: usize = Store::MAX_EXPORT_BYTES.div_ceil(3) * 4;

#[cfg(test)]
mod tests {
    use store::TransferError;

    use super::*;

    #[test]
    fn an_export_overwrites_nothing_and_is_for_its_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = write_new(dir.path(), b"one").unwrap();
        let second = write_new(dir.path(), b"two").unwrap();
        assert_eq!(fs::read(&first).unwrap(), b"one");
        assert_eq!(fs::read(&second).unwrap(), b"two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            let mode = fs::metadata(&first).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn the_page_knows_how_large_an_export_is_and_how_short_no_passphrase() {
        let file = include_str!("../../../ui/src/settings/file.ts");
        let most = Store::MAX_EXPORT_BYTES / (1024 * 1024);
        assert!(file.contains(&format!("MOST_BYTES = {most} * 1024 * 1024;")));
        let passphrase = include_str!("../../../ui/src/state/passphrase.ts");
        let least = TransferError::PASSPHRASE_LEAST;
        assert!(passphrase.contains(&format!("LEAST_LETTERS = {least};")));
    }

    #[test]
    fn a_directory_that_is_full_of_exports_gets_no_more() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..MOST_FILES {
            write_new(dir.path(), b"").unwrap();
        }
        let refused = write_new(dir.path(), b"").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    }
}
