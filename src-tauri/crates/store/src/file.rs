//! Files that are whole or not there: read, replaced at once, kept aside when broken.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use crate::error::StoreError;

/// Ours are a few kilobytes; nothing that is larger than this was written by us.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// How many broken files of one name are kept.
const MAX_BROKEN: u32 = 20;

/// Makes the directory, for this user's eyes only.
pub(crate) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| StoreError::io("make the directory", dir, error))
}

/// The bytes of a file; none when there is none. Anything but a file is refused before it is
/// opened: a pipe would wait for a writer for ever.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    if fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        let error = io::Error::other("it is not a file");
        return Err(StoreError::io("read", path, error));
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io("open", path, error)),
    };
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| StoreError::io("read", path, error))?;
    Ok(Some(bytes))
}

/// What is wrong with a text that is not in UTF-8.
pub(crate) const UTF_16: &str = "it is written in UTF-16, not in UTF-8";

/// The text in a file: without the mark that editors put before UTF-8. Other encodings that mark
/// themselves are named.
pub(crate) fn text(bytes: &[u8]) -> Result<&[u8], &'static str> {
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => Ok(text),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(UTF_16),
        text => Ok(text),
    }
}

/// Replaces a file by this value, as JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| StoreError::io("describe", path, io::Error::other(error)))?;
    bytes.push(b'\n');
    let file = fresh(path, &bytes)?;
    file.persist(path)
        .map_err(|error| StoreError::io("replace", path, error.error))?;
    settle(path);
    Ok(())
}

/// Writes a file that is not there yet. What another program wrote in the meantime stays.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = fresh(path, bytes)?;
    file.persist_noclobber(path)
        .map_err(|error| StoreError::io("put in place", path, error.error))?;
    settle(path);
    Ok(())
}

/// Keeps a broken file beside its place too, as `NAME.broken`, `NAME.broken-2` and so on. `why` is
/// what is wrong with it.
pub(crate) fn keep_aside(path: &Path, why: &str) -> Result<(), StoreError> {
    let aside = free_name(path);
    fs::copy(path, &aside).map_err(|error| StoreError::io("keep aside", path, error))?;
    tracing::warn!(
        file = %path.display(), kept = %aside.display(), why,
        "this file is kept aside, and what is missing of it is as at first"
    );
    Ok(())
}

/// Moves a worthless file out of its place, to where [`keep_aside`] keeps one.
pub(crate) fn move_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let aside = free_name(path);
    fs::rename(path, &aside).map_err(|error| StoreError::io("move aside", path, error))?;
    Ok(aside)
}

/// A name beside `path` that no broken file has yet, or the last one.
fn free_name(path: &Path) -> PathBuf {
    (1..=MAX_BROKEN)
        .map(|n| broken(path, n))
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| broken(path, MAX_BROKEN))
}

fn broken(path: &Path, n: u32) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".broken");
    if n > 1 {
        name.push(format!("-{n}"));
    }
    path.with_file_name(name)
}

/// A temporary file beside its place, readable by this user only, on the disk in full.
fn fresh(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, StoreError> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    // Without the name of the file that was tried, another one each time: one trouble has one text.
    let file = NamedTempFile::new_in(dir)
        .map_err(|error| StoreError::io("make a file beside", path, error.kind().into()))?;
    file.as_file()
        .write_all(bytes)
        .map_err(|error| StoreError::io("write", path, error))?;
    file.as_file()
        .sync_all()
        .map_err(|error| StoreError::io("bring to the disk", path, error))?;
    Ok(file)
}

/// Writes the directory's entry of the new name to the disk. Systems whose directories cannot be
/// opened as files (Windows) do that by themselves.
fn settle(path: &Path) {
    if let Some(Ok(dir)) = path.parent().map(File::open)
        && let Err(error) = dir.sync_all()
    {
        tracing::debug!(%error, "the directory was not written through");
    }
}
