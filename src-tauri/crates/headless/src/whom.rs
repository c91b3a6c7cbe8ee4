//! Whom a text on the command line names: an address or a link, somebody by name, or whoever is at
//! a place on the network.

use std::time::Duration;

use discovery::{NotAPlace, Place};
use engine::view::{LanState, NearbyPerson};
use engine::{Engine, WhoIsThere};
use identity::{Address, AddressError, Invite, InviteError};
use store::Person;
use tokio::time::timeout;

/// Why nobody is called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NobodyNamed {
    /// It looks like an address or a link, and is none.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// Several people have that name.
    #[error(
        "several people are called {0}: use an address, see `tincan contacts` and `tincan nearby`"
    )]
    Several(String),
    /// Somebody is at that place who does not say to us who they are.
    #[error("somebody is there, who does not say who they are: ask them for their link")]
    Hidden,
    /// No contact, nobody near and no computer has that name.
    #[error("no contact, nobody on your networks and no computer there is called {0}")]
    Nobody(String),
}

/// Finds whom `text` names: an address or a link in it, else a contact by name, else somebody on our
/// networks by name, else whoever is at a place of that name.
///
/// # Errors
/// When it names nobody, or more than one.
pub async fn find(text: &str, engine: &Engine, people: &[Person]) -> Result<Invite, NobodyNamed> {
    match Invite::find(text) {
        Err(InviteError::Address(AddressError::NotAnAddress)) => {}
        found => return Ok(found?),
    }
    let name = text.trim();
    let saved = people
        .iter()
        .filter(|it| it.contact && is_called(name, shown_name(it)));
    if let Some(found) = only(name, saved.map(|it| it.address.as_str()))? {
        return Ok(found.with_name(name));
    }
    if let Some(found) = nearby(name, engine).await? {
        return Ok(found);
    }
    let places = match name.parse::<Place>() {
        Ok(place) => place.resolve().await,
        Err(NotAPlace) => Vec::new(),
    };
    if places.is_empty() {
        return Err(NobodyNamed::Nobody(name.to_owned()));
    }
    match engine.who_is_at(places).await {
        WhoIsThere::Person(person) => {
            let address = person.address.parse::<Address>();
            let address = address.map_err(InviteError::Address)?;
            Ok(Invite::new(address).with_name(&person.name))
        }
        WhoIsThere::Hidden => Err(NobodyNamed::Hidden),
        WhoIsThere::NotLooking | WhoIsThere::Nobody => Err(NobodyNamed::Nobody(name.to_owned())),
    }
}

/// Waits until somebody of that name is near, a moment at most: this program has only just started.
async fn nearby(name: &str, engine: &Engine) -> Result<Option<Invite>, NobodyNamed> {
    let mut views = engine.views();
    let look = async {
        loop {
            let lan = views.borrow_and_update().lan.clone();
            let called: Vec<NearbyPerson> = lan
                .nearby
                .into_iter()
                .filter(|it| is_called(name, &it.name))
                .collect();
            let is_out = matches!(lan.state, LanState::Off | LanState::Failed);
            if is_out || !called.is_empty() || views.changed().await.is_err() {
                return called;
            }
        }
    };
    let called = timeout(LOOK, look).await.unwrap_or_default();
    let found = only(name, called.iter().map(|it| it.address.as_str()))?;
    Ok(found.map(|it| it.with_name(name)))
}

fn only<'a>(
    name: &str,
    mut addresses: impl Iterator<Item = &'a str>,
) -> Result<Option<Invite>, NobodyNamed> {
    match (addresses.next(), addresses.next()) {
        (None, _) => Ok(None),
        (Some(address), None) => {
            let address = address.parse::<Address>().map_err(InviteError::Address)?;
            Ok(Some(Invite::new(address)))
        }
        (Some(_), Some(_)) => Err(NobodyNamed::Several(name.to_owned())),
    }
}

/// What a contact is called here.
fn shown_name(person: &Person) -> &str {
    if person.name.is_empty() {
        &person.their_name
    } else {
        &person.name
    }
}

/// Whether somebody is called so, whatever the case.
fn is_called(wanted: &str, name: &str) -> bool {
    !name.is_empty() && wanted.to_lowercase() == name.to_lowercase()
}

/// People who are near are heard and proven within a second.
const LOOK: Duration = Duration::from_millis(1500);

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> String {
        identity::Identity::generate()
            .unwrap()
            .address()
            .to_string()
    }

    #[test]
    fn a_name_means_one_person_or_none() {
        let (ada, bea) = (somebody(), somebody());
        assert_eq!(only("x", [].into_iter()), Ok(None));
        let found = only("x", [ada.as_str()].into_iter()).unwrap().unwrap();
        assert_eq!(found.address.to_string(), ada);
        let two = only("x", [ada.as_str(), bea.as_str()].into_iter());
        assert_eq!(two, Err(NobodyNamed::Several("x".to_owned())));
    }

    #[test]
    fn names_are_compared_whatever_their_case() {
        assert!(is_called("bea BRAUN", "Bea Braun") && is_called("ÖZ", "öz"));
        assert!(!is_called("Bea", "Bea Braun") && !is_called("", ""));
    }
}
