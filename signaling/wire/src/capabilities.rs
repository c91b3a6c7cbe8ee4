//! What one end of a connection can do only if the other takes part.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Names of capabilities, in `hello` and `welcome`. Those that the reader does not know mean nothing
/// to it; of a list that is too long the rest is ignored, and so are names that are too long.
///
/// ```
/// use signal_wire::Capabilities;
///
/// let capabilities = Capabilities::new(["ice"]);
/// assert!(capabilities.contains("ice"));
/// assert!(!Capabilities::default().contains("ice"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Capabilities(Vec<String>);

/// The most capabilities that are read: several times what two versions differ by.
pub const MAX_CAPABILITIES: usize = 16;

/// The longest name of a capability that is read, in bytes.
pub const MAX_CAPABILITY_BYTES: usize = 32;

impl Capabilities {
    /// Of a relay: it lets the parties of a call into a room at a LiveKit server, when both ask
    /// ([`crate::ClientFrame::Access`]).
    pub const LIVEKIT: &str = "livekit";

    /// These, as far as they are within the limits.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let fitting = names
            .into_iter()
            .filter(|name| name.len() <= MAX_CAPABILITY_BYTES);
        Self(fitting.take(MAX_CAPABILITIES).map(str::to_owned).collect())
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|it| it == name)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Capabilities;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Capabilities, A::Error> {
        let mut names = Vec::new();
        while names.len() < MAX_CAPABILITIES {
            let Some(name) = seq.next_element::<String>()? else {
                return Ok(Capabilities(names));
            };
            if name.len() <= MAX_CAPABILITY_BYTES {
                names.push(name);
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Capabilities(names))
    }
}
