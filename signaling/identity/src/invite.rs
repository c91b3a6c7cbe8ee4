//! Invite links: an address with what makes calling it easy.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use signal_wire::{Address, AddressError, PATH};
use url::Url;

/// What somebody hands out to be called: `tincan:ADDRESS?relay=URL&name=NAME`, values
/// percent-encoded, both optional. The text form is never longer than [`Invite::MAX_LENGTH`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invite {
    /// Whom to call.
    pub address: Address,
    /// The relay where they are, `ws://…` or `wss://…`.
    pub relay: Option<String>,
    /// What they call themselves: untrusted, cleaned by [`clean_name`], never empty.
    pub name: Option<String>,
}

/// Why a text is no invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Longer than [`Invite::MAX_LENGTH`].
    #[error("the link is too long")]
    TooLong,
    /// What stands for the address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The relay in it cannot be one.
    #[error(transparent)]
    Relay(#[from] RelayUrlError),
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

impl Invite {
    /// The longest link, in bytes: room for every name and every usual relay, and small enough
    /// for a QR code.
    pub const MAX_LENGTH: usize = 1024;
    /// The longest name, in characters.
    pub const MAX_NAME: usize = 64;

    /// An invite that is an address alone.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self {
            address,
            relay: None,
            name: None,
        }
    }

    /// Adds the relay.
    ///
    /// # Errors
    /// When it is no URL of a relay.
    pub fn with_relay(mut self, url: &str) -> Result<Self, RelayUrlError> {
        self.relay = Some(check_relay_url(url)?);
        Ok(self)
    }

    /// Adds the name, cleaned. One that is empty then is left out.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = Some(clean_name(name)).filter(|name| !name.is_empty());
        self
    }
}

/// Reads the URL of a relay in its normal form: two that name the same place are the same text.
/// Surrounding space is taken off, and without a path it gets [`PATH`].
///
/// # Errors
/// When it cannot be the URL of a relay.
pub fn check_relay_url(text: &str) -> Result<String, RelayUrlError> {
    let text = text.trim();
    if text.len() > MAX_RELAY {
        return Err(RelayUrlError::NotAUrl);
    }
    let mut url = Url::parse(text).map_err(|_| RelayUrlError::NotAUrl)?;
    if !matches!(url.scheme(), "ws" | "wss") {
        return Err(RelayUrlError::Scheme);
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.query().is_some() || url.fragment().is_some() {
        return Err(RelayUrlError::Extras);
    }
    if url.path() == "/" {
        url.set_path(PATH);
    }
    let normal = String::from(url);
    if encoded(&normal).len() > MAX_RELAY {
        Err(RelayUrlError::NotAUrl)
    } else {
        Ok(normal)
    }
}

/// A name that is safe to show: without control characters and characters that turn the
/// direction of text or hide in it, without surrounding space, at most [`Invite::MAX_NAME`]
/// characters.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let visible = name
        .chars()
        .filter(|c| !c.is_control() && !is_invisible(*c));
    let short: String = visible
        .skip_while(|c| c.is_whitespace())
        .take(Invite::MAX_NAME)
        .collect();
    short.trim_end().to_owned()
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        let fields = [("relay", &self.relay), ("name", &self.name)];
        let present = fields
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_ref()?)));
        for (n, (key, value)) in present.enumerate() {
            let separator = if n == 0 { '?' } else { '&' };
            write!(f, "{separator}{key}={}", encoded(value))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Invite {
    /// Addresses, relays and names stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invite(…)")
    }
}

impl FromStr for Invite {
    type Err = InviteError;

    /// Reads a link or a bare address. Fields that this version does not know are passed over.
    fn from_str(text: &str) -> Result<Self, InviteError> {
        let text = text.trim();
        if text.len() > Self::MAX_LENGTH {
            return Err(InviteError::TooLong);
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let mut invite = Self::new(address.parse()?);
        for field in query.split('&') {
            let (key, value) = field.split_once('=').unwrap_or((field, ""));
            let value = percent_decode_str(value).decode_utf8_lossy();
            match key {
                "relay" if invite.relay.is_none() => invite = invite.with_relay(&value)?,
                "name" if invite.name.is_none() => invite = invite.with_name(&value),
                _ => {}
            }
        }
        Ok(invite)
    }
}

/// Whether a character only steers how others are shown (Unicode categories Cf, Zl and Zp as far
/// as they turn or hide text); U+200D stays, it joins emoji.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    )
}

fn encoded(value: &str) -> String {
    utf8_percent_encode(value, ENCODED).to_string()
}

