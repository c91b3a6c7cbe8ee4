//! Where this window keeps its things, and by what other windows know that it runs.

use std::path::PathBuf;

use store::StoreError;

use crate::options::Options;

/// The directories of one person on this machine. Two windows with different ones are two people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Identity, settings and history.
    pub(crate) data: PathBuf,
    /// What the webview keeps.
    pub(crate) webview: PathBuf,
    /// The same for every window of this person: only one may run.
    pub(crate) instance: String,
}

impl Place {
    /// The place that `options` name.
    ///
    /// # Errors
    /// When the profile has no proper name, or the system no place for user data.
    pub(crate) fn new(options: &Options) -> Result<Self, StoreError> {
        let data = match &options.common.data {
            Some(data) => std::path::absolute(data).unwrap_or_else(|_| data.clone()),
            None => store::default_dir(options.profile.as_deref())?,
        };
        let webview = data.join("webview");
        let instance = format!(
            "{IDENTIFIER}.d{:016x}",
            hash(data.as_os_str().as_encoded_bytes())
        );
        Ok(Self {
            data,
            webview,
            instance,
        })
    }
}

/// The same as in `tauri.conf.json`.
const IDENTIFIER: &str = "chat.tincan.desktop";

/// FNV-1a: the same in every build, unlike the standard library's hashes. Not for secrets.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(profile: Option<&str>, data: Option<&str>) -> Place {
        let mut options = Options {
            profile: profile.map(str::to_owned),
            ..Options::default()
        };
        options.common.data = data.map(PathBuf::from);
        Place::new(&options).unwrap()
    }

    #[test]
    fn profiles_and_directories_are_different_people() {
        let all = [
            place(None, None),
            place(Some("bea"), None),
            place(Some("carl"), None),
            place(None, Some("/tmp/x")),
        ];
        for (n, one) in all.iter().enumerate() {
            for other in &all[n + 1..] {
                assert_ne!(one.data, other.data);
                assert_ne!(one.instance, other.instance);
            }
        }
    }

    #[test]
    fn a_directory_goes_before_a_profile_and_is_absolute() {
        assert_eq!(
            place(Some("bea"), Some("/tmp/x")),
            place(None, Some("/tmp/x"))
        );
        assert!(place(None, Some("x")).data.is_absolute());
    }

    #[test]
    fn the_instance_is_a_valid_bus_name_and_stays_the_same() {
        let instance = place(None, Some("/tmp/x")).instance;
        assert_eq!(instance, "chat.tincan.desktop.d6cc122ddf274426c");
        assert!(
            instance
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '.')
        );
    }
}
