//! Where a relay is.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use signal_wire::{OLD_PATH, PATH};
use url::{Host, Url};

use crate::Authority;
use crate::percent::encoded;

/// The URL of a relay in its normal form: two that name the same place are equal and have the
/// same text.
///
/// Surrounding space is taken off. Without a path it gets [`PATH`], and a path that ends in the name
/// of another version leads to this one, so that links and settings outlive versions. The host may be an IPv6
/// address with a zone, as `ws://[fe80::1%25eth0]:4080` (RFC 6874) or with a bare `%`: the
/// interface through which that address is reached.
///
/// ```
/// use identity::RelayUrl;
///
/// let url: RelayUrl = " WSS://Relay.Example:443/ ".parse()?;
/// assert_eq!(url.to_string(), "wss://relay.example/v2");
/// assert!(url.is_encrypted());
///
/// let url: RelayUrl = "ws://[fe80::1%eth0]:4080".parse()?;
/// assert_eq!(url.to_string(), "ws://[fe80::1%25eth0]:4080/v2");
/// assert_eq!(url.lookup_name(), "fe80::1%eth0");
/// # Ok::<(), identity::RelayUrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RelayUrl {
    /// Without the zone, which the `url` crate does not take. Has a host.
    url: Url,
    zone: Option<String>,
}

/// Why a text is not the URL of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelayUrlError {
    /// Not a URL with a host, or too long for an invite link.
    #[error("not a relay URL")]
    NotAUrl,
    /// A URL, but neither `ws:` nor `wss:`.
    #[error("a relay URL begins with ws:// or wss://")]
    Scheme,
    /// It carries a user name, a password, a query or a fragment.
    #[error("a relay URL has no user name, query or fragment")]
    Extras,
}

impl RelayUrl {
    /// Whether what is said there is encrypted on the way: `wss`.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "wss"
    }

    /// The place as a proof of an address names it. Without a zone.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::new(self.host(), self.port())
    }

    /// The host: an IPv6 address in brackets, no zone.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The host as `getaddrinfo` takes it: an IPv6 address without brackets, with its zone.
    #[must_use]
    pub fn lookup_name(&self) -> String {
        match (self.url.host(), &self.zone) {
            (Some(Host::Ipv6(ip)), Some(zone)) => format!("{ip}%{zone}"),
            (Some(Host::Ipv6(ip)), None) => ip.to_string(),
            (Some(Host::Ipv4(_) | Host::Domain(_)) | None, _) => self.host().to_owned(),
        }
    }

    /// The port; 80 or 443 when the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        let default = if self.is_encrypted() { 443 } else { 80 };
        self.url.port().unwrap_or(default)
    }

    /// The URL to ask the relay for. Without the zone: that is the name of an interface of this
    /// machine, and nothing to the other one (RFC 6874, section 4).
    #[must_use]
    pub fn request_url(&self) -> &str {
        self.url.as_str()
    }
}

/// Reads the URL of a relay and returns the text of its normal form, see [`RelayUrl`].
///
/// # Errors
/// When it cannot be the URL of a relay.
pub fn check_relay_url(text: &str) -> Result<String, RelayUrlError> {
    text.parse().map(|url: RelayUrl| url.to_string())
}

impl FromStr for RelayUrl {
    type Err = RelayUrlError;

    fn from_str(text: &str) -> Result<Self, RelayUrlError> {
        let text = text.trim();
        if text.len() > MAX_ENCODED {
            return Err(RelayUrlError::NotAUrl);
        }
        let (text, zone) = split_zone(text)?;
        let mut url = Url::parse(&text).map_err(|_| RelayUrlError::NotAUrl)?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(RelayUrlError::Scheme);
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(RelayUrlError::Extras);
        }
        if let Some(path) = path_of_this_version(url.path()) {
            url.set_path(&path);
        }
        let url = Self { url, zone };
        if encoded(&url.to_string()).len() > MAX_ENCODED {
            Err(RelayUrlError::NotAUrl)
        } else {
            Ok(url)
        }
    }
}

impl fmt::Display for RelayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.zone, self.url.as_str().split_once(']')) {
            (Some(zone), Some((before, after))) => write!(f, "{before}%25{zone}]{after}"),
            (Some(_), None) | (None, _) => f.write_str(self.url.as_str()),
        }
    }
}

impl fmt::Debug for RelayUrl {
    /// Relays stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelayUrl(…)")
    }
}

/// The path of this version beside the one that is named, if that is none or names a version. A link
/// that passed through upper case, as in a square code, means the same.
fn path_of_this_version(path: &str) -> Option<String> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let Some((before, last)) = path.rsplit_once('/') else {
        return Some(PATH.to_owned());
    };
    let is_version = [OLD_PATH, PATH]
        .iter()
        .any(|it| last.eq_ignore_ascii_case(&it[1..]));
    is_version.then(|| format!("{before}{PATH}"))
}

