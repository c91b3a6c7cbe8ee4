//! The name by which a relay was dialled.

use std::fmt;
use std::net::Ipv6Addr;

/// The host and port of a relay as a client dialled it (the authority of RFC 3986, section 3.2), in
/// one text form for all spellings: lower case (RFC 4343), without the final dot of an absolute
/// name, an IPv6 address in brackets and in the form of RFC 5952, and always with the port.
///
/// A client signs it, see [`Identity::prove`](crate::Identity::prove), and a relay compares: so
/// both must make the same text of one place.
///
/// ```
/// use identity::Authority;
///
/// assert_eq!(Authority::new("Relay.Example.", 443).to_string(), "relay.example:443");
/// assert_eq!(Authority::new("[FE80:0::1]", 4080).to_string(), "[fe80::1]:4080");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authority(String);

impl Authority {
    /// The place that this host and port name. An IPv6 address may stand with or without brackets.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let host = bare.parse::<Ipv6Addr>().map_or_else(
            |_| {
                let name = host.strip_suffix('.').unwrap_or(host);
                name.to_ascii_lowercase()
            },
            |ip| format!("[{ip}]"),
        );
        Self(format!("{host}:{port}"))
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Authority {
    /// Relays stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_place_are_one_text() {
        let cases: [(&[&str], &str); 4] = [
            (
                &["relay.example", "RELAY.example", "Relay.Example."],
                "relay.example:80",
            ),
            (&["127.0.0.1", "127.0.0.1."], "127.0.0.1:80"),
            (&["[::1]", "::1", "[0:0::0:1]", "[0::1]"], "[::1]:80"),
            (
                &["[::ffff:192.0.2.1]", "[::FFFF:c000:201]"],
                "[::ffff:192.0.2.1]:80",
            ),
        ];
        for (spellings, text) in cases {
            for host in spellings {
                assert_eq!(Authority::new(host, 80).as_str(), text, "{host}");
            }
        }
        assert_ne!(Authority::new("a.b", 80), Authority::new("a.b", 443));
    }
}
