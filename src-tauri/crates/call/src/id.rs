//! Names of calls and people.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// Names one call, chosen at random by its caller. The total order decides glare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for CallId {
    /// Sixteen hexadecimal digits: JSON numbers lose precision beyond 2^53.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hexadecimal = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u64::from_str_radix(&text, 16) {
            Ok(id) if hexadecimal => Ok(Self(id)),
            Ok(_) | Err(_) => Err(serde::de::Error::custom("a call id is sixteen digits")),
        }
    }
}

/// A person to call: the address that their key proves, and what they call themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// The address in its text form, `tincan:…`; opaque to this crate.
    pub address: String,
    /// What to show. Untrusted text from the other side, at most [`Peer::MAX_NAME`] characters
    /// and without control characters; empty when unknown.
    pub name: String,
}

impl Peer {
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 64;

    /// What may be shown of a stranger's name: no control characters, none that turn the
    /// direction of the text around it or hide in it, no white space at the ends, and not too
    /// long.
    #[must_use]
    pub fn clean_name(name: &str) -> String {
        let hidden = |c: char| {
            matches!(
                c,
                '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            ) || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
                || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
        };
        let shown = |c: &char| !c.is_control() && !hidden(*c);
        let name: String = name.chars().filter(shown).collect();
        let name: String = name.trim().chars().take(Self::MAX_NAME).collect();
        name.trim_end().to_owned()
    }
}

impl fmt::Debug for Peer {
    /// Addresses and names stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer(…)")
    }
}
