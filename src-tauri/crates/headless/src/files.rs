//! Files that the programs write for their user.

use std::fs::{File, OpenOptions};
use std::path::Path;

use anyhow::{Context, Result};

/// Opens a file for writing at its end, making it when there is none.
///
/// # Errors
/// When it cannot be written.
pub fn append(path: &Path) -> Result<File> {
    open(path, OpenOptions::new().create(true).append(true))
}

/// Makes a file, or empties it.
///
/// # Errors
/// When it cannot be written.
pub fn create(path: &Path) -> Result<File> {
    open(
        path,
        OpenOptions::new().create(true).write(true).truncate(true),
    )
}

/// Makes a file that is not there yet.
///
/// # Errors
/// When there is one of that name, or it cannot be written.
pub fn create_new(path: &Path) -> Result<File> {
    open(path, OpenOptions::new().create_new(true).write(true))
}

/// Pictures and figures of a call are the user's own: nobody else on this machine may read a file
/// that is new.
fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}
