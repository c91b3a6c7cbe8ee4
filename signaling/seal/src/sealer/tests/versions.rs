//! Sides of different versions.

use std::time::Instant;

use super::two_sides::{Side, kinds, settle};
use crate::version::Offer;

/// A side that has these versions and features.
fn speaking(versions: &[u16], features: u32) -> Side {
    let mut side = Side::new();
    side.sealer.offer = Offer {
        versions: versions.to_vec(),
        features,
    };
    side
}

#[test]
fn sides_with_one_version_in_common_speak() {
    let now = Instant::now();
    for (caller, callee) in [(&[1, 2][..], &[1][..]), (&[1], &[1, 2]), (&[3, 1], &[2, 3])] {
        let mut ann = speaking(caller, u32::MAX >> 1);
        let mut bob = speaking(callee, 0b10);
        ann.say(now, bob.address, 1, b"invite");
        settle(now, &mut ann, &mut bob);
        assert_eq!(bob.messages(), [b"invite"], "{caller:?} {callee:?}");
        assert!(ann.incompatible.is_empty());
    }
}

#[test]
fn sides_without_one_learn_it_at_once_and_nothing_rings() {
    let now = Instant::now();
    let (mut ann, mut bob) = (speaking(&[2, 3], 0), speaking(&[1], 0));
    ann.say(now, bob.address, 7, b"invite");
    assert_eq!(settle(now, &mut ann, &mut bob), ["HELLO", "REJECT"]);
    assert_eq!(ann.incompatible, [7]);
    assert!(bob.heard.is_empty());
    assert!(ann.sealer.poll_timeout().is_none());
    assert!(bob.sealer.poll_timeout().is_none());
}

#[test]
fn a_callee_that_chooses_what_was_not_offered_is_incompatible() {
    let now = Instant::now();
    let mut ann = speaking(&[1, 2], 0);
    let mut bob = speaking(&[1, 2], 0);
    ann.say(now, bob.address, 7, b"invite");
    bob.take(now, ann.address, &ann.only());
    let reply = bob.only();
    // As if Ann had offered only the first.
    ann.sealer.offer.versions = vec![1];
    ann.take(now, bob.address, &reply);
    assert_eq!(ann.incompatible, [7]);
    assert!(kinds(&ann.out()).is_empty());
}
