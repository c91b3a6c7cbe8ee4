//! What official clients sealed opens, what was sealed opens, and nothing else does.

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::escape::{escape, unescape};
use super::h264::{Unfit, check, clear_bytes, normalise};
use super::iv::Ivs;
use super::{Key, KeyRing, OpenError, Opened, Opener, SealError, Sealer};

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn key() -> Key {
    Key::of_bytes(&hex(KEY).try_into().unwrap()).unwrap()
}

fn opener() -> Opener {
    let mut keys = KeyRing::with(key());
    keys.set(1, key());
    Opener::new(keys, SIF.to_vec())
}

fn sealer() -> Sealer {
    Sealer::new(key(), 1).unwrap()
}

/// What was sealed, or that it was nothing.
fn content(opened: Result<Opened, OpenError>) -> Result<Vec<u8>, OpenError> {
    match opened? {
        Opened::Frame(frame, _) => Ok(frame),
        Opened::Empty | Opened::Injected => Ok(Vec::new()),
    }
}

#[test]
fn a_passphrase_makes_the_key_that_official_clients_make() {
    let derived = Key::of_passphrase("tincan test passphrase").unwrap();
    let opener = Opener::new(KeyRing::with(derived), Vec::new());
    assert_eq!(content(opener.sound(&hex(SEALED_SOUND))), Ok(hex(SOUND)));
}

#[test]
fn what_an_official_client_sealed_opens() {
    assert_eq!(content(opener().sound(&hex(SEALED_SOUND))), Ok(hex(SOUND)));
    for sealed in [SEALED_PICTURE_ESCAPED, SEALED_PICTURE] {
        assert_eq!(content(opener().picture(&hex(sealed))), Ok(hex(PICTURE)));
    }
}

#[test]
fn empty_frames_stay_empty_and_frames_of_the_server_are_dropped() {
    assert_eq!(sealer().sound(&[]), Ok(Vec::new()));
    assert_eq!(sealer().picture(&[]), Ok(Vec::new()));
    assert_eq!(opener().sound(&[]), Ok(Opened::Empty));
    assert_eq!(opener().picture(&[]), Ok(Opened::Empty));
    let injected = [&hex(SOUND), SIF].concat();
    assert_eq!(opener().sound(&injected), Ok(Opened::Injected));
    assert_eq!(opener().picture(&injected), Ok(Opened::Injected));
}

#[test]
fn the_silence_that_a_server_sends_in_clear_does_not_open() {
    let silence = [0xf8, 0xff, 0xfe];
    assert_eq!(opener().sound(&silence), Err(OpenError::NotEncrypted));
}

#[test]
fn a_key_that_is_not_in_the_ring_is_named() {
    let mut sealer = Sealer::new(key(), 9).unwrap();
    let sealed = sealer.sound(&hex(SOUND)).unwrap();
    assert_eq!(opener().sound(&sealed), Err(OpenError::UnknownKey(9)));
}

#[test]
fn nothing_without_a_slice_leaves_in_clear() {
    let sets = hex("000000016742000168ce3c80");
    assert_eq!(sealer().picture(&sets), Err(SealError::NoSlice));
    assert_eq!(sealer().picture(&[1, 2, 3]), Err(SealError::NoSlice));
}

#[test]
fn a_picture_is_brought_into_the_form_that_a_depacketiser_makes() {
    // A delimiter, and start codes of three bytes.
    let written = hex("0000000109f000000165b80400000168ce");
    assert_eq!(normalise(&written), hex("0000000165b8040000000168ce"));
}

#[test]
fn pictures_that_libwebrtc_cannot_decrypt_are_told_apart() {
    let sets = "00000001674240160000000168ce3c80";
    let with = |rest: &str| check(&hex(&format!("{sets}{rest}")));
    assert_eq!(with("0000000165b80420"), Ok(()));
    assert_eq!(with("0000000165880420"), Err(Unfit::LongSliceHeader));
    assert_eq!(with(""), Err(Unfit::NoSlice));
    assert_eq!(check(&hex("0000000165b80420")), Err(Unfit::NoParameterSets));
    let sei = format!("0000000106{}0000000165b80420", "55".repeat(240));
    assert_eq!(with(&sei), Err(Unfit::LongHeader));
}

