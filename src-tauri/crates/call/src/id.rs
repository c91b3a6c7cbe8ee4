//! Names of calls and people.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

use crate::name;

/// Names one call, chosen at random by its caller. Of two calls that cross, the one with the higher
/// id stays.
///
/// ```
/// use call::id::CallId;
///
/// let id = CallId(0x2a);
/// assert_eq!(id.to_string(), "000000000000002a");
/// assert!(id < CallId(0x2b));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for CallId {
    /// As it is shown, so that all lines of a log name a call alike.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallId({self})")
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

/// Names one recording of a call, chosen at random by who asks for it.
///
/// ```
/// use call::id::RecordingId;
///
/// assert_eq!(RecordingId(0x2a).to_string(), "000000000000002a");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, TS)]
#[ts(type = "string")]
pub struct RecordingId(pub u64);

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordingId({self})")
    }
}

impl Serialize for RecordingId {
    /// As a call's id.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordingId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CallId::deserialize(deserializer).map(|CallId(id)| Self(id))
    }
}

/// Names one session of the transport. A call outlives its sessions: each one that is begun behind the
/// same call has a higher number.
///
/// ```
/// use call::id::{CallId, SessionId};
///
/// let first = SessionId { call: CallId(0x2a), number: 0 };
/// assert_eq!(first.to_string(), "000000000000002a/0");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    /// The call.
    pub call: CallId,
    /// Counted from 0 by the caller, who begins them all.
    pub number: u32,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.call, self.number)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

/// A person to call: the address that their key proves, and what they call themselves.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
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
    pub const MAX_NAME: usize = name::MAX_CHARS;

    /// What may be shown of a stranger's name. Control characters, characters that are invisible or
    /// turn the direction of the text around them, loose joiners and more than three combining
    /// marks in a row are dropped, white space is folded, and what is too long is cut. A name of
    /// which nothing can be seen is empty.
    ///
    /// ```
    /// use call::id::Peer;
    ///
    /// assert_eq!(Peer::clean_name("  Ann \u{202e}\u{3000}Lee "), "Ann Lee");
    /// assert_eq!(Peer::clean_name("\u{3164}"), "");
    /// ```
    #[must_use]
    pub fn clean_name(name: &str) -> String {
        name::clean(name)
    }
}

impl fmt::Debug for Peer {
    /// Addresses and names stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer(…)")
    }
}