/// All but the unreserved characters of RFC 3986, section 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The longest relay URL, percent-encoded: what [`Invite::MAX_LENGTH`] leaves beside the address
/// (62), the keys (13) and the longest name (64 characters of 4 bytes, each encoded as 3).
const MAX_RELAY: usize = Invite::MAX_LENGTH - Address::TEXT_LENGTH - 13 - Invite::MAX_NAME * 4 * 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address() -> Address {
        Address::from_bytes([9; 32])
    }

    #[test]
    fn a_link_carries_address_relay_and_name() {
        let invite = Invite::new(address())
            .with_relay("ws://192.168.1.5:4000/v1")
            .unwrap()
            .with_name("Ann & Bob");
        let link = invite.to_string();
        let expected = format!(
            "{}?relay=ws%3A%2F%2F192.168.1.5%3A4000%2Fv1&name=Ann%20%26%20Bob",
            address()
        );
        assert_eq!(link, expected);
        assert_eq!(format!("\n  {link}\t").parse(), Ok(invite));
        assert_eq!(address().to_string().parse(), Ok(Invite::new(address())));
    }

    #[test]
    fn fields_may_come_in_any_order_with_others_between() {
        let link = format!(
            "{}?new=1&&name=B%C3%B6&x&relay=wss%3A%2F%2Fa.b%2Fv1&name=2",
            address()
        );
        let invite: Invite = link.parse().unwrap();
        assert_eq!(invite.name.as_deref(), Some("Bö"));
        assert_eq!(invite.relay.as_deref(), Some("wss://a.b/v1"));
    }

    #[test]
    fn wrong_links_are_refused_with_their_reason() {
        let with = |query: &str| format!("{}?{query}", address()).parse::<Invite>();
        assert_eq!(
            with("relay=http%3A%2F%2Fa.b"),
            Err(RelayUrlError::Scheme.into())
        );
        assert_eq!(with("relay=nonsense"), Err(RelayUrlError::NotAUrl.into()));
        assert_eq!(
            with("relay=ws%3A%2F%2Fu:p@a.b"),
            Err(RelayUrlError::Extras.into())
        );
        assert_eq!(with(&"x".repeat(1024)), Err(InviteError::TooLong));
        assert_eq!(
            "hello".parse::<Invite>(),
            Err(AddressError::NotAnAddress.into())
        );
        assert_eq!(
            "tincan:hello".parse::<Invite>(),
            Err(AddressError::Mistyped.into())
        );
    }

    #[test]
    fn one_relay_has_one_url() {
        for text in [
            "wss://relay.example/v1",
            "wss://relay.example",
            " wss://relay.example/\n",
            "WSS://Relay.Example:443/",
        ] {
            let normal = check_relay_url(text);
            assert_eq!(normal.as_deref(), Ok("wss://relay.example/v1"), "{text}");
        }
        let elsewhere = "ws://relay.example:8443/tincan/v1";
        assert_eq!(check_relay_url(elsewhere).as_deref(), Ok(elsewhere));
    }

    #[test]
    fn names_are_made_safe_to_show() {
        assert_eq!(clean_name("  A\u{0}n\u{202e}n\n "), "Ann");
        assert_eq!(clean_name(&"ü".repeat(100)), "ü".repeat(64));
        assert_eq!(Invite::new(address()).with_name("\u{200b} ").name, None);
    }

    #[test]
    fn the_longest_invite_fits() {
        let host = "a".repeat(60);
        let invite = Invite::new(address())
            .with_relay(&format!("wss://{host}.{host}.org/v1"))
            .unwrap()
            .with_name(&"🥫".repeat(64));
        assert!(invite.to_string().len() <= Invite::MAX_LENGTH);
        assert_eq!(invite.to_string().parse(), Ok(invite));
        let long = format!("wss://a.b/{}", "/".repeat(100));
        assert_eq!(check_relay_url(&long), Err(RelayUrlError::NotAUrl));
    }

    proptest! {
        #[test]
        fn names_come_back(name in "\\PC{0,80}") {
            let invite = Invite::new(address()).with_name(&name);
            prop_assert!(invite.to_string().len() <= Invite::MAX_LENGTH);
            prop_assert_eq!(invite.to_string().parse(), Ok(invite));
        }

        #[test]
        fn any_text_is_judged(text in "\\PC{0,200}", query in "(relay|name)=[ -~]{0,80}") {
            let _any: Result<Invite, _> = text.parse();
            if let Ok(invite) = format!("{}?{query}&{text}", address()).parse::<Invite>() {
                prop_assert!(invite.to_string().len() <= Invite::MAX_LENGTH);
                prop_assert_eq!(invite.to_string().parse(), Ok(invite));
            }
        }
    }
}
