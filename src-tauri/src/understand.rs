//! What a text that the user types or pastes means, before anything is done with it.

use discovery::{NotAPlace, Place};
use engine::view::NearbyPerson;
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
    /// A place on the network, where somebody may be.
    Place {
        /// The place as typed: a host name or an IP address, with a port or without.
        place: String,
        /// Who is there, once they proved it; null before.
        person: Option<NearbyPerson>,
        /// How far the question is.
        state: PlaceState,
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

/// What is known of a place on the network that the user typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PlaceState {
    /// Nobody is asked: this program is no member of local networks now.
    NotLooking,
    /// Whoever is there is asked.
    Asking,
    /// Nobody answers.
    Nobody,
    /// Somebody who does not say to us who they are.
    Hidden,
    /// They are known.
    Found,
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
        Err(InviteError::Address(AddressError::NotAnAddress)) => match text.parse::<Place>() {
            Ok(place) => Understood::Place {
                place: place.to_string(),
                person: None,
                state: PlaceState::Asking,
            },
            Err(NotAPlace) => Understood::Unknown,
        },
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
        assert_eq!(of("Bea Braun"), Understood::Unknown);
        let place = |place: &str| Understood::Place {
            place: place.to_owned(),
            person: None,
            state: PlaceState::Asking,
        };
        assert_eq!(of("Bea"), place("Bea"));
        assert_eq!(of(" 192.168.1.20:99"), place("192.168.1.20:99"));
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
