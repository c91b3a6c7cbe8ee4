//! Whom an announcement is of, as far as it says so to us.

use std::fmt;

use identity::{Address, Identity};

use crate::announcement::Announcement;
use crate::token::Pair;

/// The people whom an identity knows, with the secrets that it shares with each: computed once,
/// since each costs a key agreement.
pub struct Acquaintances {
    own: Address,
    /// What our identity has with itself; `None` if it is no usable key.
    own_pair: Option<Pair>,
    people: Vec<(Address, Pair)>,
}

/// Whom an announcement claims to be of. A hint: a sealed session proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// Somebody whom we know.
    Acquaintance(Address),
    /// Somebody whom we do not know and who tells everybody: its address and name. Signed by that
    /// identity, maybe long ago and heard from elsewhere now.
    Named(Address, String),
}

impl Acquaintances {
    /// The people whom `identity` knows. Those that are no usable key are left out.
    #[must_use]
    pub fn new(identity: &Identity, people: impl IntoIterator<Item = Address>) -> Self {
        let pair = |other| Some((other, Pair::new(identity, &other).ok()?));
        Self {
            own: identity.address(),
            own_pair: Pair::new(identity, &identity.address()).ok(),
            people: people.into_iter().filter_map(pair).collect(),
        }
    }

    /// Whom an announcement is of. `None` when it does not say so to us, or says that it is ours.
    #[must_use]
    pub fn recognise(&self, announcement: &Announcement) -> Option<Recognised> {
        if let Some(named) = &announcement.named {
            let known = self.people.iter().any(|it| it.0 == named.address);
            return match named.verify(&announcement.alias) {
                Ok(()) if named.address == self.own => None,
                Ok(()) if known => Some(Recognised::Acquaintance(named.address)),
                Ok(()) => Some(Recognised::Named(named.address, named.name.clone())),
                Err(_) => None,
            };
        }
        if announcement.tokens.is_empty() {
            return None;
        }
        let told = |(other, pair): &&(Address, Pair)| {
            let token = pair.token(&announcement.alias, other);
            announcement.tokens.contains(&token)
        };
        self.people
            .iter()
            .find(told)
            .map(|(other, _)| Recognised::Acquaintance(*other))
    }

    /// Whether an announcement is one that our identity makes, to these people or to everybody: only
    /// it knows the secrets of both the tokens and the decoys.
    #[must_use]
    pub fn is_own(&self, announcement: &Announcement) -> bool {
        let alias = &announcement.alias;
        if let Some(named) = &announcement.named {
            return named.address == self.own && named.verify(alias).is_ok();
        }
        let decoys = self.own_pair.iter().flat_map(|pair| {
            let numbers = (0..).take(Announcement::TOKEN_STEP);
            numbers.map(|it| pair.decoy(alias, it))
        });
        let told = self
            .people
            .iter()
            .map(|(_, pair)| pair.token(alias, &self.own));
        decoys
            .chain(told)
            .any(|it| announcement.tokens.contains(&it))
    }
}

