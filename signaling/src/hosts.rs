//! The names by which a relay is known, and which of them a client dialled.

use std::fmt;
use std::str::FromStr;

use axum::http::uri::Authority as UriAuthority;
use identity::Authority;

/// A name by which clients reach a relay: `NAME` or `NAME:PORT`.
///
/// Without a port it means the ports that the relay listens at and the ports of `ws:` and `wss:` that
/// a URL need not name, 80 and 443, as when something before the relay does the encryption.
///
/// ```
/// use signal_relay::KnownHost;
///
/// assert!("relay.example".parse::<KnownHost>().is_ok());
/// assert!("[2001:db8::1]:4080".parse::<KnownHost>().is_ok());
/// assert!("wss://relay.example".parse::<KnownHost>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct KnownHost {
    name: String,
    port: Option<u16>,
}

/// A text is no name of a host, with or without a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a host is named as NAME or NAME:PORT")]
pub struct NotAHost;

impl FromStr for KnownHost {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<Self, NotAHost> {
        let (name, port) = split(text).ok_or(NotAHost)?;
        Ok(Self { name, port })
    }
}

impl fmt::Display for KnownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Debug for KnownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Every place that a client may have dialled to reach this relay.
#[derive(Debug)]
pub(crate) struct KnownHosts {
    /// `None`: any.
    places: Option<Vec<Authority>>,
}

impl KnownHosts {
    /// What the names mean for a relay that listens at these ports.
    pub(crate) fn new(hosts: &[KnownHost], listening: &[u16]) -> Self {
        let places = |host: &KnownHost| {
            let ports = match host.port {
                Some(port) => vec![port],
                None => DEFAULT_PORTS.iter().chain(listening).copied().collect(),
            };
            let name = host.name.clone();
            ports
                .into_iter()
                .map(move |port| Authority::new(&name, port))
        };
        Self {
            places: (!hosts.is_empty()).then(|| hosts.iter().flat_map(places).collect()),
        }
    }

    /// The places that a `Host` field (RFC 9110, section 7.2) can mean, as far as they are known. One
    /// without a port means a default port, and what stands before the relay knows which.
    pub(crate) fn dialled(&self, host: &str) -> Result<Vec<Authority>, Misdirected> {
        let (name, port) = split(host).ok_or(Misdirected::Unreadable)?;
        let ports = port.map_or_else(|| DEFAULT_PORTS.to_vec(), |port| vec![port]);
        let mut dialled: Vec<_> = ports
            .into_iter()
            .map(|port| Authority::new(&name, port))
            .collect();
        if let Some(places) = &self.places {
            dialled.retain(|it| places.contains(it));
        }
        if dialled.is_empty() {
            return Err(Misdirected::Elsewhere);
        }
        Ok(dialled)
    }
}

/// Why a `Host` field leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misdirected {
    /// It names no host.
    Unreadable,
    /// It names another host or port.
    Elsewhere,
}

/// Host and port of `HOST[:PORT]`; nothing else may stand beside them.
fn split(text: &str) -> Option<(String, Option<u16>)> {
    let authority: UriAuthority = text.parse().ok()?;
    let rest = authority.as_str().strip_prefix(authority.host())?;
    let port = match rest.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    let host = authority.host();
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// What `ws:` and `wss:` mean without a port (RFC 6455, section 3).
const DEFAULT_PORTS: [u16; 2] = [80, 443];

#[cfg(test)]
mod tests {
    use super::*;

    fn known(hosts: &[&str]) -> KnownHosts {
        let hosts: Vec<_> = hosts.iter().map(|it| it.parse().unwrap()).collect();
        KnownHosts::new(&hosts, &[4080])
    }

    fn dialled(hosts: &[&str], host: &str) -> Result<Vec<String>, Misdirected> {
        let places = known(hosts).dialled(host)?;
        Ok(places.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_place_is_known_by_host_and_port_however_it_is_spelled() {
        let hosts = ["relay.example:8443", "[2001:DB8:0::1]:8443"];
        for (host, place) in [
            ("relay.example:8443", "relay.example:8443"),
            ("RELAY.example.:8443", "relay.example:8443"),
            ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ] {
            assert_eq!(dialled(&hosts, host), Ok(vec![place.to_owned()]), "{host}");
        }
        for host in [
            "relay.example",
            "relay.example:443",
            "evil.example:8443",
            "[2001:db8::2]:8443",
        ] {
            assert_eq!(dialled(&hosts, host), Err(Misdirected::Elsewhere), "{host}");
        }
    }

    #[test]
    fn a_name_without_a_port_means_its_own_ports_and_the_default_ones() {
        let hosts = ["relay.example"];
        assert_eq!(
            dialled(&hosts, "relay.example").unwrap(),
            ["relay.example:80", "relay.example:443"]
        );
        for port in [80, 443, 4080] {
            assert!(dialled(&hosts, &format!("relay.example:{port}")).is_ok());
        }
        let other = dialled(&hosts, "relay.example:9999");
        assert_eq!(other, Err(Misdirected::Elsewhere), "another relay there");
    }

    #[test]
    fn a_relay_without_names_takes_any() {
        assert!(dialled(&[], "anything.example:1").is_ok());
        for host in [
            "",
            ":80",
            "a b",
            "user@relay.example",
            "relay.example:",
            "relay.example:99999",
        ] {
            assert_eq!(dialled(&[], host), Err(Misdirected::Unreadable), "{host:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "wss://relay.example",
            "relay.example/v2",
            "relay.example:x",
            "::1",
        ] {
            assert_eq!(text.parse::<KnownHost>(), Err(NotAHost), "{text:?}");
        }
    }
}
