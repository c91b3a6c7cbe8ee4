//! The files that stand for devices. Only regular ones: opening a pipe waits for its other end,
//! and a terminal or `/dev/zero` never comes to an end, so that the thread of such a device could
//! be neither started in time nor stopped.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::path::Path;

use media::backend::device::DeviceError;

/// Opens `path` for reading. Never waits.
pub(super) fn open(path: &Path) -> Result<File, DeviceError> {
    regular(READ, path, OpenOptions::new().read(true))
}

/// Makes or empties `path` for writing; who else uses this machine cannot read a new one. Never
/// waits.
pub(super) fn create(path: &Path) -> Result<File, DeviceError> {
    // Truncated by `set_len` below, when it is known to be a regular file.
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = regular(WRITE, path, &mut options)?;
    file.set_len(0).map_err(|it| cannot(WRITE, path, &it))?;
    Ok(file)
}

/// Why the file `path` cannot be read.
pub(super) fn cannot_read(path: &Path, why: &dyn Display) -> DeviceError {
    cannot(READ, path, why)
}

/// Why the file `path` cannot be written.
pub(super) fn cannot_write(path: &Path, why: &dyn Display) -> DeviceError {
    cannot(WRITE, path, why)
}

fn cannot(what: &'static str, path: &Path, why: &dyn Display) -> DeviceError {
    DeviceError::File {
        what,
        path: path.display().to_string(),
        why: why.to_string(),
    }
}

fn regular(
    what: &'static str,
    path: &Path,
    options: &mut OpenOptions,
) -> Result<File, DeviceError> {
    let error = |why: &dyn Display| cannot(what, path, why);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        options.custom_flags(libc::O_NONBLOCK).mode(0o600);
    }
    let opened = options.open(path).map_err(|it| error(&it))?;
    let kind = opened.metadata().map_err(|it| error(&it))?;
    if kind.is_file() {
        Ok(opened)
    } else {
        Err(error(&"not a file"))
    }
}

const READ: &str = "read";
const WRITE: &str = "write";

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let started = Instant::now();
        for path in [&pipe, dir.path(), Path::new("/dev/zero")] {
            let says = |error: DeviceError| error.to_string();
            let (read, write) = (open(path).map_err(says), create(path).map_err(says));
            let path = path.display();
            assert!(
                read.unwrap_err()
                    .starts_with(&format!("cannot read {path}: "))
            );
            assert!(
                write
                    .unwrap_err()
                    .starts_with(&format!("cannot write {path}: "))
            );
        }
        assert!(started.elapsed() < Duration::from_millis(500));
    }

    #[test]
    fn a_recording_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("heard.wav");
        drop(create(&path).unwrap());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "old").unwrap();
        assert_eq!(create(&path).unwrap().metadata().unwrap().len(), 0);
    }
}
