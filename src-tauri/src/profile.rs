//! Where this window keeps its things.

use std::path::PathBuf;

use store::{Keychain, StoreError};

use crate::options::Options;

/// The directories of one person on this machine. Windows with different ones are different
/// people and may run at the same time; of one person, one window runs (see `instance`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Identity, settings, contacts and history.
    pub(crate) data: PathBuf,
    /// Whether a new key may go into the system's keychain. A directory that somebody named is
    /// whole by itself.
    pub(crate) keychain: Keychain,
    /// What the webview keeps.
    pub(crate) webview: PathBuf,
}

impl Profile {
    /// The profile that `options` name.
    ///
    /// # Errors
    /// When the profile has no proper name, or the system no place for user data.
    pub(crate) fn new(options: &Options) -> Result<Self, StoreError> {
        let (data, keychain) = match &options.common.data {
            Some(data) => {
                let data = std::path::absolute(data).unwrap_or_else(|_| data.clone());
                (data, Keychain::Unused)
            }
            None => (
                store::default_dir(options.profile.as_deref())?,
                Keychain::System,
            ),
        };
        let webview = data.join("webview");
        Ok(Self {
            data,
            keychain,
            webview,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: Option<&str>, data: Option<&str>) -> Profile {
        let mut options = Options {
            profile: name.map(str::to_owned),
            ..Options::default()
        };
        options.common.data = data.map(PathBuf::from);
        Profile::new(&options).unwrap()
    }

    #[test]
    fn profiles_and_directories_are_different_people() {
        let all = [
            profile(None, None),
            profile(Some("bea"), None),
            profile(Some("carl"), None),
            profile(None, Some("/tmp/x")),
        ];
        for (n, one) in all.iter().enumerate() {
            for other in &all[n + 1..] {
                assert_ne!(one.data, other.data);
            }
        }
    }

    #[test]
    fn a_directory_goes_before_a_profile_and_is_absolute() {
        assert_eq!(
            profile(Some("bea"), Some("/tmp/x")),
            profile(None, Some("/tmp/x"))
        );
        assert!(profile(None, Some("x")).data.is_absolute());
    }
}