#[test]
fn ivs_differ_and_hold_no_byte_that_is_escaped() {
    let mut seen = std::collections::HashSet::new();
    for mut ivs in [Ivs::new().unwrap(), Ivs::new().unwrap()] {
        for _ in 0..100_000 {
            let iv = ivs.take().unwrap();
            assert!(iv.iter().all(|&byte| byte > 3));
            assert!(seen.insert(iv), "an IV came twice");
        }
    }
}

fn picture() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop::sample::select(vec![0_u8, 0, 0, 1, 2, 3, 0x65, 0xb8]),
        0..300,
    )
    .prop_map(|rest| {
        let head = hex("000000016742401600000168ce3c800000000165b8");
        normalise(&[head, rest].concat())
    })
}

proptest! {
    #[test]
    fn any_sound_that_was_sealed_opens(sound in prop::collection::vec(any::<u8>(), 0..300)) {
        let sealed = sealer().sound(&sound).unwrap();
        prop_assert_eq!(content(opener().sound(&sealed)), Ok(sound));
    }

    #[test]
    fn any_picture_that_was_sealed_opens_and_has_no_start_code_behind_its_clear_bytes(
        picture in picture(),
    ) {
        let sealed = sealer().picture(&picture).unwrap();
        let clear = clear_bytes(&sealed).unwrap();
        let body = &sealed[clear..];
        prop_assert!(!body.windows(3).any(|it| it[0] == 0 && it[1] == 0 && it[2] < 3));
        prop_assert_eq!(content(opener().picture(&sealed)), Ok(picture));
    }

    #[test]
    fn a_frame_that_was_changed_does_not_open(
        picture in picture(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let mut keys = KeyRing::default();
        keys.set(1, key());
        let opener = Opener::new(keys, SIF.to_vec());
        let mut sealed = sealer().picture(&picture).unwrap();
        let place = at.index(sealed.len());
        sealed[place] ^= 1 << bit;
        prop_assert!(opener.picture(&sealed).is_err());
        let mut sealed = sealer().sound(&picture).unwrap();
        let place = at.index(sealed.len());
        sealed[place] ^= 1 << bit;
        prop_assert!(opener.sound(&sealed).is_err());
    }

    #[test]
    fn random_bytes_never_open_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
        prop_assert!(!matches!(opener().sound(&bytes), Ok(Opened::Frame(..))));
        prop_assert!(!matches!(opener().picture(&bytes), Ok(Opened::Frame(..))));
        prop_assert!(opener().data(&bytes, &bytes, 0).is_err());
        let _: Result<_, _> = check(&bytes);
        let whole = normalise(&bytes);
        prop_assert_eq!(&normalise(&whole), &whole);
    }

    #[test]
    fn escapes_are_undone(bytes in prop::collection::vec(0_u8..5, 0..200)) {
        let mut escaped = Vec::new();
        escape(&bytes, &mut escaped);
        prop_assert_eq!(unescape(&escaped), bytes);
    }
}

/// Made by `livekit/server-sdk-go` at 9b5928e4 (`DeriveKeyFromString`, `EncryptGCMAudioSample`,
/// `EncryptGCMH264Sample`) of the passphrase "tincan test passphrase".
const KEY: &str = "d409b59571ce03a736ba1e7bf2188cc0";
const SOUND: &str = "f8a1b2c3d4e5000001000003ff";
const SEALED_SOUND: &str =
    "f838edf0768bb88a6a1e795b91ee39aa9f20c9ef98fc5165afc37b717b4a50b5e4b7b713b008cf2bc30c00";
/// SPS, PPS, a slice with what looks like start codes, and another slice.
const PICTURE: &str = "0000000167424016da0280f6840000000168ce3c800000000165b804200000000001000003\
                       01ff000000016542aa";
/// Key index 0, so the last byte is zero; with an escape in its ciphertext.
const SEALED_PICTURE_ESCAPED: &str = "0000000167424016da0280f6840000000168ce3c800000000165b89b258aa24c481a1812df1d49bb7f528fa38a\
     93c106106eef80544fd434c61c22000003016825592e6f73bb6f90b1b1200c00";
/// Key index 1.
const SEALED_PICTURE: &str = "0000000167424016da0280f6840000000168ce3c800000000165b860a4abd78bdff55da74d44d1df28d87a51d9\
     6a2c3d6c21ef67ade2f2c2e68820ff3b0db549a999ad8fda134a9e6a4f0c01";
/// As a server names it.
const SIF: &[u8] = b"LKROCKS";
