//! The figures of a call, into a file.

use std::path::PathBuf;

use tokio::task::spawn_blocking;

use super::new_file;
use crate::error::{ErrorCode, UiError};

/// Writes a table of figures, CSV, into a new file in `directory`; says where it is.
pub(crate) async fn save(directory: PathBuf, csv: String) -> Result<PathBuf, UiError> {
    if csv.len() > MOST_LETTERS {
        return Err(UiError::new(
            ErrorCode::NotExported,
            &"the table is too long",
        ));
    }
    let writing =
        spawn_blocking(move || new_file::write(&directory, "tincan-call", "csv", csv.as_bytes()));
    match writing.await {
        Ok(Ok(path)) => Ok(path),
        Ok(Err(error)) => Err(UiError::new(ErrorCode::NotExported, &error)),
        Err(error) => Err(UiError::internal(&error)),
    }
}

/// Several times what 300 samples of all figures have.
const MOST_LETTERS: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_table_is_written_as_it_is_and_a_book_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let table = "at,jitter\r\n1,0.5\r\n";
        let path = save(dir.path().to_owned(), table.to_owned()).await.unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), table);
        let book = "x".repeat(MOST_LETTERS + 1);
        let refused = save(dir.path().to_owned(), book).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotExported);
    }
}
