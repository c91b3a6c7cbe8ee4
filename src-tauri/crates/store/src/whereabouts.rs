//! Where people were met on local networks: they are asked there first the next time.

use std::fmt;
use std::net::SocketAddr;

use identity::Address;

/// The places where one person was.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    /// Whose.
    pub(crate) address: Address,
    /// The newest first.
    pub(crate) places: Vec<SocketAddr>,
}

impl Whereabouts {
    /// As text, for the database.
    pub(crate) fn text(&self) -> String {
        let places: Vec<_> = self.places.iter().map(ToString::to_string).collect();
        places.join(" ")
    }

    /// Reads what [`Whereabouts::text`] wrote, within its limits; none where no place is left.
    pub(crate) fn parse(address: &str, places: &str) -> Option<Self> {
        let places = places.split(' ').map_while(|it| it.parse().ok());
        Some(Self {
            address: address.parse().ok()?,
            places: kept(places),
        })
        .filter(|it| !it.places.is_empty())
    }
}

/// Remembers that somebody was met at these places, the best first, which come before those of
/// earlier times. `all` has the one who was met last at its end. Returns whether anything is new.
pub(crate) fn met(all: &mut Vec<Whereabouts>, address: Address, places: &[SocketAddr]) -> bool {
    let at = all.iter().position(|it| it.address == address);
    let before = at.map(|at| &all[at].places[..]).unwrap_or_default();
    let now = kept(places.iter().chain(before).copied());
    if now == before {
        return false;
    }
    if let Some(at) = at {
        all.remove(at);
    }
    let places = now;
    all.push(Whereabouts { address, places });
    let excess = all.len().saturating_sub(MAX_PEOPLE);
    all.drain(..excess);
    true
}

/// The first places where somebody can be, each once.
fn kept(places: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut kept = Vec::new();
    for place in places.filter(|it| it.port() != 0 && !it.ip().is_unspecified()) {
        if kept.len() == MAX_PLACES {
            break;
        }
        if !kept.contains(&place) {
            kept.push(place);
        }
    }
    kept
}

impl fmt::Debug for Whereabouts {
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Whereabouts(…)")
    }
}

/// At home and at work, by IPv4 and IPv6.
pub(crate) const MAX_PLACES: usize = 4;

/// Those met least lately go first: whom one has not seen at a place for so many others, one seldom
/// calls there.
pub(crate) const MAX_PEOPLE: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn somebody(n: u16) -> Address {
        let [a, b] = n.to_be_bytes();
        let mut bytes = [9; 32];
        (bytes[0], bytes[1]) = (a, b);
        Address::from_bytes(bytes)
    }

    fn places(text: &str) -> Vec<SocketAddr> {
        text.split(' ').map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn the_newest_places_come_first_and_the_oldest_go() {
        let mut all = Vec::new();
        let ann = somebody(1);
        assert!(met(&mut all, ann, &places("10.0.0.1:1 [fe80::1%2]:1")));
        assert!(!met(&mut all, ann, &places("10.0.0.1:1")), "nothing new");
        assert!(met(
            &mut all,
            ann,
            &places("10.0.0.2:1 10.0.0.1:1 10.0.0.3:1")
        ));
        assert!(met(
            &mut all,
            ann,
            &places("10.0.0.4:1 0.0.0.0:1 10.0.0.4:0")
        ));
        let expected = places("10.0.0.4:1 10.0.0.2:1 10.0.0.1:1 10.0.0.3:1");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].places, expected);
        assert_eq!(
            Whereabouts::parse(&ann.to_string(), &all[0].text()).as_ref(),
            all.first()
        );
    }

    #[test]
    fn those_met_least_lately_make_room() {
        let mut all = Vec::new();
        for n in 0..300 {
            met(&mut all, somebody(n), &places("10.0.0.1:1"));
        }
        assert_eq!(all.len(), MAX_PEOPLE);
        assert!(!all.iter().any(|it| it.address == somebody(43)));
        met(&mut all, somebody(44), &places("10.0.0.2:1"));
        met(&mut all, somebody(300), &places("10.0.0.2:1"));
        assert!(all.iter().any(|it| it.address == somebody(44)));
        assert!(!all.iter().any(|it| it.address == somebody(45)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_within_its_limits(text in "([0-9a-f.:%\\[\\]]{0,20} ?){0,9}") {
            let read = Whereabouts::parse(&somebody(1).to_string(), &text);
            if let Some(read) = read {
                prop_assert!(read.places.len() <= MAX_PLACES);
                prop_assert_eq!(Whereabouts::parse(&somebody(1).to_string(), &read.text()), Some(read));
            }
        }
    }
}
