//! The directory that cargo builds into: where it is, who uses it now, how large it may become.
//!
//! Dependencies take most of a first build, so `.ci/run` keeps them outside of the checkout, where
//! every later run on the machine finds them (`CARGO_TARGET_DIR`). Two checkouts that build into
//! one directory write the same programs, so each command holds the directory for its whole run.
//! Nor can cargo tell their packages apart: it names them by their place in the workspace and goes
//! by the age of files, so that an older checkout would run what a younger one compiled. What
//! another checkout made of our own packages is thrown away first.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::packages::packages;
use crate::shell::{cargo, check, root};

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A program that cargo built.
pub(crate) fn built(name: &str) -> PathBuf {
    target()
        .join("debug")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What a build finds when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// No compiled dependencies.
    Cold,
    /// Those of an earlier run.
    Warm,
}

impl Begins {
    /// What is there now.
    pub(crate) fn now() -> Self {
        // Cargo keeps one entry here for each package that it compiled.
        let fingerprints = target().join("debug/.fingerprint");
        let entries = fs::read_dir(fingerprints).map_or(0, Iterator::count);
        if entries > FEW_PACKAGES {
            Self::Warm
        } else {
            Self::Cold
        }
    }
}

/// Holds the target directory until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    /// The system lets go of a lock when its file is closed, however the program ends.
    _file: File,
}

/// Waits until no other command uses the target directory, and makes room in it.
pub(crate) fn hold() -> Result<Held> {
    let target = target();
    fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    let path = target.join("xtask.lock");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let mut file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("Another command builds into {}: waiting", target.display());
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error).context("cannot lock the directory"),
    }
    take_over(&mut file)?;
    make_room(&target)?;
    Ok(Held { _file: file })
}

/// Throws away what another checkout compiled of our packages. The lock file names the last one.
fn take_over(file: &mut File) -> Result<()> {
    let mut last = String::new();
    file.read_to_string(&mut last)?;
    let us = root().display().to_string();
    if last == us {
        return Ok(());
    }
    clean_packages()?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(us.as_bytes())?;
    Ok(())
}

/// Removes what was compiled of our packages, whichever checkout it came from.
fn clean_packages() -> Result<()> {
    let mut clean = cargo(["clean", "--quiet"]);
    for package in packages()? {
        clean.args(["--package", &package]);
    }
    check(&mut clean)
}

/// Our own packages go first: they are quick to compile. Old dependencies follow only when that is
/// not enough.
fn make_room(target: &Path) -> Result<()> {
    if size(target) <= MOST_BYTES {
        return Ok(());
    }
    println!("{} is larger than 20 GB: cleaning", target.display());
    clean_packages()?;
    if size(target) > MOST_BYTES {
        // The programs beside these stay: one of them is running.
        for parts in ["deps", "build", ".fingerprint", "incremental"] {
            for profile in ["debug", "release"] {
                let dir = target.join(profile).join(parts);
                if dir.exists() {
                    fs::remove_dir_all(&dir)
                        .with_context(|| format!("cannot remove {}", dir.display()))?;
                }
            }
        }
    }
    Ok(())
}

/// What the files below `dir` take, in bytes; cargo links its programs, and each link counts.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            Some(if meta.is_dir() {
                size(&entry.path())
            } else {
                meta.len()
            })
        })
        .sum()
}

/// A full build leaves about five gigabytes; four versions of the dependencies fit.
const MOST_BYTES: u64 = 20_000_000_000;

/// `cargo xtask` itself is made of about twenty packages, the whole workspace of five hundred.
const FEW_PACKAGES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_add_up_over_directories() {
        let dir = std::env::temp_dir().join(format!("xtask-size-{}", std::process::id()));
        fs::create_dir_all(dir.join("deep/er")).unwrap();
        fs::write(dir.join("a"), [0; 1000]).unwrap();
        fs::write(dir.join("deep/er/b"), [0; 500]).unwrap();
        assert_eq!(size(&dir), 1500);
        assert_eq!(size(&dir.join("missing")), 0);
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_directory_is_held_by_one_command_at_a_time() {
        let path = std::env::temp_dir().join(format!("xtask-lock-{}", std::process::id()));
        let first = File::create(&path).unwrap();
        first.try_lock().unwrap();
        let second = File::create(&path).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        second.try_lock().unwrap();
        fs::remove_file(&path).unwrap();
    }
}
