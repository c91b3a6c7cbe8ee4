//! A place on a network as people type it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::finders::DEFAULT_PORT;
use crate::lan::Sighting;

/// A host, and the port of the relay there: `HOST`, `HOST:PORT`, `V4`, `V4:PORT`, `V6`, `[V6]` or
/// `[V6]:PORT`; a scope may stand behind a V6. Without a port it is [`DEFAULT_PORT`].
///
/// ```
/// use discovery::Place;
///
/// let place: Place = "192.168.1.20".parse()?;
/// assert_eq!(place.to_string(), "192.168.1.20");
/// assert!("tincan:".parse::<Place>().is_err());
/// # Ok::<(), discovery::NotAPlace>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    host: String,
    port: u16,
}

/// A text names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a host")]
pub struct NotAPlace;

impl Place {
    /// Its addresses, as the system knows them; none when it knows none in time.
    pub async fn resolve(&self) -> Vec<SocketAddr> {
        match timeout(RESOLVE, lookup_host((self.host.as_str(), self.port))).await {
            Ok(Ok(found)) => found.take(Sighting::MAX_PLACES).collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }
}

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (host, port) = split(text.trim()).ok_or(NotAPlace)?;
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            DEFAULT_PORT => f.write_str(&self.host),
            port if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

impl fmt::Debug for Place {
    /// Where people are stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place(…)")
    }
}

fn split(text: &str) -> Option<(&str, u16)> {
    if text.len() > LONGEST {
        return None;
    }
    if is_v6(text) {
        return Some((text, DEFAULT_PORT));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(host, _)| is_v6(host))?,
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            is_name(host).then_some((host, port))?
        }
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|it| *it > 0)?,
        None if port.is_empty() => DEFAULT_PORT,
        None => return None,
    };
    Some((host, port))
}

fn is_v6(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<IpAddr>().is_ok_and(|it| it.is_ipv6())
}

/// What RFC 1123 allows in the name of a host, and `_`, which some networks have.
fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
    };
    text.strip_suffix('.')
        .unwrap_or(text)
        .split('.')
        .all(is_part)
}

/// Above the first retry of a usual resolver (1 s).
const RESOLVE: Duration = Duration::from_millis(1500);

/// Bytes: the name of a host has at most 253, and a port with its colon 6.
const LONGEST: usize = 260;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_is_a_host_with_or_without_a_port() {
        for (text, host, port) in [
            ("bea.local", "bea.local", DEFAULT_PORT),
            ("bea:99", "bea", 99),
            (" 192.168.1.5", "192.168.1.5", DEFAULT_PORT),
            ("192.168.1.5:99", "192.168.1.5", 99),
            ("fe80::1%eth0", "fe80::1%eth0", DEFAULT_PORT),
            ("[fe80::1%2]:99", "fe80::1%2", 99),
            ("[::1]", "::1", DEFAULT_PORT),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!((place.host.as_str(), place.port), (host, port), "{text}");
        }
        for text in [
            "",
            ":99",
            "bea:",
            "bea:0",
            "bea:x",
            "[::1",
            "[::1]9",
            "[bea]:9",
            "a:1:2",
            "a b",
            "a..b",
            "tincan:abc",
            "ws://a",
            "a/b",
            "é",
        ] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text}");
        }
    }

    #[tokio::test]
    async fn numbers_need_no_name_server() {
        let place: Place = "[::1]:99".parse().unwrap();
        assert_eq!(place.resolve().await, ["[::1]:99".parse().unwrap()]);
        let nowhere: Place = "no-such-host.invalid".parse().unwrap();
        assert_eq!(nowhere.resolve().await, []);
    }

    proptest! {
        #[test]
        fn any_text_is_a_place_or_none(text in "\\PC{0,60}") {
            if let Ok(place) = text.parse::<Place>() {
                prop_assert_eq!(place.to_string().parse::<Place>(), Ok(place));
            }
        }
    }
}
