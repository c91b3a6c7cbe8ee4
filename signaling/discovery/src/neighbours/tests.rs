//! What is heard of others, over time and under floods.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use identity::Identity;
use proptest::prelude::*;

use super::neighbour::{MAX_MOVES, Spare};
use super::*;
use crate::announcement::Announcement;

const BEACON: FinderKind = FinderKind::Beacon;
const DNS_SD: FinderKind = FinderKind::DnsSd;
const LASTS: Duration = Duration::from_secs(25);

/// The table does not look at signatures: finders do.
static TEMPLATE: LazyLock<Announcement> = LazyLock::new(|| {
    let alias = Identity::generate().unwrap();
    Announcement::hidden(&alias, &alias, 4080, &[])
});

fn alias(number: u32) -> Address {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Address::from_bytes(bytes)
}

fn place(host: u32) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::from_bits(0x0a00_0000 | host).into(), 4080)
}

/// A member that is heard at these hosts.
fn sighting(of: u32, hosts: &[u32], finder: FinderKind) -> Sighting {
    let mut announcement = (*TEMPLATE).clone();
    announcement.alias = alias(of);
    Sighting {
        announcement,
        places: hosts.iter().copied().map(place).collect(),
        finder,
        lasts: LASTS,
    }
}

fn places(table: &Neighbours, of: u32) -> Vec<SocketAddr> {
    table.get(&alias(of)).unwrap().places().collect()
}

#[test]
fn what_several_finders_hear_is_one_member_until_none_hears_it() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    assert_eq!(
        table.heard(now, sighting(1, &[1], BEACON)),
        Change::Appeared
    );
    assert_eq!(table.heard(now, sighting(1, &[1], BEACON)), Change::Nothing);
    let both = sighting(1, &[2, 1], DNS_SD);
    assert_eq!(table.heard(now, both), Change::Changed);
    assert_eq!(places(&table, 1), [place(2), place(1)]);
    let member = table.get(&alias(1)).unwrap();
    assert!(member.finders().eq([DNS_SD, BEACON]));

    assert!(!table.gone(&alias(1), DNS_SD));
    assert_eq!(places(&table, 1), [place(1)]);
    assert!(table.gone(&alias(1), BEACON));
    assert!(table.get(&alias(1)).is_none());
    assert!(!table.gone(&alias(1), BEACON));
}

#[test]
fn whoever_was_asked_too_is_gone_with_what_it_announces() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    let asked = |of| Sighting {
        lasts: LASTS * 3,
        ..sighting(of, &[of], FinderKind::Asked)
    };
    for of in [1, 2] {
        table.heard(now, sighting(of, &[of], BEACON));
    }
    for of in [1, 2, 3] {
        table.heard(now, asked(of));
    }
    assert!(table.gone(&alias(1), BEACON), "a goodbye");
    assert_eq!(table.handle_timeout(now + LASTS), [alias(2)], "a crash");
    assert_eq!(places(&table, 3), [place(3)], "never announced");
}

#[test]
fn who_is_not_heard_again_in_time_is_gone() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    assert_eq!(table.poll_timeout(), None);
    table.heard(now, sighting(1, &[1], BEACON));
    table.heard(now + LASTS / 2, sighting(2, &[2], BEACON));
    table.heard(now + LASTS / 2, sighting(1, &[3], DNS_SD));
    assert_eq!(table.poll_timeout(), Some(now + LASTS));
    assert_eq!(table.handle_timeout(now + LASTS), []);
    assert_eq!(places(&table, 1), [place(3)]);
    let end = now + LASTS / 2 + LASTS;
    assert_eq!(table.poll_timeout(), Some(end));
    assert_eq!(table.handle_timeout(end), [alias(1), alias(2)]);
    assert_eq!(table.poll_timeout(), None);
}

