//! Exports that were damaged, forged or made to hurt.

use proptest::prelude::*;

use super::*;
use crate::history::HistoryPeer;
use crate::person::PinnedHow;
use crate::texts::KeptTextState;

const PASSPHRASE: &str = "four words are fine";

/// Costs next to nothing, so that thousands can be made.
fn cheap() -> Header {
    Header {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
        ..Header::new().unwrap()
    }
}

fn contents() -> Contents {
    let mut person = Person::new(&Identity::generate().unwrap().address());
    person.contact = true;
    person.name = "Bea".to_owned();
    person.pinned_at = Some(7);
    person.pinned_how = Some(PinnedHow::Words);
    let address = person.address.clone();
    Contents {
        settings: Settings {
            name: "Ann".to_owned(),
            camera: Some("the camera of this computer".to_owned()),
            ..Settings::default()
        },
        history: vec![HistoryEntry {
            peer: HistoryPeer {
                address: person.address.clone(),
                name: "Bea".to_owned(),
            },
            relay: None,
            at: 5,
            outgoing: true,
            reason: "localHangup".to_owned(),
            accepted: false,
            lasted_ms: Some(5),
            record: Some(crate::record::tests::RECORD),
        }],
        people: vec![person],
        whereabouts: Vec::new(),
        texts: vec![KeptText {
            address: address.clone(),
            call: "0000000000000001".to_owned(),
            number: 0,
            at: 5,
            text: "see you\ntomorrow".to_owned(),
            state: KeptTextState::Delivered,
        }],
    }
}

fn sealed(header: &Header) -> (Identity, Contents, Vec<u8>) {
    let identity = Identity::generate().unwrap();
    let contents = contents();
    let bytes = seal_with(&identity, &contents, PASSPHRASE, header).unwrap();
    (identity, contents, bytes)
}

