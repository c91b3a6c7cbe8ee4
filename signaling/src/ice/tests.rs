use std::net::Ipv4Addr;

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The clock of all tests: 2023-11-14 22:13:20 UTC.
fn clock() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn somebody(number: u8) -> Address {
    Address::from_bytes([number; 32])
}

fn turn() -> IceConfig {
    let secret = TurnSecret::from_text("north-of-the-river\n").unwrap();
    let urls = vec!["turn:turn.example.org".to_owned()];
    IceConfig::default()
        .with_turn(urls, secret, Duration::from_secs(600))
        .unwrap()
}

/// Whether a client is told of servers, not when to ask again.
fn is_told(issuer: &Issuer, address: Address, now: Instant) -> bool {
    let issued = issuer.issue(address, HERE, now, clock()).unwrap();
    !issued.servers.is_empty()
}

#[test]
fn a_password_is_the_hmac_of_the_name_that_coturn_computes() {
    // echo -n 1700000600:0011223344556677 | openssl dgst -sha1 -hmac north-of-the-river -binary | base64
    let secret = TurnSecret::from_text(" north-of-the-river \n").unwrap();
    let password = secret.password("1700000600:0011223344556677");
    assert_eq!(password, "E2b5mLKETHrgmC5dIJdphtD9eqs=");
}

#[test]
fn a_name_says_until_when_and_nothing_of_who() {
    let issuer = Issuer::new(turn(), 10);
    let now = Instant::now();
    let issued: Vec<_> = (0..2)
        .filter_map(|_| issuer.issue(somebody(1), HERE, now, clock()))
        .collect();
    let names: Vec<_> = issued.iter().map(|it| &it.servers[0].username).collect();
    assert!(
        names.iter().all(|it| it.starts_with("1700000600:")),
        "{names:?}"
    );
    assert_ne!(names[0], names[1]);
    assert_eq!(issued[0].ttl_seconds, 600);
}

#[test]
fn every_server_is_named_in_a_form_that_clients_take() {
    let config = turn()
        .with_stun(vec!["stun:[2001:db8::1]:3478".to_owned()])
        .unwrap();
    assert_eq!(config.counts(), (1, 1));
    let issued = Issuer::new(config, 10).issue(somebody(1), HERE, Instant::now(), clock());
    let uses: Vec<_> = issued
        .unwrap()
        .servers
        .iter()
        .map(IceServer::usage)
        .collect();
    assert_eq!(uses, [Some(IceUse::Stun), Some(IceUse::Turn)]);
}

#[test]
fn an_address_that_asks_too_often_is_told_when_to_ask_again() {
    let issuer = Issuer::new(turn(), 10);
    let now = Instant::now();
    assert!((0..BURST).all(|_| is_told(&issuer, somebody(1), now)));
    let refused = issuer.issue(somebody(1), HERE, now, clock()).unwrap();
    assert_eq!((refused.servers.len(), refused.ttl_seconds), (0, 10));
    assert!(
        is_told(&issuer, somebody(2), now),
        "others are not concerned"
    );
    assert!(is_told(&issuer, somebody(1), now + PERIOD));
    assert!(!is_told(&issuer, somebody(1), now + PERIOD));
}

#[test]
fn one_source_collects_no_more_under_many_addresses() {
    let issuer = Issuer::new(turn(), 1000);
    let now = Instant::now();
    let told = (0..=255).filter(|it| is_told(&issuer, somebody(*it), now));
    assert_eq!(told.count(), 128);
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    let issued = issuer
        .issue(somebody(255), elsewhere, now, clock())
        .unwrap();
    assert_eq!(issued.servers.len(), 1, "others are not concerned");
    assert!(is_told(&issuer, somebody(254), now + SOURCE_PERIOD));
    assert!(!is_told(&issuer, somebody(253), now + SOURCE_PERIOD));
}

#[test]
fn many_addresses_take_no_more_memory_than_there_are_seats() {
    let issuer = Issuer::new(turn(), 2);
    let now = Instant::now();
    let told = (0..100)
        .filter(|it| is_told(&issuer, somebody(*it), now))
        .count();
    assert_eq!(told, 4);
    assert_eq!(issuer.seats.lock().unwrap().len(), 4);
    assert!(
        is_told(&issuer, somebody(200), now + PERIOD),
        "later there is room"
    );
    assert_eq!(issuer.seats.lock().unwrap().len(), 1);
}

#[test]
fn a_relay_without_servers_names_none() {
    let issuer = Issuer::new(IceConfig::default(), 10);
    assert_eq!(
        issuer.issue(somebody(1), HERE, Instant::now(), clock()),
        None
    );
}

#[test]
fn what_clients_would_not_take_is_refused_at_the_start() {
    let secret = || TurnSecret::from_text("north-of-the-river").unwrap();
    let hour = Duration::from_secs(3600);
    let urls = |count: usize| vec!["turn:turn.example.org".to_owned(); count];
    let with_turn = |urls, ttl| IceConfig::default().with_turn(urls, secret(), ttl);
    let web = "http://turn.example.org".to_owned();
    let refused = [
        with_turn(vec![web.clone()], hour),
        with_turn(urls(MAX_ICE_SERVERS + 1), hour),
        with_turn(urls(1), SHORTEST_TTL - Duration::from_secs(1)),
        with_turn(urls(1), LONGEST_TTL + Duration::from_secs(1)),
        IceConfig::default().with_stun(vec!["turn:turn.example.org".to_owned()]),
        with_turn(urls(MAX_ICE_SERVERS), hour)
            .and_then(|it| it.with_stun(vec!["stun:stun.example.org".to_owned()])),
    ];
    assert_eq!(
        refused.map(|it| it.unwrap_err()),
        [
            IceConfigError::NotTurn(web),
            IceConfigError::TooMany(5),
            IceConfigError::Ttl(Duration::from_secs(59)),
            IceConfigError::Ttl(Duration::from_secs(86_401)),
            IceConfigError::NotStun("turn:turn.example.org".to_owned()),
            IceConfigError::TooMany(5),
        ]
    );
    let short = TurnSecret::from_text("  short \n").unwrap_err();
    assert_eq!(short, IceConfigError::ShortSecret(5));
}

#[test]
fn the_secret_is_in_no_debug_text() {
    let shown = format!("{:?}", Issuer::new(turn(), 1));
    assert!(!shown.contains("north"), "{shown}");
    assert!(!shown.contains("110, 111"), "{shown}");
}