#[test]
fn a_member_that_says_something_else_changes() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    let mut said = sighting(1, &[1], BEACON);
    table.heard(now, said.clone());
    said.announcement.version += 1;
    assert_eq!(table.heard(now, said.clone()), Change::Changed);
    assert_eq!(table.heard(now, said.clone()), Change::Nothing);
    // What it took back is nothing new.
    let mut newest = said.clone();
    newest.announcement.serial = 1;
    newest.announcement.version += 1;
    assert_eq!(table.heard(now, newest.clone()), Change::Changed);
    assert_eq!(table.heard(now, said), Change::Nothing);
    let known = &table.get(&alias(1)).unwrap().announcement;
    assert_eq!(*known, newest.announcement);
    assert!(table.forget(&alias(1)));
    assert!(!table.forget(&alias(1)));
}

#[test]
fn a_flood_of_forged_aliases_takes_no_place_of_who_was_proven() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    table.heard(now, sighting(0, &[0], BEACON));
    table.confirm(&alias(0));
    for forged in 1..10_000 {
        let now = now + Duration::from_millis(forged.into());
        table.heard(now, sighting(forged, &[forged], BEACON));
        assert!(table.iter().count() <= Neighbours::MAX);
        assert!(table.get(&alias(0)).is_some());
    }
    // Somebody who comes now is seen, and can be proven before the flood takes its place.
    let now = now + Duration::from_secs(10);
    let newcomer = sighting(20_000, &[20_000], BEACON);
    assert_eq!(table.heard(now, newcomer), Change::Appeared);
    assert!(table.get(&alias(0)).is_some());
}

#[test]
fn when_all_are_proven_only_those_who_are_known_come_in() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    for number in 0..256 {
        table.heard(now, sighting(number, &[number], BEACON));
        table.confirm(&alias(number));
    }
    let late = sighting(256, &[256], BEACON);
    assert_eq!(table.heard(now, late.clone()), Change::Refused);
    assert_eq!(table.heard_of_known(now, late), Change::Appeared);
    assert_eq!(table.iter().count(), Neighbours::MAX);
}

#[test]
fn one_machine_has_few_places_and_the_newest_have_them() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    for forged in 0..8 {
        let now = now + Duration::from_millis(u64::from(forged));
        let change = table.heard(now, sighting(forged, &[1], BEACON));
        assert_eq!(change, Change::Appeared);
    }
    let now = now + Duration::from_secs(1);
    table.heard(now, sighting(101, &[2], BEACON));
    table.heard(now, sighting(100, &[1], BEACON));
    assert!(table.get(&alias(0)).is_none(), "the oldest made room");
    assert_eq!(table.iter().count(), 9);
    // Those that were proven do not count, for several profiles may run there, nor who is known.
    table.confirm(&alias(3));
    table.heard(now, sighting(102, &[1], BEACON));
    table.heard_of_known(now, sighting(103, &[1], BEACON));
    assert_eq!(table.iter().count(), 11);
    for forged in 200..300 {
        table.heard(now, sighting(forged, &[1], BEACON));
    }
    assert!(table.get(&alias(3)).is_some() && table.get(&alias(103)).is_some());
}

#[test]
fn what_is_forged_for_one_finder_takes_no_places_of_another() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    table.heard(now, sighting(1, &[1], BEACON));
    for forged in 2..50 {
        let now = now + Duration::from_millis(forged.into());
        table.heard(now, sighting(1, &[forged, forged + 1], DNS_SD));
        assert!(places(&table, 1).contains(&place(1)));
        assert!(places(&table, 1).len() <= Sighting::MAX_PLACES);
    }
    let now = now + Duration::from_secs(1);
    let hosts: Vec<_> = (100..200).collect();
    table.heard(now, sighting(1, &hosts, DNS_SD));
    assert_eq!(places(&table, 1), [100, 101, 102, 103, 1].map(place));
}

