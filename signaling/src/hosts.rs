//! The names by which a relay is known, and which of them a client dialled.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
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
    /// Whether the address at which a connection arrives is a place too.
    arrival: bool,
}

impl KnownHosts {
    /// What the names mean for a relay that listens at these ports. `arrival`: whether the address
    /// at which a connection arrives is a place of it too, and nothing that is not named.
    pub(crate) fn new(hosts: &[KnownHost], listening: &[u16], arrival: bool) -> Self {
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
        let takes_any = hosts.is_empty() && !arrival;
        Self {
            places: (!takes_any).then(|| hosts.iter().flat_map(places).collect()),
            arrival,
        }
    }

    /// The places that a `Host` field (RFC 9110, section 7.2) can mean, as far as they are known, of a
    /// connection that arrived at this address of ours. One without a port means a default port, and
    /// what stands before the relay knows which.
    pub(crate) fn dialled(
        &self,
        host: &str,
        arrived_at: SocketAddr,
    ) -> Result<Vec<Authority>, Misdirected> {
        let (name, port) = split(host).ok_or(Misdirected::Unreadable)?;
        let ports = port.map_or_else(|| DEFAULT_PORTS.to_vec(), |port| vec![port]);
        let mut dialled: Vec<_> = ports
            .into_iter()
            .map(|port| Authority::new(&name, port))
            .collect();
        if let Some(places) = &self.places {
            let arrived = self.arrival && is_at(&name, port, arrived_at);
            dialled.retain(|it| arrived || places.contains(it));
        }
        if dialled.is_empty() {
            return Err(Misdirected::Elsewhere);
        }
        Ok(dialled)
    }
}

/// Whether a host and port are these numbers, an IPv4 address in the form of IPv6 being what it is.
/// An address of a link has no scope here: that is a name of the other machine's, and the connection
/// came in by the right one.
fn is_at(host: &str, port: Option<u16>, place: SocketAddr) -> bool {
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let ip = match bare {
        Some(v6) => v6.parse().map(IpAddr::V6),
        None => host.parse().map(IpAddr::V4),
    };
    ip.is_ok_and(|ip| ip.to_canonical() == place.ip().to_canonical()) && port == Some(place.port())
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

    fn known(hosts: &[&str], arrival: bool) -> KnownHosts {
        let hosts: Vec<_> = hosts.iter().map(|it| it.parse().unwrap()).collect();
        KnownHosts::new(&hosts, &[4080], arrival)
    }

    fn texts(places: &[Authority]) -> Vec<String> {
        places.iter().map(ToString::to_string).collect()
    }

    fn dialled(hosts: &[&str], host: &str) -> Result<Vec<String>, Misdirected> {
        let anywhere = "192.0.2.1:4080".parse().unwrap();
        let places = known(hosts, false).dialled(host, anywhere)?;
        Ok(texts(&places))
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
    fn an_embedded_relay_is_named_by_the_address_and_port_at_which_it_was_reached() {
        let dialled = |host: &str, arrived_at: &str| {
            let known = known(&["name.invalid:4080"], true);
            let places = known.dialled(host, arrived_at.parse().unwrap())?;
            Ok(texts(&places))
        };
        for (host, arrived_at) in [
            ("192.0.2.1:4080", "192.0.2.1:4080"),
            ("192.0.2.1:4080", "[::ffff:192.0.2.1]:4080"),
            ("[::ffff:192.0.2.1]:4080", "192.0.2.1:4080"),
            ("[fe80::1]:4080", "[fe80::1%7]:4080"),
            ("[FE80:0::1]:4080", "[fe80::1]:4080"),
            ("127.0.0.1:4080", "127.0.0.1:4080"),
            ("NAME.invalid.:4080", "192.0.2.1:4080"),
        ] {
            let (name, port) = split(host).unwrap();
            let place = Authority::new(&name, port.unwrap()).to_string();
            assert_eq!(dialled(host, arrived_at), Ok(vec![place]), "{host}");
        }
        for host in [
            "192.0.2.2:4080",
            "192.0.2.1:4081",
            "192.0.2.1",
            "[::1]:4080",
            "127.0.0.1:4080",
            "3221225985:4080",
            "localhost:4080",
            "name.invalid",
            "name.invalid:4081",
            "evil.example:4080",
        ] {
            let elsewhere = Err(Misdirected::Elsewhere);
            assert_eq!(dialled(host, "192.0.2.1:4080"), elsewhere, "{host}");
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
