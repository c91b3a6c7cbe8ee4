//! Announcements that are written, damaged and forged.

use identity::Identity;
use proptest::prelude::*;

use super::*;

/// As DNS-SD reads an announcement.
fn from_txt<'a>(
    port: u16,
    strings: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Announcement, NotAnAnnouncement> {
    Claimed::from_txt(port, strings)?.verify()
}

fn any_announcement() -> impl Strategy<Value = Announcement> {
    let tokens = prop::collection::vec(any::<[u8; 8]>().prop_map(Token), 0..=64);
    let named =
        (any::<[u8; 32]>(), ".{0,80}", any::<[u8; 32]>()).prop_map(|(address, name, half)| {
            Box::new(Named {
                address: Address::from_bytes(address),
                name: Named::clean(&name),
                signature: [half, half].concat().try_into().unwrap(),
            })
        });
    let named = prop::option::of(named);
    (MIN_PORT..=u16::MAX, tokens, named).prop_map(|(port, mut tokens, named)| {
        tokens.sort_unstable();
        let alias = Identity::generate().unwrap();
        Announcement::signed(&alias, port, tokens, named)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(said in any_announcement()) {
        let bytes = said.to_bytes();
        prop_assert!(bytes.len() <= Announcement::MAX_BYTES);
        prop_assert!(said.to_txt().iter().all(|it| it.len() <= 255));
        prop_assert_eq!(Announcement::from_bytes(&bytes), Ok(said));
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..1300)) {
        let _ = Announcement::from_bytes(&bytes);
        let with_header = [MAGIC, &[FORMAT], &bytes].concat();
        let _ = Announcement::from_bytes(&with_header);
    }

    #[test]
    fn any_damage_is_noticed(
        said in any_announcement(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = said.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // A key in the other case is the same one.
        if let Ok(read) = Announcement::from_bytes(&bytes) {
            prop_assert_eq!(read, said);
        }
        prop_assert_eq!(Announcement::from_bytes(&bytes[..at]), Err(NotAnAnnouncement));
    }

    #[test]
    fn any_strings_are_judged(strings in prop::collection::vec(
        prop::collection::vec(any::<u8>(), 0..255), 0..8,
    )) {
        let _ = from_txt(4080, strings.iter().map(Vec::as_slice));
    }
}

#[test]
fn the_longest_name_and_the_most_tokens_fit() {
    let ann = Identity::generate().unwrap();
    let alias = Identity::generate().unwrap();
    let long = Announcement::open(&ann, &alias, 4080, &"\u{1f600}".repeat(64));
    assert_eq!(Announcement::from_bytes(&long.to_bytes()), Ok(long.clone()));
    let named = long.named.unwrap();
    assert_eq!(named.name.len(), Named::MAX_NAME_BYTES);
    assert_eq!(named.verify(&alias.address()), Ok(()));

    let people: Vec<_> = (0..70)
        .map(|_| Identity::generate().unwrap().address())
        .collect();
    let many = Announcement::hidden(&ann, &alias, 4080, &people);
    assert_eq!(many.tokens.len(), Announcement::MAX_TOKENS);
    assert_eq!(Announcement::from_bytes(&many.to_bytes()), Ok(many.clone()));
    assert!(many.to_bytes().len() <= 650);
}

#[test]
fn what_later_versions_add_is_skipped_and_what_is_missing_is_not() {
    let alias = Identity::generate().unwrap();
    let said = Announcement::signed(&alias, 4080, Vec::new(), None);
    let own = said.to_txt();
    let [version, alias, serial, signature] = [0, 1, 2, 3].map(|it| own[it].as_slice());
    let other_case = [b"A", &alias[1..]].concat();
    let strings: &[&[u8]] = &[
        version,
        &other_case,
        b"new=\xff\x00=",
        b"flag",
        b"",
        b"=",
        serial,
        signature,
        b"v=1",
    ];
    assert_eq!(from_txt(4080, strings.iter().copied()), Ok(said));

    let without: [&[&[u8]]; 7] = [
        &[],
        &[version, alias, serial],
        &[alias, serial, signature],
        &[version, alias, signature],
        &[version, b"a=short", serial, signature],
        &[version, alias, serial, b"t0=seven77", signature],
        &[version, alias, serial, b"n=Ann", signature],
    ];
    for strings in without {
        let read = from_txt(4080, strings.iter().copied());
        assert_eq!(read, Err(NotAnAnnouncement), "{strings:?}");
    }
    for port in [0, 22, MIN_PORT - 1] {
        let not_ours = from_txt(port, own.iter().map(Vec::as_slice));
        assert_eq!(not_ours, Err(NotAnAnnouncement), "{port}");
    }
}

#[test]
fn nobody_says_anything_in_the_place_of_an_alias() {
    let [ann, bob, alias, other] = [0; 4].map(|_| Identity::generate().unwrap());
    let hidden = Announcement::hidden(&ann, &alias, 4080, &[bob.address()]);
    let open = Announcement::open(&ann, &alias, 4080, "Ann");
    let forge = |said: &Announcement, change: &dyn Fn(&mut Announcement)| {
        let mut forged = said.clone();
        change(&mut forged);
        let read = Announcement::from_bytes(&forged.to_bytes());
        assert_eq!(read, Err(NotAnAnnouncement));
    };
    for said in [&hidden, &open] {
        forge(said, &|it| it.port = 4999);
        forge(said, &|it| it.version += 1);
        forge(said, &|it| it.serial += 1);
        forge(said, &|it| it.alias = other.address());
        forge(said, &|it| it.tokens.push(Token([0xff; 8])));
        forge(said, &|it| it.signature.0[7] ^= 1);
    }
    forge(&hidden, &|it| it.tokens.truncate(7));
    forge(&hidden, &|it| it.named.clone_from(&open.named));
    forge(&open, &|it| it.named = None);
}