impl fmt::Debug for Acquaintances {
    /// Who knows whom stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acquaintances(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people<const N: usize>() -> [Identity; N] {
        [0; N].map(|_| Identity::generate().unwrap())
    }

    #[test]
    fn people_who_know_each_other_recognise_one_another_and_nobody_else_does() {
        let [ann, bob, eve, alias] = people();
        let known = [eve.address(), bob.address()];
        let said = Announcement::hidden(&ann, &alias, 1, &known);
        let seen_by = |who: &Identity, knows: &[&Identity]| {
            let knows = knows.iter().map(|it| it.address());
            Acquaintances::new(who, knows).recognise(&said)
        };
        let ann_found = Some(Recognised::Acquaintance(ann.address()));
        assert_eq!(seen_by(&bob, &[&eve, &ann]), ann_found);
        assert_eq!(seen_by(&eve, &[&ann]), ann_found);
        assert_eq!(seen_by(&bob, &[&eve]), None);
        let [zoe] = people();
        assert_eq!(seen_by(&zoe, &[&ann, &bob, &eve]), None);
        assert_eq!(seen_by(&ann, &[&ann, &bob, &eve]), None);
    }

    #[test]
    fn what_an_identity_announces_is_its_own_and_nobody_elses() {
        let [ann, bob, alias, other] = people();
        let eight = people::<8>().map(|it| it.address());
        let says = |who: &Identity| {
            [
                Announcement::hidden(who, &alias, 1, &[]),
                Announcement::hidden(who, &alias, 1, &[ann.address(), bob.address()]),
                Announcement::hidden(who, &alias, 1, &eight),
                Announcement::open(who, &alias, 1, "Ann"),
            ]
        };
        let others = [ann.address(), bob.address()];
        let known = Acquaintances::new(&ann, eight.iter().copied().chain(others));
        assert_eq!(says(&ann).map(|it| known.is_own(&it)), [true; 4]);
        assert_eq!(says(&bob).map(|it| known.is_own(&it)), [false; 4]);
        let elsewhere = says(&ann).map(|it| Announcement {
            alias: other.address(),
            ..it
        });
        assert_eq!(elsewhere.map(|it| known.is_own(&it)), [false; 4]);
    }

    #[test]
    fn tokens_of_another_alias_are_not_recognised() {
        let [ann, bob, alias, other] = people();
        let mut said = Announcement::hidden(&ann, &alias, 1, &[bob.address()]);
        said.alias = other.address();
        let known = Acquaintances::new(&bob, [ann.address()]);
        assert_eq!(known.recognise(&said), None);
        // What Bob could say of himself is not taken for Ann, so tokens cannot be reflected.
        let own = Announcement::hidden(&bob, &alias, 1, &[ann.address()]);
        assert_eq!(known.recognise(&own), None);
    }

    #[test]
    fn the_number_and_order_of_tokens_say_little_and_stay_the_same() {
        let [ann, alias] = people();
        let known = people::<9>().map(|it| it.address());
        let say = |known: &[Address]| Announcement::hidden(&ann, &alias, 1, known);
        for (people, tokens) in [(0, 8), (1, 8), (8, 8), (9, 16)] {
            let said = say(&known[..people]);
            assert_eq!(said.tokens.len(), tokens);
            assert!(said.tokens.is_sorted());
            let mut turned = known[..people].to_vec();
            turned.reverse();
            assert_eq!(say(&turned), said);
        }
        let mut distinct = say(&known).tokens;
        distinct.dedup();
        assert_eq!(distinct.len(), 16);
    }

    #[test]
    fn a_name_holds_only_with_the_signature_of_its_identity() {
        let [ann, bob, alias, other] = people();
        let said = Announcement::open(&ann, &alias, 1, " Ann\u{202e} ");
        let strangers = Acquaintances::new(&bob, []);
        let named = Recognised::Named(ann.address(), "Ann".to_owned());
        assert_eq!(strangers.recognise(&said), Some(named));
        let friends = Acquaintances::new(&bob, [ann.address()]);
        let known = Some(Recognised::Acquaintance(ann.address()));
        assert_eq!(friends.recognise(&said), known);
        assert_eq!(Acquaintances::new(&ann, []).recognise(&said), None);

        let forge = |change: fn(&mut Announcement, &Identity)| {
            let mut said = said.clone();
            change(&mut said, &other);
            assert_eq!(strangers.recognise(&said), None);
            assert_eq!(friends.recognise(&said), None);
        };
        forge(|it, other| it.alias = other.address());
        forge(|it, _| it.named.as_mut().unwrap().name = "Anna".to_owned());
        forge(|it, other| it.named.as_mut().unwrap().address = other.address());
        forge(|it, _| it.named.as_mut().unwrap().signature[5] ^= 1);
    }
}