#[test]
fn a_place_that_is_heard_late_is_let_in_and_the_one_that_fell_silent_goes() {
    let (mut table, start) = (Neighbours::default(), Instant::now());
    let after = |seconds| start + Duration::from_secs(seconds);
    for host in 1..=4 {
        table.heard(after(host.into()), sighting(1, &[host], BEACON));
    }
    table.heard(after(5), sighting(1, &[1], BEACON));
    assert_eq!(
        table.heard(after(6), sighting(1, &[5], BEACON)),
        Change::Changed
    );
    assert_eq!(places(&table, 1), [5, 1, 4, 3].map(place));
    // Of all finders together too.
    table.heard(after(7), sighting(1, &[11, 12, 13, 14], DNS_SD));
    table.heard(after(8), sighting(1, &[21], FinderKind::Asked));
    let all = [21, 11, 12, 13, 14, 5, 1, 4].map(place);
    assert_eq!(places(&table, 1), all);
}

#[test]
fn of_many_places_that_nobody_signed_all_are_tried_and_the_true_one_is_kept() {
    let (mut table, mut now) = (Neighbours::default(), Instant::now());
    let claimed: Vec<u32> = (0..32).collect();
    for honest in claimed.iter().copied() {
        let says = || sighting(1, &claimed, DNS_SD);
        table.forget(&alias(1));
        table.heard(now, says());
        let mut rounds = 0;
        while !places(&table, 1).contains(&place(honest)) {
            rounds += 1;
            assert!(rounds <= 8, "{honest}");
            now += Duration::from_secs(4);
            assert!(table.failed(now, &alias(1)), "others are left to try");
            // It is heard all the time, also while it is tried.
            table.heard(now, says());
        }
        table.confirm(&alias(1));
        table.heard(now, says());
        assert!(places(&table, 1).contains(&place(honest)));
        assert!(!table.failed(now, &alias(1)), "busy for a moment");
        table.heard(now, says());
        assert!(places(&table, 1).contains(&place(honest)));
        now += Duration::from_secs(60);
    }
}

#[test]
fn what_was_proven_stays_though_others_are_claimed_in_its_place() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    table.heard(now, sighting(1, &[100], DNS_SD));
    table.confirm(&alias(1));
    for second in 1..25 {
        let now = now + Duration::from_secs(second);
        let forged: Vec<u32> = (0..32).collect();
        table.heard(now, sighting(1, &forged, DNS_SD));
        assert!(places(&table, 1).contains(&place(100)));
    }
    // She has really moved.
    table.handle_timeout(now + LASTS);
    table.heard(now + LASTS, sighting(1, &[101], DNS_SD));
    assert!(places(&table, 1).contains(&place(101)));
}

#[test]
fn every_place_stands_first_in_the_end_for_liars_may_take_the_connection() {
    let (mut table, mut now) = (Neighbours::default(), Instant::now());
    let claimed: Vec<u32> = (0..32).collect();
    table.heard(now, sighting(1, &claimed, DNS_SD));
    let mut first = std::collections::BTreeSet::new();
    for _ in 0..48 {
        first.insert(places(&table, 1)[0]);
        now += Duration::from_secs(4);
        table.failed(now, &alias(1));
    }
    assert_eq!(first.len(), 32);
}

#[test]
fn a_place_that_its_member_signed_is_never_sent_away_for_those_that_anybody_claims() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    table.heard(now, sighting(1, &[100], BEACON));
    let claimed: Vec<u32> = (0..32).collect();
    for second in 0..100 {
        let now = now + Duration::from_secs(second);
        table.heard(now, sighting(1, &claimed, DNS_SD));
        table.failed(now, &alias(1));
        assert!(places(&table, 1).contains(&place(100)));
    }
}

#[test]
fn whoever_claims_new_places_all_the_time_does_not_have_us_try_all_the_time() {
    let (mut table, start) = (Neighbours::default(), Instant::now());
    let mut moves = 0;
    for number in 0..3000_u32 {
        let now = start + Duration::from_millis(10) * number;
        let claimed: Vec<u32> = (0..32).map(|it| number * 32 + it).collect();
        table.heard(now, sighting(1, &claimed, DNS_SD));
        moves += u32::from(table.failed(now, &alias(1)));
    }
    assert!(moves <= MAX_MOVES, "{moves}");
}

