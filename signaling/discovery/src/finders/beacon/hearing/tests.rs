//! Beacons from anywhere, genuine and forged.

use std::net::{IpAddr, Ipv4Addr};

use identity::Identity;

use super::*;
use crate::interfaces::{Interface, Kind};

fn networks() -> Interfaces {
    let interface = |address: [u8; 4], kind| Interface {
        index: 1,
        address: Ipv4Addr::from(address).into(),
        prefix: 24,
        broadcast: None,
        kind,
    };
    Interfaces(vec![
        interface([10, 0, 0, 1], Kind::Network),
        interface([10, 8, 0, 1], Kind::Tunnel),
    ])
}

fn somebody() -> Identity {
    Identity::generate().unwrap()
}

fn announcement(alias: &Identity) -> Announcement {
    Announcement::open(&somebody(), alias, 4080, "Ann")
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Takes a beacon as the task of the beacon does: what is not genuine is not heard.
fn take(
    hearing: &mut Hearing,
    now: Instant,
    said: &Announcement,
    proof: &SourceProof,
    source: SocketAddr,
) -> Option<Vec<SocketAddr>> {
    let said = hearing.verify(now, said.clone().into(), proof, source)?;
    hearing.heard(now, &said, source, &networks())
}

#[test]
fn a_beacon_is_told_once_and_again_when_it_has_lasted_a_while() {
    let (mut hearing, now, networks) = (Hearing::default(), Instant::now(), networks());
    let said = announcement(&somebody());
    let mut hear = |after: u64, source: &str| {
        let now = now + Duration::from_millis(after);
        hearing.heard(now, &said, at(source), &networks)
    };
    assert_eq!(hear(0, "10.0.0.9:777"), Some(vec![at("10.0.0.9:4080")]));
    assert_eq!(hear(1, "10.0.0.9:777"), None);
    assert_eq!(hear(1999, "10.0.0.9:778"), None);
    assert!(hear(2000, "10.0.0.9:777").is_some());
    // From a tunnel too: behind what is nearer. Nothing comes from the internet.
    let both = vec![at("10.0.0.9:4080"), at("10.8.0.9:4080")];
    assert_eq!(hear(2001, "10.8.0.9:777"), Some(both));
    assert_eq!(hear(9000, "93.184.216.34:777"), None);
    // A place that is not heard any more is forgotten.
    assert_eq!(
        hear(40_000, "10.8.0.9:777"),
        Some(vec![at("10.8.0.9:4080")])
    );
}

#[test]
fn a_beacon_that_is_repeated_from_elsewhere_takes_no_place() {
    let (mut hearing, mut now) = (Hearing::default(), Instant::now());
    let alias = somebody();
    let (said, proof) = (
        announcement(&alias),
        SourceProof::new(&alias, ip("10.0.0.9")),
    );
    for _ in 0..20 {
        for host in 101..109 {
            let source = SocketAddr::from(([10, 0, 0, host], 7));
            assert_eq!(take(&mut hearing, now, &said, &proof, source), None);
        }
        now += Duration::from_millis(10);
    }
    assert!(hearing.members.is_empty());
    let heard = take(&mut hearing, now, &said, &proof, at("10.0.0.9:777"));
    assert_eq!(heard, Some(vec![at("10.0.0.9:4080")]));
}

#[test]
fn a_beacon_with_another_port_is_not_heard_before_or_after_the_genuine_one() {
    let (mut hearing, now) = (Hearing::default(), Instant::now());
    let alias = somebody();
    let said = announcement(&alias);
    let mut forged = said.clone();
    forged.port = 9;
    let proof = SourceProof::new(&alias, ip("10.0.0.9"));
    let source = at("10.0.0.9:777");
    assert_eq!(take(&mut hearing, now, &forged, &proof, source), None);
    let heard = take(&mut hearing, now, &said, &proof, source);
    assert_eq!(heard, Some(vec![at("10.0.0.9:4080")]));
    assert_eq!(take(&mut hearing, now, &forged, &proof, source), None);
    assert_eq!(hearing.members[&alias.address()].announcement, said);
}

#[test]
fn a_beacon_that_was_taken_back_is_not_heard_again() {
    let (mut hearing, now) = (Hearing::default(), Instant::now());
    let [ann, bob, alias] = [somebody(), somebody(), somebody()];
    let before = Announcement::hidden(&ann, &alias, 4080, &[]);
    let said = Announcement::hidden(&ann, &alias, 4080, &[bob.address()]).after(&before, &alias);
    let proof = SourceProof::new(&alias, ip("10.0.0.9"));
    let source = at("10.0.0.9:777");
    take(&mut hearing, now, &before, &proof, source);
    take(&mut hearing, now, &said, &proof, source);
    for after in 1..20 {
        let now = now + Duration::from_secs(after);
        assert_eq!(take(&mut hearing, now, &before, &proof, source), None);
    }
    assert_eq!(hearing.members[&alias.address()].announcement, said);
}

#[test]
fn what_was_heard_before_is_not_checked_again() {
    let (mut hearing, now) = (Hearing::default(), Instant::now());
    let alias = somebody();
    let said = announcement(&alias);
    let proof = SourceProof::new(&alias, ip("10.0.0.9"));
    take(&mut hearing, now, &said, &proof, at("10.0.0.9:777"));
    // No checks are left for now.
    while hearing.checks.take(now) {}
    let again = hearing.verify(now, said.clone().into(), &proof, at("10.0.0.9:777"));
    assert_eq!(again, Some(said));
    let new = announcement(&alias);
    let checked = hearing.verify(now, new.clone().into(), &proof, at("10.0.0.9:777"));
    assert_eq!(checked, None);
    let later = now + Duration::from_secs(1);
    let checked = hearing.verify(later, new.clone().into(), &proof, at("10.0.0.9:777"));
    assert_eq!(checked, Some(new));
}

#[test]
fn of_many_places_the_one_that_was_not_heard_for_longest_makes_room() {
    let (mut hearing, start, networks) = (Hearing::default(), Instant::now(), networks());
    let said = announcement(&somebody());
    let mut last = None;
    for (host, after) in (2..9).zip(0..) {
        let now = start + Duration::from_secs(after);
        let source = SocketAddr::from(([10, 0, 0, host], 7));
        last = hearing.heard(now, &said, source, &networks);
    }
    let newest = [5, 6, 7, 8].map(|host| SocketAddr::from(([10, 0, 0, host], 4080)));
    assert_eq!(last, Some(newest.to_vec()));
}

#[test]
fn a_goodbye_is_believed_from_the_member_itself_only() {
    let (mut hearing, now, networks) = (Hearing::default(), Instant::now(), networks());
    let (alias, eve) = (somebody(), somebody());
    let source = at("10.0.0.9:777");
    hearing.heard(now, &announcement(&alias), source, &networks);
    let mut forged = Goodbye::new(&eve);
    forged.alias = alias.address();
    assert!(!hearing.goodbye(now, &forged));
    assert!(!hearing.goodbye(now, &Goodbye::new(&eve)));
    let own = Goodbye::new(&alias);
    assert!(hearing.goodbye(now, &own));
    assert!(!hearing.goodbye(now, &own));
}

#[test]
fn a_flood_of_beacons_stays_bounded() {
    let (mut hearing, now, networks) = (Hearing::default(), Instant::now(), networks());
    let mut said = announcement(&somebody());
    for number in 0..2000_u32 {
        let mut alias = [0; 32];
        alias[..4].copy_from_slice(&number.to_be_bytes());
        said.alias = Address::from_bytes(alias);
        for host in 2..20 {
            let source = SocketAddr::from(([10, 0, 0, host], 7));
            hearing.heard(now, &said, source, &networks);
        }
    }
    assert_eq!(hearing.members.len(), Neighbours::MAX);
    let most = hearing.members.values().map(|it| it.places.len()).max();
    assert_eq!(most, Some(Sighting::MAX_PLACES_OF_ONE));
}
