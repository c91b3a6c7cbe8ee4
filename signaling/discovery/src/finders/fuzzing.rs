//! What is private to the finders, for the fuzz targets.

use std::net::Ipv4Addr;

use data_encoding::BASE64URL_NOPAD;
use identity::Identity;

use super::ask::judge;
use super::beacon::{Datagram, Goodbye, SourceProof};
use super::dial_back::{self, who_asks_to_dial_back};
use crate::announcement::Announcement;
use crate::encoding::{Claimed, MIN_PORT};

/// A datagram of the beacon: written again it is read as the same.
pub fn beacon(bytes: &[u8]) {
    let Some(datagram) = Datagram::from_bytes(bytes) else {
        return;
    };
    let written = datagram.to_bytes();
    assert!(written.len() <= Datagram::MAX_BYTES);
    assert_eq!(Datagram::from_bytes(&written), Some(datagram));
}

/// An answer of HTTP, as whoever asks at a place takes it.
pub fn answer(bytes: &[u8]) {
    if let Ok(said) = judge(bytes) {
        assert_eq!(Announcement::from_bytes(&said.to_bytes()), Ok(said));
    }
}

/// The header of whoever asks to be dialled back: written again it is read as the same.
pub fn dial_back_question(text: &str) {
    let said = who_asks_to_dial_back(text);
    if let Some(said) = &said {
        assert!(said.port >= MIN_PORT);
        let written = BASE64URL_NOPAD.encode(&said.to_bytes());
        assert_eq!(who_asks_to_dial_back(&written).as_ref(), Some(said));
    }
    // As the bytes of an announcement, which text hardly ever is.
    let _ = who_asks_to_dial_back(&BASE64URL_NOPAD.encode(text.as_bytes()));
}

/// An answer of HTTP of whoever dialled back, and its body alone.
pub fn dial_back_answer(bytes: &[u8]) {
    let _ = dial_back::judge(bytes, Ipv4Addr::LOCALHOST.into());
    if let Some((outcome, seen_at)) = dial_back::read(bytes) {
        assert_eq!(outcome.told_to((seen_at, 0).into()).as_bytes(), bytes);
    }
}

/// A datagram of each kind.
#[must_use]
pub fn beacons(own: &Identity, other: &Identity) -> Vec<Vec<u8>> {
    let here = Announcement::examples(own, other).map(|it| Datagram::Here {
        claimed: Claimed::from(it),
        source: SourceProof::new(own, [10, 0, 0, 9].into()),
        asks: true,
    });
    let goodbye = Datagram::Goodbye(Goodbye::new(own));
    let all = here.iter().chain([&goodbye]);
    all.map(Datagram::to_bytes).collect()
}
