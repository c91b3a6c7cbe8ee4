//! The parsers of what neighbours say, as the fuzz targets call them. Each function reads a
//! stranger's bytes, and asserts what holds of everything that is read.

use identity::Identity;

use crate::acquaintances::Acquaintances;
use crate::announcement::{Announcement, label};
use crate::encoding::Claimed;
pub use crate::finders::fuzzing::{answer, beacon, dial_back_answer, dial_back_question};
pub use crate::seeds;

/// An announcement in its own form, and whom `people` recognise in it.
pub fn announcement(bytes: &[u8], people: &Acquaintances) {
    if let Ok(claimed) = Claimed::from_bytes(bytes) {
        assert!(bytes.len() <= Announcement::MAX_BYTES);
        holds(&claimed, people);
    }
}

/// The strings of a TXT record, each behind a byte of its length.
pub fn txt(port: u16, mut bytes: &[u8], people: &Acquaintances) {
    let mut strings = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (string, rest) = rest.split_at(rest.len().min((*length).into()));
        strings.push(string);
        bytes = rest;
    }
    if let Ok(claimed) = Claimed::from_txt(port, strings.iter().copied()) {
        assert_eq!(claimed.unverified().port, port);
        holds(&claimed, people);
    }
}

/// Those who recognise others: `own` knows `other`.
#[must_use]
pub fn people(own: &Identity, other: &Identity) -> Acquaintances {
    Acquaintances::new(own, [other.address()])
}

/// Written again it is read as the same, within its bounds.
fn holds(claimed: &Claimed, people: &Acquaintances) {
    let said = claimed.unverified();
    assert!(said.tokens.len() <= Announcement::MAX_TOKENS);
    assert!(said.port > 0);
    let written = said.to_bytes();
    assert!(written.len() <= Announcement::MAX_BYTES);
    assert_eq!(Claimed::from_bytes(&written).as_ref(), Ok(claimed));
    assert!(said.to_txt().iter().all(|it| it.len() <= 255));
    assert!(label(&said.alias).len() <= 63);
    let _ = people.recognise(said);
}