/// Takes the zone out of a bracketed IPv6 host.
fn split_zone(text: &str) -> Result<(Cow<'_, str>, Option<String>), RelayUrlError> {
    // Anything else before the brackets is the host, and the brackets are in the path.
    let is_scheme = |before: &str| {
        let name = before.strip_suffix(':');
        name.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_alphabetic()))
    };
    let host = text
        .split_once("//[")
        .and_then(|(scheme, rest)| Some((scheme, rest.split_once(']')?)))
        .filter(|(scheme, _)| is_scheme(scheme));
    let Some((scheme, (host, after))) = host else {
        return Ok((text.into(), None));
    };
    let Some((ip, zone)) = host.split_once('%') else {
        return Ok((text.into(), None));
    };
    // `%25` is the percent sign of RFC 6874; alone it is the zone 25 behind a bare one.
    let zone = zone
        .strip_prefix("25")
        .filter(|zone| !zone.is_empty())
        .unwrap_or(zone);
    let is_zone = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if zone.is_empty() || !zone.chars().all(is_zone) {
        return Err(RelayUrlError::NotAUrl);
    }
    let without = format!("{scheme}//[{ip}]{after}");
    Ok((without.into(), Some(zone.to_owned())))
}

/// The longest relay URL, percent-encoded: what the longest invite leaves for it.
pub(crate) const MAX_ENCODED: usize = 179;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_relay_has_one_url() {
        for text in [
            "wss://relay.example/v1",
            "wss://relay.example",
            " wss://relay.example/\n",
            "WSS://Relay.Example:443/",
            "wss://relay.example/v1/",
            "WSS://RELAY.EXAMPLE/V1",
            "wss://relay.example/v2",
            "wss://relay.example/V2/",
        ] {
            let normal = check_relay_url(text);
            assert_eq!(normal.as_deref(), Ok("wss://relay.example/v2"), "{text}");
        }
        let elsewhere = "ws://relay.example:8443/tincan/v2";
        for text in [elsewhere, "ws://relay.example:8443/tincan/v1/"] {
            assert_eq!(check_relay_url(text).as_deref(), Ok(elsewhere));
        }
        for text in [
            "wss://a.b/chat",
            "wss://a.b/v1/chat",
            "wss://a.b/v3",
            "wss://a.b//",
        ] {
            assert_eq!(check_relay_url(text).as_deref(), Ok(text));
        }
        let long = format!("wss://a.b/{}", "/".repeat(100));
        assert_eq!(check_relay_url(&long), Err(RelayUrlError::NotAUrl));
    }

    #[test]
    fn the_port_is_named_whether_it_is_said_or_not() {
        for (text, authority) in [
            ("ws://Relay.Example.", "relay.example:80"),
            ("wss://relay.example", "relay.example:443"),
            ("wss://relay.example:443", "relay.example:443"),
            ("wss://relay.example:80", "relay.example:80"),
            ("ws://[0::1]:4080", "[::1]:4080"),
            ("ws://0x7f.1:4080", "127.0.0.1:4080"),
        ] {
            let url: RelayUrl = text.parse().unwrap();
            assert_eq!(url.authority().as_str(), authority, "{text}");
        }
    }

    #[test]
    fn a_zone_says_through_which_interface_an_address_is_reached() {
        let cases = [
            ("ws://[fe80::1%25eth0]:4080", "fe80::1%eth0"),
            ("ws://[fe80::1%eth0]:4080/", "fe80::1%eth0"),
            ("ws://[FE80:0::1%252]:4080/v1", "fe80::1%2"),
            ("ws://[fe80::1%25]:4080", "fe80::1%25"),
            ("ws://[fe80::1%25br-lan.7]:4080", "fe80::1%br-lan.7"),
            ("ws://[fe80::1]:4080", "fe80::1"),
        ];
        for (text, name) in cases {
            let url: RelayUrl = text.parse().unwrap();
            assert_eq!(url.lookup_name(), name, "{text}");
            assert_eq!(url.authority().as_str(), "[fe80::1]:4080");
            assert_eq!(url.request_url(), "ws://[fe80::1]:4080/v2");
            assert_eq!(url.to_string().parse(), Ok(url), "{text}");
        }
    }

    #[test]
    fn a_zone_belongs_to_an_ipv6_address_only() {
        for text in [
            "ws://[fe80::1%]:4080",
            "ws://[fe80::1%25eth 0]:4080",
            "ws://[fe80::1%25eth0/]:4080",
            "ws://[10.0.0.1%25eth0]:4080",
            "ws://[relay.example%25eth0]:4080",
            "ws://relay.example%25eth0:4080",
        ] {
            assert_eq!(check_relay_url(text), Err(RelayUrlError::NotAUrl), "{text}");
        }
        let path = "ws://relay.example//[a%25b]/v2";
        assert_eq!(check_relay_url(path).as_deref(), Ok(path));
    }

    #[test]
    fn brackets_in_a_path_name_no_interface() {
        for (text, host) in [
            ("wss:+ws2://[fe80::1%25eth0]:4080/v2", "+ws2"),
            ("wss:[::1]//[fe80::1%25eth0]", "[::1]"),
        ] {
            let url: RelayUrl = text.parse().unwrap();
            assert_eq!((url.host(), &url.zone), (host, &None));
            assert_eq!(url.to_string().parse(), Ok(url));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged_and_the_normal_form_stays(text in "wss?://[\\[\\]a-f0-9:.%@/?#]{0,40}") {
            if let Ok(url) = text.parse::<RelayUrl>() {
                prop_assert_eq!(url.to_string().parse(), Ok(url));
            }
        }
    }
}
