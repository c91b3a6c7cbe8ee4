//! What a text that the user types or pastes means, before anything is done with it.

use identity::{Address, AddressError, Invite, InviteError};
use serde::Serialize;
use ts_rs::TS;

/// What a text is understood as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum Understood {
    /// Nothing was typed.
    Nothing,
    /// Somebody who can be called.
    Person {
        /// Their address in its text form.
        address: String,
        /// What their link calls them; empty when it does not.
        name: String,
        /// The relay that their link names; null when it names none.
        relay: Option<String>,
        /// What to dial: exactly what is said here.
        link: String,
    },
    /// Our own address, which cannot be called.
    Own,
    /// It looks like an address, but it is not complete or has a typing error.
    Incomplete,
    /// The link names a relay by something that is no relay's URL.
    BadRelay,
    /// There is no address and no link in it.
    Unknown,
}

/// Understands `text`, where `own` is our address: the first invite in it counts, whatever stands
/// around it. Pure.
pub(crate) fn understand(text: &str, own: &Address) -> Understood {
    if text.trim().is_empty() {
        return Understood::Nothing;
    }
    match Invite::find(text) {
        Ok(invite) if invite.address == *own => Understood::Own,
        Ok(invite) => Understood::Person {
            link: invite.to_string(),
            address: invite.address.to_string(),
            name: invite.name.unwrap_or_default(),
            relay: invite.relay,
        },
        Err(InviteError::Address(AddressError::NotAnAddress)) => Understood::Unknown,
        Err(InviteError::Address(_) | InviteError::TooLong) => Understood::Incomplete,
        Err(InviteError::Relay(_)) => Understood::BadRelay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> Address {
        identity::Identity::generate().unwrap().address()
    }

    #[test]
    fn what_people_paste_is_told_apart() {
        let (own, other) = (somebody(), somebody());
        let link = |name: &str, relay: Option<&str>| {
            let invite = Invite::new(other).with_name(name);
            let with_relay = |url| invite.clone().with_relay(url).unwrap();
            relay.map_or_else(|| invite.clone(), with_relay).to_string()
        };
        let person = |name: &str, relay: Option<&str>| Understood::Person {
            address: other.to_string(),
            name: name.to_owned(),
            relay: relay.map(str::to_owned),
            link: link(name, relay),
        };
        let of = |text: &str| understand(text, &own);
        assert_eq!(of("  "), Understood::Nothing);
        assert_eq!(of(&format!(" {other}\n")), person("", None));
        let full = format!("{other}?relay=ws%3A%2F%2Fr.org%2Fv1&name=Bea");
        assert_eq!(of(&full), person("Bea", Some("ws://r.org/v2")));
        assert_eq!(of(&own.to_string()), Understood::Own);
        let text = other.to_string();
        assert_eq!(of(&text[..text.len() - 3]), Understood::Incomplete);
        assert_eq!(of("Bea"), Understood::Unknown);
        assert_eq!(
            of(&format!("{other}?relay=http%3A%2F%2Fr.org")),
            Understood::BadRelay
        );
        for around in [
            "Call me: <*>.",
            "*,\nthanks",
            "[me](*)",
            "\u{200b}*\u{200b}",
        ] {
            let text = around.replace('*', &link("Bea", None));
            assert_eq!(of(&text), person("Bea", None), "{around}");
        }
    }
}
