//! STUN and TURN servers that a relay names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The servers of a `welcome` or an `ice` frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServers {
    /// At most [`MAX_ICE_SERVERS`] count. None: the client has asked too often, and may ask again
    /// when `ttl_seconds` are over.
    #[serde(default)]
    pub servers: Vec<IceServer>,
    /// For how long the credentials are good.
    pub ttl_seconds: u32,
}

/// A server that helps to find a path.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// A `stun:` (RFC 7064), `turn:` or `turns:` (RFC 7065) URI of at most [`MAX_ICE_TEXT_BYTES`].
    pub url: String,
    /// For TURN, at most [`MAX_ICE_TEXT_BYTES`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// For TURN, at most [`MAX_ICE_TEXT_BYTES`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential: String,
}

/// What a server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceUse {
    /// How our address looks from outside (RFC 8489).
    Stun,
    /// To relay packets (RFC 8656); needs credentials.
    Turn,
}

/// Servers that count. Each costs every call a look-up and some packets, and one of each kind is
/// enough; the others stand in when it fails.
pub const MAX_ICE_SERVERS: usize = 4;

/// The longest URI, user name or credential: a host name has at most 253 bytes.
pub const MAX_ICE_TEXT_BYTES: usize = 256;

impl IceServer {
    /// What the server is for; `None` when it is none that can be used: another scheme, a URI that
    /// breaks the grammar, a text that is too long or holds what is not printable ASCII, or TURN
    /// without credentials.
    ///
    /// ```
    /// use signal_wire::{IceServer, IceUse};
    ///
    /// let stun = |url: &str| IceServer { url: url.into(), username: "".into(), credential: "".into() };
    /// assert_eq!(stun("stun:stun.example.org").usage(), Some(IceUse::Stun));
    /// assert_eq!(stun("http://stun.example.org").usage(), None);
    /// ```
    #[must_use]
    pub fn usage(&self) -> Option<IceUse> {
        let texts = [&self.url, &self.username, &self.credential];
        let is_text = |text: &String| {
            text.len() <= MAX_ICE_TEXT_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !texts.into_iter().all(is_text) {
            return None;
        }
        match ice_use(&self.url)? {
            IceUse::Turn if self.username.is_empty() || self.credential.is_empty() => None,
            usage => Some(usage),
        }
    }
}

/// What a URI of RFC 7064 or RFC 7065 asks for; `None` when it is none of them.
#[must_use]
pub fn ice_use(url: &str) -> Option<IceUse> {
    let (scheme, rest) = url.split_once(':')?;
    let usage = match scheme {
        "stun" => IceUse::Stun,
        "turn" | "turns" => IceUse::Turn,
        _ => return None,
    };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let is_query_known = match usage {
        IceUse::Stun => query.is_none(),
        IceUse::Turn => query.is_none_or(|it| matches!(it, "transport=udp" | "transport=tcp")),
    };
    (is_query_known && is_place(place)).then_some(usage)
}

/// Whether this is a host with or without a port.
fn is_place(place: &str) -> bool {
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let Some((host, rest)) = v6.split_once(']') else {
                return false;
            };
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return false,
            }
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let in_host =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|number| number > 0);
    !host.is_empty() && host.bytes().all(in_host) && port.is_none_or(is_port)
}

impl fmt::Debug for IceServer {
    /// Servers, which may be private, and credentials stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IceServer(…)")
    }
}