#[test]
fn whom_only_answers_tell_of_is_asked_again_while_she_is_known_or_proven() {
    let (mut table, now) = (Neighbours::default(), Instant::now());
    let asked = |of| sighting(of, &[of], FinderKind::Asked);
    table.heard(now, asked(1));
    table.heard_of_known(now, asked(2));
    table.heard(now, asked(3));
    table.heard_of_known(now, asked(4));
    table.heard_of_known(now, sighting(4, &[4], BEACON));
    assert_eq!(table.ask_again(now), []);
    let later = now + ASK_AGAIN;
    assert_eq!(table.ask_again(later), [place(2)]);
    assert_eq!(table.ask_again(later), [], "slowly");
    table.confirm(&alias(3));
    assert_eq!(table.ask_again(later), [place(3)]);
    table.heard_of_known(later, asked(2));
    assert_eq!(table.handle_timeout(now + LASTS), [1, 3, 4].map(alias));
    for number in 10..100 {
        table.heard_of_known(later, asked(number));
    }
    assert_eq!(table.ask_again(later + ASK_AGAIN).len(), MAX_ASKED_AGAIN);
}

#[derive(Clone, Debug)]
enum Step {
    Heard(u32, Vec<u32>, FinderKind),
    Gone(u32, FinderKind),
    Confirm(u32),
    Failed(u32),
    Wait(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let finder = prop::sample::select(vec![DNS_SD, BEACON, FinderKind::Asked]);
    let hosts = prop::collection::vec(0..60_u32, 0..50);
    prop_oneof![
        4 => (0..400_u32, hosts, finder.clone()).prop_map(|(of, at, by)| Step::Heard(of, at, by)),
        1 => (0..400_u32, finder).prop_map(|(of, by)| Step::Gone(of, by)),
        1 => (0..400_u32).prop_map(Step::Confirm),
        1 => (0..400_u32).prop_map(Step::Failed),
        1 => (0..30_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn bounds_hold_whatever_is_heard(steps in prop::collection::vec(any_step(), 0..200)) {
        let (mut table, mut now) = (Neighbours::default(), Instant::now());
        for step in steps {
            match step {
                Step::Heard(of, at, by) => {
                    table.heard(now, sighting(of, &at, by));
                }
                Step::Gone(of, by) => {
                    table.gone(&alias(of), by);
                }
                Step::Confirm(of) => table.confirm(&alias(of)),
                Step::Failed(of) => _ = table.failed(now, &alias(of)),
                Step::Wait(seconds) => {
                    now += Duration::from_secs(seconds);
                    table.handle_timeout(now);
                    prop_assert!(table.poll_timeout().is_none_or(|it| it > now));
                }
            }
            prop_assert!(table.iter().count() <= Neighbours::MAX);
            for member in table.iter() {
                let mut places: Vec<_> = member.places().collect();
                prop_assert!((1..=Sighting::MAX_PLACES).contains(&places.len()));
                places.sort_unstable();
                places.dedup();
                prop_assert_eq!(places.len(), member.places().count());
                prop_assert!(member.spare.len() <= Sighting::MAX_CLAIMED);
                let is_place = |it: &Spare| places.contains(&it.address);
                let known_twice = member.spare.iter().filter(|it| {
                    is_place(it) && member.places.iter().any(|place| {
                        place.address == it.address && place.until.contains_key(&it.finder)
                    })
                });
                prop_assert_eq!(known_twice.count(), 0);
                for finder in [DNS_SD, BEACON, FinderKind::Asked] {
                    let of_one = member.places.iter();
                    let of_one = of_one.filter(|it| it.until.contains_key(&finder)).count();
                    prop_assert!(of_one <= Sighting::MAX_PLACES_OF_ONE);
                }
            }
        }
    }
}
