use super::*;

fn address() -> Address {
    Identity::generate().unwrap().address()
}

fn sighting(alias: Address, finder: FinderKind, places: &[&str]) -> Sighting {
    let maker = Identity::generate().unwrap();
    let mut announcement = Announcement::hidden(&maker, &maker, 7000, &[]);
    announcement.alias = alias;
    Sighting {
        announcement,
        places: places.iter().map(|it| it.parse().unwrap()).collect(),
        finder,
        lasts: Duration::from_secs(25),
    }
}

const OWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 5));

#[test]
fn each_finder_is_judged_by_who_is_heard_through_it() {
    let (alias, other) = (address(), address());
    let mut heard = Heard::default();
    for (from, finder, place) in [
        (alias, FinderKind::DnsSd, "192.168.1.5:7000"),
        (other, FinderKind::DnsSd, "192.168.1.9:7000"),
    ] {
        heard.take(&alias, &sighting(from, finder, &[place]), &[OWN], None);
    }
    let passes = Finding::AnnouncementsPass { others: 1 };
    assert_eq!(heard.by(FinderKind::DnsSd), passes);
    assert_eq!(heard.by(FinderKind::Beacon), Finding::AnnouncementsSilent);
    let beacon = sighting(other, FinderKind::Beacon, &["192.168.1.9:7000"]);
    heard.take(&alias, &beacon, &[OWN], None);
    let deaf = Finding::AnnouncementsNotSent { others: 1 };
    assert_eq!(heard.by(FinderKind::Beacon), deaf);
    assert!(heard.is_heard_at("192.168.1.9".parse().unwrap()));
    assert!(!heard.is_heard_at("192.168.1.8".parse().unwrap()));
}

#[tokio::test]
async fn another_profile_on_this_machine_is_nobody_else() {
    let mut heard = Heard::default();
    let here = ["192.168.1.5:7001", "127.0.0.1:7001"];
    heard.take(
        &address(),
        &sighting(address(), FinderKind::Beacon, &here),
        &[OWN],
        None,
    );
    assert!(heard.others.is_empty());
    assert_eq!(heard.reach().await, Finding::NobodyHeard);
}

#[test]
fn a_flood_of_announcements_makes_nothing_grow() {
    let (alias, mut heard) = (address(), Heard::default());
    for number in 0..1000_u32 {
        let mut forged = [0; 32];
        forged[..4].copy_from_slice(&number.to_be_bytes());
        let places: Vec<_> = (1..=9).map(|it| format!("10.0.{number}.1:{it}")).collect();
        let places: Vec<_> = places.iter().map(String::as_str).collect();
        let places = if number < 256 {
            &places[..]
        } else {
            &["10.0.0.1:1"]
        };
        let sighting = sighting(Address::from_bytes(forged), FinderKind::Beacon, places);
        heard.take(&alias, &sighting, &[OWN], None);
    }
    assert_eq!(heard.others.len(), MOST_NEIGHBOURS);
    let most = heard.others.values().map(|it| it.places.len()).max();
    assert_eq!(most, Some(Sighting::MAX_PLACES));
}

#[derive(Debug)]
struct Is(Address);

impl Recognise for Is {
    fn is_theirs(&self, announcement: &Announcement) -> bool {
        announcement.alias == self.0
    }
}

#[test]
fn a_person_is_where_they_announce_themselves() {
    let (alias, bea) = (address(), address());
    let mut heard = Heard::default();
    let who = Is(bea);
    for (from, place) in [(bea, "192.168.1.9:7000"), (address(), "192.168.1.8:7000")] {
        let sighting = sighting(from, FinderKind::DnsSd, &[place]);
        heard.take(&alias, &sighting, &[OWN], Some(&who));
    }
    let place: SocketAddr = "192.168.1.9:7000".parse().unwrap();
    assert_eq!(heard.person, [place]);
}
