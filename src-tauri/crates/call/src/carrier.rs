//! What carries the media of a call, by name.

use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// What carries the media of a call. The caller chooses, and the callee follows.
///
/// ```
/// use call::carrier::Carrier;
///
/// assert_eq!(serde_json::to_string(&Carrier::LiveKit)?, r#""livekit""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS,
)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// From machine to machine, by any path that is found.
    #[default]
    Direct,
    /// A LiveKit server: both sides join one room of it, which their relay made for the call.
    LiveKit,
}

all_variants! {
    /// All of them.
    pub Carrier { Direct, LiveKit }
}

impl Carrier {
    /// Whether the caller's session opens while the other device rings, so that an answer leads to
    /// media at once. What a server carries it carries for people who talk: a room is joined when
    /// both said yes.
    pub(crate) fn opens_while_ringing(self) -> bool {
        match self {
            Self::Direct => true,
            Self::LiveKit => false,
        }
    }

    /// Whether a session needs access that somebody else gives.
    pub(crate) fn needs_access(self) -> bool {
        match self {
            Self::Direct => false,
            Self::LiveKit => true,
        }
    }
}

/// What the caller of a call can use, best first. Read from a stranger's bytes: names that are not
/// known, and what goes beyond the first few, mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Carriers(Vec<Carrier>);

impl Carriers {
    /// These, best first.
    pub fn new(carriers: impl IntoIterator<Item = Carrier>) -> Self {
        Self(carriers.into_iter().take(MAX_CARRIERS).collect())
    }

    /// The first that is among `usable`.
    #[must_use]
    pub fn first_of(&self, usable: &[Carrier]) -> Option<Carrier> {
        self.0.iter().copied().find(|it| usable.contains(it))
    }

    /// Whether this says no more than an invitation that says nothing.
    pub(crate) fn is_direct_only(&self) -> bool {
        self.0 == [Carrier::Direct]
    }
}

impl Default for Carriers {
    /// What versions use that do not say.
    fn default() -> Self {
        Self(vec![Carrier::Direct])
    }
}

impl<'de> Deserialize<'de> for Carriers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Names)
    }
}

/// Reads [`Carriers`].
struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Carriers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names of what can carry a call")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Carriers, A::Error> {
        let mut carriers = Vec::new();
        while carriers.len() < MAX_CARRIERS {
            match seq.next_element::<Named>()? {
                Some(Named::Known(carrier)) => carriers.push(carrier),
                Some(Named::Unknown(IgnoredAny)) => {}
                None => return Ok(Carriers(carriers)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Carriers(carriers))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Named {
    Known(Carrier),
    Unknown(IgnoredAny),
}

/// Names that count: more than there will ever be.
const MAX_CARRIERS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Carriers> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn names_that_are_not_known_mean_nothing() {
        let both = Carriers::new([Carrier::LiveKit, Carrier::Direct]);
        assert_eq!(read(r#"["pigeon","livekit",7,"direct"]"#), Some(both));
        assert_eq!(read("[]"), Some(Carriers::new([])));
        assert_eq!(read("7"), None);
    }

    #[test]
    fn what_goes_beyond_the_first_few_is_not_kept() {
        let many = format!("[{}\"livekit\"]", "\"direct\",".repeat(1000));
        let read = read(&many).unwrap();
        assert_eq!(read.0.len(), MAX_CARRIERS);
        assert_eq!(read.first_of(&[Carrier::LiveKit]), None);
    }

    #[test]
    fn the_callers_order_counts() {
        let both = Carriers::new([Carrier::LiveKit, Carrier::Direct]);
        assert_eq!(both.first_of(Carrier::ALL), Some(Carrier::LiveKit));
        assert_eq!(both.first_of(&[Carrier::Direct]), Some(Carrier::Direct));
    }
}
