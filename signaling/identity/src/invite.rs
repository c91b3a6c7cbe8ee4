//! Invite links: an address with what makes calling it easy.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use signal_wire::{Address, AddressError};

use crate::name::{MAX_NAME, clean_name};
use crate::percent::encoded;
use crate::relay_url::{self, RelayUrl, RelayUrlError};

mod find;
mod lan;

/// What somebody hands out to be called: `tincan:ADDRESS?relay=URL&name=NAME&lan=PLACES`,
/// values percent-encoded, all optional. The text form is never longer than [`Invite::MAX_LENGTH`].
///
/// There are two ways to read one: [`str::parse`] takes a link and nothing else, for links that
/// a program hands over; [`Invite::find`] looks for one in whatever a person pastes.
///
/// ```
/// use identity::{Identity, Invite};
///
/// let ann = Identity::generate()?.address();
/// let invite = Invite::new(ann)
///     .with_relay("wss://relay.example")?
///     .with_name("Ann");
/// let link = invite.to_string();
/// assert!(link.starts_with("tincan:") && link.ends_with("?relay=wss%3A%2F%2Frelay.example%2Fv2&name=Ann"));
/// assert_eq!(link.parse(), Ok(invite.clone()));
/// assert_eq!(Invite::find(&format!("Call me: <{link}>, thanks!")), Ok(invite));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invite {
    /// Whom to call.
    pub address: Address,
    /// The relay where they are, `ws://…` or `wss://…`, in the normal form of [`RelayUrl`].
    pub relay: Option<String>,
    /// What they call themselves: untrusted, cleaned by [`clean_name`], never empty.
    pub name: Option<String>,
    /// Where on a local network they may be, the best first: at most [`Invite::MAX_LAN`] addresses
    /// that the internet does not have, those of a link without their scope. A stranger's word.
    pub lan: Vec<SocketAddr>,
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

impl Invite {
    /// The longest text form, in bytes: room for every name, every usual relay and all places, and
    /// small enough for a QR code.
    pub const MAX_LENGTH: usize = 1312;
    /// The most places: a machine with two interfaces, by IPv4 and IPv6.
    pub const MAX_LAN: usize = 4;
    /// The longest name, in characters.
    pub const MAX_NAME: usize = MAX_NAME;

    /// An invite that is an address alone.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self {
            address,
            relay: None,
            name: None,
            lan: Vec::new(),
        }
    }

    /// Adds the relay.
    ///
    /// # Errors
    /// When it is no URL of a relay.
    pub fn with_relay(mut self, url: &str) -> Result<Self, RelayUrlError> {
        self.relay = Some(url.parse::<RelayUrl>()?.to_string());
        Ok(self)
    }

    /// Adds the name, cleaned. One that is empty then is left out.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = Some(clean_name(name)).filter(|name| !name.is_empty());
        self
    }

    /// Adds where they may be on a local network, the best first. Left out are addresses that the
    /// internet has, and what is beyond [`Invite::MAX_LAN`].
    #[must_use]
    pub fn with_lan(mut self, places: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.lan = lan::kept(places);
        self
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut link = self.address.to_string();
        let lan = (!self.lan.is_empty()).then(|| lan::text(&self.lan));
        // The places last: programs of before know no such field.
        let fields = [("relay", &self.relay), ("name", &self.name), ("lan", &lan)];
        let present = fields
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_ref()?)));
        for (n, (key, value)) in present.enumerate() {
            link.push(if n == 0 { '?' } else { '&' });
            link.push_str(&format!("{key}={}", encoded(value)));
        }
        // A full stop at the end would be taken for that of the sentence around the link.
        let last = link.chars().next_back();
        if let Some(last) = last.filter(|last| !last.is_ascii_alphanumeric()) {
            link.pop();
            link.push_str(&format!("%{:02X}", u32::from(last)));
        }
        f.write_str(&link)
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
                "lan" if invite.lan.is_empty() => invite.lan = lan::parse(&value),
                _ => {}
            }
        }
        Ok(invite)
    }
}

