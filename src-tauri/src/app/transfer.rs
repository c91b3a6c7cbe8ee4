//! A move to another computer: all that this installation is and remembers, into a file and back.

use std::path::PathBuf;

use data_encoding::BASE64;
use store::Store;
use tokio::task::spawn_blocking;

use super::{App, new_file};
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
        let written =
            spawn_blocking(move || new_file::write(&directory, "tincan", "tincan-key", &export))
                .await;
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

/// Letters of the largest export in Base64 (RFC 4648, section 4).
const MOST_LETTERS: usize = Store::MAX_EXPORT_BYTES.div_ceil(3) * 4;

#[cfg(test)]
mod tests {
    use store::TransferError;

    use super::*;

    #[test]
    fn the_page_knows_how_large_an_export_is_and_how_short_no_passphrase() {
        let file = include_str!("../../../ui/src/settings/file.ts");
        let most = Store::MAX_EXPORT_BYTES / (1024 * 1024);
        assert!(file.contains(&format!("MOST_BYTES = {most} * 1024 * 1024;")));
        let passphrase = include_str!("../../../ui/src/state/passphrase.ts");
        let least = TransferError::PASSPHRASE_LEAST;
        assert!(passphrase.contains(&format!("LEAST_LETTERS = {least};")));
    }
}
