//! Where this system keeps a user's data.

use std::path::{Path, PathBuf};
use std::{fs, io};

use directories::{ProjectDirs, UserDirs};

use crate::error::StoreError;

/// The directory of a profile, or of the main one: `~/.local/share/tincan` and
/// `~/.local/share/tincan/profiles/NAME` on Linux. It need not exist.
///
/// On Windows it belongs to this machine and does not roam to others with the user: two machines
/// with one key would take each other's calls. Where an earlier version kept its files in the
/// roaming place, they are moved.
///
/// # Errors
/// When there is no home, or the profile's name is not 1 to 32 letters, digits, '-' or '_'.
pub fn default_dir(profile: Option<&str>) -> Result<PathBuf, StoreError> {
    let dirs = ProjectDirs::from("chat", "Tincan", "tincan").ok_or(StoreError::NoPlace)?;
    if !profile.is_none_or(is_name) {
        return Err(StoreError::BadProfile);
    }
    let main = moved(dirs.data_dir(), dirs.data_local_dir());
    Ok(match profile {
        None => main,
        Some(profile) => main.join("profiles").join(profile),
    })
}

/// Where this user keeps videos, or their home where there is no such place.
#[must_use]
pub fn videos_dir() -> Option<PathBuf> {
    let dirs = UserDirs::new()?;
    Some(dirs.video_dir().unwrap_or(dirs.home_dir()).to_owned())
}

/// Where the files are after they were moved from `roaming` to `local`, if they have to be. While
/// they cannot be moved, for instance because a program uses them, they are used where they are.
fn moved(roaming: &Path, local: &Path) -> PathBuf {
    if roaming == local || local.exists() || !roaming.exists() {
        return local.to_path_buf();
    }
    let renamed = || -> io::Result<()> {
        if let Some(parent) = local.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(roaming, local)
    };
    match renamed() {
        Ok(()) => local.to_path_buf(),
        Err(error) => {
            tracing::warn!(%error, "what is remembered still roams with the user");
            roaming.to_path_buf()
        }
    }
}

fn is_name(profile: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=32).contains(&profile.len()) && profile.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_its_own_directory_within_ours() {
        let main = default_dir(None).unwrap();
        let bob = default_dir(Some("bob_2")).unwrap();
        assert!(bob.starts_with(&main) && bob.ends_with("profiles/bob_2"));
    }

    #[test]
    fn a_profile_cannot_lead_out_of_it() {
        for bad in ["", "..", "a/b", "a\\b", "ä", "a b", &"x".repeat(33)] {
            assert!(
                matches!(default_dir(Some(bad)), Err(StoreError::BadProfile)),
                "{bad}"
            );
        }
    }

    #[test]
    fn files_move_once_from_the_roaming_place_to_the_local_one() {
        let dir = tempfile::tempdir().unwrap();
        let (roaming, local) = (dir.path().join("roaming"), dir.path().join("a/local"));
        assert_eq!(moved(&roaming, &local), local);
        fs::create_dir_all(roaming.join("profiles/bea")).unwrap();
        fs::write(roaming.join("identity.key"), "key").unwrap();
        assert_eq!(moved(&roaming, &local), local);
        assert_eq!(fs::read(local.join("identity.key")).unwrap(), b"key");
        assert!(local.join("profiles/bea").exists() && !roaming.exists());

        // What came there since, from another machine for instance, takes nothing's place.
        fs::create_dir_all(&roaming).unwrap();
        fs::write(roaming.join("identity.key"), "other").unwrap();
        assert_eq!(moved(&roaming, &local), local);
        assert_eq!(fs::read(local.join("identity.key")).unwrap(), b"key");
    }

    #[test]
    fn files_that_cannot_be_moved_are_used_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let roaming = dir.path().join("roaming");
        fs::create_dir_all(&roaming).unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let unreachable = dir.path().join("file/local");
        assert_eq!(moved(&roaming, &unreachable), roaming);
    }
}