// Every invite that can be built fits: the address, the keys with their separators, the longest
// relay, the longest name (64 characters of 4 bytes, each encoded as 3), the longest places and an
// encoded last character.
const _: () = assert!(
    Address::TEXT_LENGTH
        + "?relay=&name=&lan=".len()
        + relay_url::MAX_ENCODED
        + MAX_NAME * 4 * 3
        + lan::MAX_ENCODED
        + "%2E".len()
        - 1
        <= Invite::MAX_LENGTH
);

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

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
            "{}?relay=ws%3A%2F%2F192.168.1.5%3A4000%2Fv2&name=Ann%20%26%20Bob",
            address()
        );
        assert_eq!(link, expected);
        assert_eq!(format!("\n  {link}\t").parse(), Ok(invite));
        assert_eq!(address().to_string().parse(), Ok(Invite::new(address())));
    }

    #[test]
    fn a_link_carries_places_of_local_networks_and_no_others() {
        let places = ["192.168.1.5:4080", "8.8.8.8:4080", "[fe80::1%2]:48267"];
        let invite = Invite::new(address())
            .with_name("Ann")
            .with_lan(places.map(|it| it.parse().unwrap()));
        let link = invite.to_string();
        let lan = "192.168.1.5%3A04080~%5Bfe80%3A%3A1%5D%3A48267";
        assert_eq!(link, format!("{}?name=Ann&lan={lan}", address()));
        assert_eq!(link.parse(), Ok(invite.clone()));
        let decoded = link
            .replace("%3A", ":")
            .replace("%5B", "[")
            .replace("%5D", "]");
        assert_eq!(decoded.parse(), Ok(invite));
        let nonsense = format!("{}?lan=x~1.1.1.1:1&lan=10.0.0.1:1", address());
        let taken: Invite = nonsense.parse().unwrap();
        assert_eq!(taken.lan, ["10.0.0.1:1".parse().unwrap()]);
    }

    #[test]
    fn a_link_never_ends_like_a_sentence() {
        let invite = Invite::new(address()).with_name("Ann Jr.");
        assert!(invite.to_string().ends_with("?name=Ann%20Jr%2E"));
        assert_eq!(invite.to_string().parse(), Ok(invite));
    }

    #[test]
    fn fields_may_come_in_any_order_with_others_between() {
        let link = format!(
            "{}?new=1&&name=B%C3%B6&x&relay=wss%3A%2F%2Fa.b%2Fv1&name=2",
            address()
        );
        let invite: Invite = link.parse().unwrap();
        assert_eq!(invite.name.as_deref(), Some("Bö"));
        assert_eq!(invite.relay.as_deref(), Some("wss://a.b/v2"));
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
        assert_eq!(
            with(&"x".repeat(Invite::MAX_LENGTH)),
            Err(InviteError::TooLong)
        );
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
    fn a_name_that_cannot_be_seen_is_left_out() {
        let invite = Invite::new(address());
        assert_eq!(invite.clone().with_name("\u{200b} ").name, None);
        assert_eq!(invite.with_name("\u{3164}").name, None);
    }

    #[test]
    fn the_longest_invite_fits() {
        let host = "a".repeat(60);
        let invite = Invite::new(address())
            .with_relay(&format!("wss://{host}.{host}.org/v1"))
            .unwrap()
            .with_name(&"🥫".repeat(64))
            .with_lan((1..=4).map(|n| {
                let ip = Ipv6Addr::from_bits((u128::MAX >> 8 | 0xfd << 120) ^ n);
                SocketAddr::from((ip, 48_267))
            }));
        assert_eq!(invite.lan.len(), Invite::MAX_LAN);
        assert!(invite.to_string().len() <= Invite::MAX_LENGTH);
        assert_eq!(invite.to_string().parse(), Ok(invite));
    }

    proptest! {
        #[test]
        fn names_come_back(name in "\\PC{0,80}") {
            let invite = Invite::new(address()).with_name(&name);
            prop_assert!(invite.to_string().len() <= Invite::MAX_LENGTH);
            prop_assert_eq!(invite.to_string().parse(), Ok(invite));
        }

        #[test]
        fn places_come_back(
            v4 in proptest::collection::vec(any::<std::net::SocketAddrV4>(), 0..4),
            v6 in proptest::collection::vec(any::<std::net::SocketAddrV6>(), 0..4),
            near in proptest::collection::vec((0_u16.., 1_u16..), 0..9),
        ) {
            let near = near.into_iter().map(|(host, port)| {
                let [c, d] = host.to_be_bytes();
                SocketAddr::from(([192, 168, c, d], port))
            });
            let places = v4.into_iter().map(SocketAddr::V4).chain(v6.into_iter().map(SocketAddr::V6));
            let invite = Invite::new(address()).with_lan(places.chain(near));
            prop_assert!(invite.lan.len() <= Invite::MAX_LAN);
            prop_assert!(invite.to_string().len() <= Invite::MAX_LENGTH);
            prop_assert_eq!(invite.to_string().parse(), Ok(invite));
        }

        #[test]
        fn any_text_is_judged(text in "\\PC{0,200}", query in "(relay|name|lan)=[ -~]{0,80}") {
            let _any: Result<Invite, _> = text.parse();
            if let Ok(invite) = format!("{}?{query}&{text}", address()).parse::<Invite>() {
                prop_assert!(invite.to_string().len() <= Invite::MAX_LENGTH);
                prop_assert_eq!(invite.to_string().parse(), Ok(invite));
            }
        }
    }
}
