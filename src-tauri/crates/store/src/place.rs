//! Where this system keeps a user's data.

use std::path::PathBuf;

use directories::ProjectDirs;

use crate::error::StoreError;

/// The directory of a profile, or of the main one: `~/.local/share/tincan` and
/// `~/.local/share/tincan/profiles/NAME` on Linux. It need not exist.
///
/// # Errors
/// When there is no home, or the profile's name is not 1 to 32 letters, digits, '-' or '_'.
pub fn default_dir(profile: Option<&str>) -> Result<PathBuf, StoreError> {
    let dirs = ProjectDirs::from("chat", "Tincan", "tincan").ok_or(StoreError::NoPlace)?;
    let main = dirs.data_dir().to_path_buf();
    match profile {
        None => Ok(main),
        Some(profile) if is_name(profile) => Ok(main.join("profiles").join(profile)),
        Some(_) => Err(StoreError::BadProfile),
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
}
