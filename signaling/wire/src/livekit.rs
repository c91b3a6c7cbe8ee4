//! Access to a LiveKit server: what the parties of one call ask a relay for, and what they get.
//!
//! The relay does not see calls, so both parties name theirs, and each other: only when both have
//! done so there is a room for them, with one token each.

use std::fmt;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Address, text};

/// The number of a call, as its two parties know it: 16 hexadecimal digits, lower case.
///
/// ```
/// use signal_wire::{CallNumber, ClientFrame};
///
/// let frame = ClientFrame::Release { call: CallNumber(255) };
/// assert_eq!(frame.encode(), r#"{"release":{"call":"00000000000000ff"}}"#);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallNumber(pub u64);

/// How one party reaches the room of a call at a LiveKit server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveKitAccess {
    /// The call.
    pub call: CallNumber,
    /// The other party.
    pub with: Address,
    /// Where the server is: `ws:` or `wss:`, at most [`MAX_LIVEKIT_URL_BYTES`].
    #[serde(deserialize_with = "url")]
    pub url: String,
    /// What lets this party in.
    pub token: LiveKitToken,
    /// For how long the token lets anybody in; whoever is in stays, and is given new ones by the
    /// server.
    pub expires_seconds: u32,
}

/// What lets one party into one room (a JWT, RFC 7519): printable ASCII, at most
/// [`MAX_LIVEKIT_TOKEN_BYTES`]. Whoever has it can be that party, so no log shows it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LiveKitToken(String);

/// A text is too long, or holds what is not printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct NotAToken;

/// Why there is no access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAccess {
    /// The server does not answer the relay, or does not let it make rooms. It may help to ask
    /// again.
    Unavailable,
    /// The call is over, is one of others, or too many are asked for.
    Refused,
    /// Something that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// The longest URL of a server, in bytes: as for STUN and TURN.
pub const MAX_LIVEKIT_URL_BYTES: usize = 256;

/// Calls that one address may ask access for at a time: one that it is in, two that meet each other
/// (glare), one before that is not closed yet, and six that ring for nobody to hear, of callers
/// whom the user does not want.
pub const MAX_ACCESS_CALLS: usize = 10;

/// The longest token, in bytes. Those of our relay are about 600; the room is for claims that a
/// later one adds.
pub const MAX_LIVEKIT_TOKEN_BYTES: usize = 4 * 1024;

impl LiveKitToken {
    /// Takes a text as a token.
    ///
    /// # Errors
    /// When it cannot be one.
    pub fn new(text: String) -> Result<Self, NotAToken> {
        check_token(&text)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CallNumber {
    /// Numbers of calls stay out of logs that name nobody else either.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallNumber(…)")
    }
}

impl fmt::Debug for LiveKitToken {
    /// Tokens stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveKitToken(…)")
    }
}

impl fmt::Debug for LiveKitAccess {
    /// Servers, which may be private, and tokens stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveKitAccess(…)")
    }
}

impl Serialize for CallNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&HEXLOWER.encode(&self.0.to_be_bytes()))
    }
}

impl<'de> Deserialize<'de> for CallNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, |text| {
            let mut bytes = [0; size_of::<u64>()];
            if text.len() != 2 * bytes.len() {
                return Err("not 16 digits");
            }
            match HEXLOWER.decode_mut(text.as_bytes(), &mut bytes) {
                Ok(_) => Ok(Self(u64::from_be_bytes(bytes))),
                Err(_) => Err("not hexadecimal"),
            }
        })
    }
}

impl<'de> Deserialize<'de> for LiveKitToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, |text| {
            check_token(text)?;
            Ok::<_, NotAToken>(Self(text.to_owned()))
        })
    }
}

fn check_token(text: &str) -> Result<(), NotAToken> {
    let fits = !text.is_empty() && text.len() <= MAX_LIVEKIT_TOKEN_BYTES;
    match fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => Err(NotAToken),
    }
}

/// Whether this can be the URL of a LiveKit server: `ws://` or `wss://`, a host, all of it printable
/// ASCII and at most [`MAX_LIVEKIT_URL_BYTES`]. Whether the rest is a URL shows when it is dialled.
#[must_use]
pub fn is_livekit_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("wss://")
        .or_else(|| url.strip_prefix("ws://"));
    let has_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    has_host && url.len() <= MAX_LIVEKIT_URL_BYTES && url.bytes().all(|it| it.is_ascii_graphic())
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text::read(deserializer, |text| match is_livekit_url(text) {
        true => Ok(text.to_owned()),
        false => Err("not the URL of a LiveKit server"),
    })
}