fn refusal(bytes: &[u8], passphrase: &str) -> TransferError {
    match open(bytes, passphrase) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn what_was_sealed_is_opened_by_its_passphrase_without_the_devices() {
    let header = Header::new().unwrap();
    assert!(header.memory_kib >= 64 * 1024 && header.passes >= 3);
    let (identity, mut expected, bytes) = sealed(&header);
    let carried = open(&bytes, PASSPHRASE).unwrap();
    assert_eq!(carried.identity.address(), identity.address());
    expected.settings.camera = None;
    assert_eq!(carried.contents, expected);
    assert_eq!(
        refusal(&bytes, "four words are fine."),
        TransferError::WrongPassphrase
    );
}

#[test]
fn nothing_of_the_contents_can_be_read_without_the_passphrase() {
    let (identity, _, bytes) = sealed(&cheap());
    let has = |what: &[u8]| bytes.windows(what.len()).any(|it| it == what);
    assert!(!has(identity.seed()) && !has(b"Bea") && !has(b"camera"));
    let again = seal_with(&identity, &contents(), PASSPHRASE, &cheap()).unwrap();
    assert_ne!(bytes[Header::LENGTH..], again[Header::LENGTH..]);
}

#[test]
fn a_short_passphrase_is_refused() {
    let identity = Identity::generate().unwrap();
    for short in ["", "seven77", "äöüäöüä"] {
        let refused = seal_with(&identity, &contents(), short, &cheap());
        let weak = matches!(
            refused,
            Err(StoreError::Transfer(TransferError::WeakPassphrase))
        );
        assert!(weak, "{short}");
    }
    seal_with(&identity, &contents(), "äöüäöüäö", &cheap()).unwrap();
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (_, _, bytes) = sealed(&cheap());
    let (header, _) = Header::parse(&bytes).unwrap();
    let cipher = cipher(&header, PASSPHRASE).unwrap();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            // With the right key at hand, so that the header has to hold by itself.
            let opened = Header::parse(&flipped)
                .and_then(|(header, sealed)| open_with(&cipher, &header, sealed));
            assert!(opened.is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn an_export_that_was_cut_off_is_refused_wherever() {
    let (_, _, bytes) = sealed(&cheap());
    for length in 0..bytes.len() {
        let error = refusal(&bytes[..length], PASSPHRASE);
        let expected = match length {
            0..=8 => TransferError::NotAnExport,
            _ => TransferError::WrongPassphrase,
        };
        assert_eq!(error, expected, "{length}");
    }
}

#[test]
fn a_header_that_asks_for_gigabytes_or_hours_is_refused() {
    let costs = [
        (u32::MAX, 3, 4),
        (256 * 1024 + 1, 3, 4),
        (64 * 1024, u32::MAX, 4),
        (64 * 1024, 3, u32::MAX),
    ];
    for (memory_kib, passes, lanes) in costs {
        let header = Header {
            memory_kib,
            passes,
            lanes,
            ..cheap()
        };
        let bytes = [&header.to_bytes()[..], &[0; 100]].concat();
        assert_eq!(refusal(&bytes, PASSPHRASE), TransferError::TooCostly);
    }
    for (memory_kib, passes, lanes) in [(0, 0, 0), (8, 0, 1), (8, 1, 0), (7, 1, 1)] {
        let header = Header {
            memory_kib,
            passes,
            lanes,
            ..cheap()
        };
        let bytes = [&header.to_bytes()[..], &[0; 100]].concat();
        assert_eq!(refusal(&bytes, PASSPHRASE), TransferError::WrongPassphrase);
    }
    let (_, _, mut long) = sealed(&cheap());
    long.resize(MAX_BYTES + 1, 0);
    assert_eq!(refusal(&long, PASSPHRASE), TransferError::TooCostly);
}

#[test]
fn other_files_and_newer_versions_are_named() {
    for bytes in [&b""[..], b"PK\x03\x04", b"{\"name\":\"Ann\"}", &[0; 1000]] {
        assert_eq!(refusal(bytes, PASSPHRASE), TransferError::NotAnExport);
    }
    let (_, _, mut bytes) = sealed(&cheap());
    bytes[8] = 2;
    assert_eq!(refusal(&bytes, PASSPHRASE), TransferError::Newer(2));
}

/// Seals anything, as somebody would who wants to hurt the one who imports it.
fn forged(plain: &[u8]) -> Vec<u8> {
    let header = cheap();
    let head = header.to_bytes();
    let mut buffer = plain.to_vec();
    let tag = cipher(&header, PASSPHRASE)
        .unwrap()
        .encrypt_in_place_detached(&header.nonce.into(), &head, &mut buffer)
        .unwrap();
    [&head[..], &buffer, &tag].concat()
}

#[test]
fn contents_that_make_no_sense_are_refused_and_others_brought_within_their_limits() {
    let seed = *Identity::generate().unwrap().seed();
    for plain in [
        &b""[..],
        b"short",
        &[7; 32],
        &[&[7; 32][..], b"{}"].concat(),
        &[&seed[..], b""].concat(),
        &[&seed[..], b"5"].concat(),
        &[&seed[..], br#"{"people":[5]}"#].concat(),
    ] {
        let error = refusal(&forged(plain), PASSPHRASE);
        assert_eq!(error, TransferError::BadContents);
    }
    let text = r#"{"settings":{"ringSeconds":5000,"camera":"x"},
        "people":[{"address":"nobody","name":"","theirName":"","contact":true,"blocked":false,
            "pinnedAt":null,"pinnedHow":null}]}"#;
    let carried = open(&forged(&[&seed[..], text.as_bytes()].concat()), PASSPHRASE).unwrap();
    assert_eq!(carried.contents.settings.ring_seconds, 90);
    assert_eq!(carried.contents.settings.camera, None);
    assert!(carried.contents.people.is_empty());
}

proptest! {
    #[test]
    fn no_bytes_make_reading_a_header_panic_or_cost_much(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        is_ours in any::<bool>(),
    ) {
        if is_ours && bytes.len() > 9 {
            let start = cheap().to_bytes();
            bytes[..9].copy_from_slice(&start[..9]);
        }
        if let Ok((header, _)) = Header::parse(&bytes) {
            prop_assert!(header.memory_kib <= 256 * 1024);
            prop_assert_eq!(&header.to_bytes()[..], &bytes[..Header::LENGTH]);
        }
    }

    #[test]
    fn no_contents_make_reading_panic(plain in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&plain);
    }

    #[test]
    fn what_a_header_says_is_read_as_it_was_written(
        memory_kib in 0_u32..=256 * 1024,
        passes in 0_u32..=16,
        lanes in 0_u32..=16,
        salt: [u8; 16],
        nonce: [u8; 12],
    ) {
        let header = Header { memory_kib, passes, lanes, salt, nonce };
        let bytes = [&header.to_bytes()[..], &[1; 16]].concat();
        prop_assert_eq!(Header::parse(&bytes), Ok((header, &[1_u8; 16][..])));
    }
}
