//! Files that are whole or not there: read, replaced at once, kept aside when broken.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::StoreError;

/// Ours are a few kilobytes; nothing that is larger than this was written by us.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// How many files of one name are kept aside.
const MAX_ASIDE: u32 = 20;

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

/// Refuses what is there and is no regular file, before anybody opens it: a pipe would wait for
/// its other end for ever.
pub(crate) fn refuse_unless_file(path: &Path) -> Result<(), StoreError> {
    if fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        let error = io::Error::other("it is not a file");
        return Err(StoreError::io("read", path, error));
    }
    Ok(())
}

/// Makes an empty file that only this user reads when there is none; closes to others what a copy
/// or a backup may have opened to them.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            hide(path);
            Ok(())
        }
        Err(error) => Err(StoreError::io("make", path, error)),
    }
}

/// Closes a file to other users. On systems without modes the user's own directory is closed.
pub(crate) fn hide(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let open = fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o077 != 0);
        let closed = fs::Permissions::from_mode(0o600);
        if open && let Err(error) = fs::set_permissions(path, closed) {
            tracing::warn!(file = %path.display(), %error, "others can read this file");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// The bytes of a file; none when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    refuse_unless_file(path)?;
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

/// Replaces a file by these bytes, at once.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = fresh(path, bytes)?;
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

/// Moves a file to `NAME.SUFFIX` beside its place, or `NAME.SUFFIX-2` and so on. The last of
/// these names is used again, so that they do not fill the disk.
pub(crate) fn move_aside(path: &Path, suffix: &str) -> Result<PathBuf, StoreError> {
    let aside = free_name(path, suffix);
    fs::rename(path, &aside).map_err(|error| StoreError::io("move aside", path, error))?;
    settle(path);
    Ok(aside)
}

/// Copies a file to where [`move_aside`] would move it.
pub(crate) fn copy_aside(path: &Path, suffix: &str) -> Result<PathBuf, StoreError> {
    copy(path, free_name(path, suffix))
}

/// As [`copy_aside`], but never over what was kept before: for what cannot be had again.
pub(crate) fn keep_aside(path: &Path, suffix: &str) -> Result<PathBuf, StoreError> {
    let full = || StoreError::io("keep aside", path, io::ErrorKind::AlreadyExists.into());
    copy(path, unused_name(path, suffix).ok_or_else(full)?)
}

fn copy(path: &Path, aside: PathBuf) -> Result<PathBuf, StoreError> {
    fs::copy(path, &aside).map_err(|error| StoreError::io("keep aside", path, error))?;
    File::open(&aside)
        .and_then(|copy| copy.sync_all())
        .map_err(|error| StoreError::io("bring to the disk", &aside, error))?;
    settle(path);
    Ok(aside)
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("remove", path, error)),
    }
}

/// `path` with something added to its name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Removes what [`move_aside`] kept of a file.
pub(crate) fn remove_aside(path: &Path, suffix: &str) -> Result<(), StoreError> {
    aside(path, suffix).try_for_each(|path| remove(&path))
}

/// A name beside `path` that nothing has yet, or the last one.
fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let last = || aside(path, suffix).last().unwrap_or_else(|| path.into());
    unused_name(path, suffix).unwrap_or_else(last)
}

/// A name beside `path` that nothing has yet.
fn unused_name(path: &Path, suffix: &str) -> Option<PathBuf> {
    aside(path, suffix).find(|name| !name.exists())
}

/// The names under which a file is kept aside, in their order.
fn aside(path: &Path, suffix: &str) -> impl Iterator<Item = PathBuf> {
    (1..=MAX_ASIDE).map(move |n| match n {
        1 => with_suffix(path, &format!(".{suffix}")),
        n => with_suffix(path, &format!(".{suffix}-{n}")),
    })
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
pub(crate) fn settle(path: &Path) {
    if let Some(Ok(dir)) = path.parent().map(File::open)
        && let Err(error) = dir.sync_all()
    {
        tracing::debug!(%error, "the directory was not written through");
    }
}
