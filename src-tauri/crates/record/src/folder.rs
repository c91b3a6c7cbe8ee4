//! The folder of one recording.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::file::{self, SideFile};
use crate::pair::Whose;

/// What we sent, also while there was no path for it.
pub const ME: &str = "me.mp4";

/// What the other side sent.
pub const THEM: &str = "them.mp4";

/// What both people agreed to.
pub const CONSENT: &str = "consent.json";

/// A folder and its files, all of them made anew.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    me: SideFile,
    them: SideFile,
}

impl Folder {
    /// Makes a folder of this name, or with a number behind it where there is one, and writes down
    /// what was agreed to before anything else.
    pub(crate) fn create(directory: &Path, name: &str, consent: &[u8]) -> Result<Self, Failure> {
        let made = make(directory, name);
        let path = made.map_err(Failure::to("make the folder"))?;
        file::write(&path.join(CONSENT), consent)?;
        Ok(Self {
            me: SideFile::create(path.join(ME))?,
            them: SideFile::create(path.join(THEM))?,
            path,
        })
    }

    /// One side's file.
    pub(crate) fn of(&mut self, whose: Whose) -> &mut SideFile {
        match whose {
            Whose::Ours => &mut self.me,
            Whose::Theirs => &mut self.them,
        }
    }

    /// What is on the disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.me.bytes() + self.them.bytes()
    }

    /// What can still be written; none where the system does not say.
    pub(crate) fn free(&self) -> Option<u64> {
        free(&self.path)
    }

    /// Whether all is still where it was made.
    pub(crate) fn is_there(&self) -> bool {
        self.me.is_there() && self.them.is_there()
    }
}

/// The name of a folder for a recording with `person`: short, and what every file system takes.
pub(crate) fn name(person: &str, stamp: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() { c } else { ' ' };
    let spaced: String = person.chars().map(plain).take(LONGEST_NAME).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let person = if words.is_empty() {
        "Call".to_owned()
    } else {
        words.join(" ")
    };
    format!("{person} {stamp}")
}

fn make(directory: &Path, name: &str) -> std::io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(directory)?;
    builder.recursive(false);
    let mut path = directory.join(name);
    for number in 2..=MOST_OF_A_NAME {
        match builder.create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                path = directory.join(format!("{name} ({number})"));
            }
            Err(error) => return Err(error),
            Ok(()) => return Ok(path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Characters of a person's name that the name of a folder repeats.
const LONGEST_NAME: usize = 40;

/// Names are a second apart.
const MOST_OF_A_NAME: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_directory_and_is_short() {
        for (person, wanted) in [
            ("Bea", "Bea now"),
            ("../../etc", "etc now"),
            ("a/b\\c:d", "a b c d now"),
            ("", "Call now"),
            ("\u{202e}..\u{0}", "Call now"),
            ("Zoë Ångström", "Zoë Ångström now"),
        ] {
            assert_eq!(name(person, "now"), wanted);
        }
        assert!(name(&"x".repeat(1000), "now").len() < 50);
    }

    #[test]
    fn two_recordings_of_one_moment_have_folders_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let first = Folder::create(directory.path(), "Bea now", b"{}").unwrap();
        let second = Folder::create(directory.path(), "Bea now", b"{}").unwrap();
        assert_ne!(first.path, second.path);
        assert_eq!(std::fs::read(second.path.join(CONSENT)).unwrap(), b"{}");
        assert!(first.is_there());
        std::fs::remove_dir_all(&first.path).unwrap();
        assert!(!first.is_there());
    }
}
