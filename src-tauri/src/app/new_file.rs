//! Files that the user asked for, in the folder where downloads go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file that was not there before and that only this user reads: `STEM.EXTENSION`, or
/// `STEM-2.EXTENSION` and so on; says where it is.
pub(super) fn write(
    directory: &Path,
    stem: &str,
    extension: &str,
    bytes: &[u8],
) -> io::Result<PathBuf> {
    let (path, mut file) = create(directory, stem, extension)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a file is none. When it cannot be removed either, the first failure says why.
        let _ = fs::remove_file(&path);
        return Err(error);
    }
    Ok(path)
}

/// The first name that is not there yet.
fn create(directory: &Path, stem: &str, extension: &str) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 1..=MOST_FILES {
        let name = match number {
            1 => format!("{stem}.{extension}"),
            number => format!("{stem}-{number}.{extension}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_overwrites_nothing_and_is_for_its_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = write(dir.path(), "tincan", "csv", b"one").unwrap();
        let second = write(dir.path(), "tincan", "csv", b"two").unwrap();
        assert_eq!(fs::read(&first).unwrap(), b"one");
        assert_eq!(fs::read(&second).unwrap(), b"two");
        assert_eq!(second.file_name().unwrap(), "tincan-2.csv");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            let mode = fs::metadata(&first).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_directory_that_is_full_of_exports_gets_no_more() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..MOST_FILES {
            write(dir.path(), "tincan", "csv", b"").unwrap();
        }
        let refused = write(dir.path(), "tincan", "csv", b"").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    }
}
