//! Where a STUN or TURN server is, by its URL (RFC 7064, RFC 7065). Pure.

use super::Purpose;

/// Where a server is and how it wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) purpose: Purpose,
    /// A name, or an address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) over_udp: bool,
}

impl Place {
    /// `None` when the URL is that of no such server.
    pub(super) fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once(':')?;
        let (purpose, encrypted) = match scheme {
            "stun" => (Purpose::Stun, false),
            "stuns" => (Purpose::Stun, true),
            "turn" => (Purpose::Turn, false),
            "turns" => (Purpose::Turn, true),
            _ => return None,
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, port) = match place.strip_prefix('[') {
            Some(v6) => {
                let (host, rest) = v6.split_once(']')?;
                let port = if rest.is_empty() {
                    None
                } else {
                    Some(rest.strip_prefix(':')?)
                };
                (host, port)
            }
            None => match place.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|it| *it > 0)?,
            None if encrypted => TLS_PORT,
            None => PORT,
        };
        (!host.is_empty()).then(|| Self {
            purpose,
            host: host.to_owned(),
            port,
            over_udp: !encrypted && query != "transport=tcp",
        })
    }
}

/// As IANA has them for `stun`, `turn` and for `stuns`, `turns`.
const PORT: u16 = 3478;
const TLS_PORT: u16 = 5349;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_names_host_and_port() {
        for (url, host, port, over_udp) in [
            ("stun:a.example", "a.example", 3478, true),
            ("turn:a.example:99", "a.example", 99, true),
            (
                "turn:[2001:db8::1]:99?transport=udp",
                "2001:db8::1",
                99,
                true,
            ),
            ("stun:[::1]", "::1", 3478, true),
            ("turn:a.example?transport=tcp", "a.example", 3478, false),
            ("turns:a.example", "a.example", 5349, false),
        ] {
            let place = Place::of(url).unwrap();
            let told = (place.host.as_str(), place.port, place.over_udp);
            assert_eq!(told, (host, port, over_udp), "{url}");
        }
        for url in [
            "",
            "stun",
            "stun:",
            "http://a",
            "stun:a:0",
            "stun:a:x",
            "stun:[::1",
            "stun:[::1]9",
        ] {
            assert_eq!(Place::of(url), None, "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_place_or_none(url in "(stun|turn|turns)?:?\\PC{0,40}") {
            let _ = Place::of(&url);
        }
    }
}
