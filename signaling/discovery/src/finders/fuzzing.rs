//! What is private to the finders, for the fuzz targets.

use identity::Identity;

use super::ask::judge;
use super::beacon::{Datagram, Goodbye, SourceProof};
use crate::announcement::Announcement;
use crate::encoding::Claimed;
use crate::fuzzing::seeds::said;

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

/// A datagram of each kind.
#[must_use]
pub fn beacons(own: &Identity, other: &Identity) -> Vec<Vec<u8>> {
    let here = said(own, other).map(|it| Datagram::Here {
        claimed: Claimed::from(it),
        source: SourceProof::new(own, [10, 0, 0, 9].into()),
        asks: true,
    });
    let goodbye = Datagram::Goodbye(Goodbye::new(own));
    let all = here.iter().chain([&goodbye]);
    all.map(Datagram::to_bytes).collect()
}
