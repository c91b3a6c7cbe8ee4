//! Access to rooms, at a real LiveKit server.

use std::time::{Duration, Instant};

use identity::Identity;
use rustix::process::Signal;
use signal_client::{CallNumber, LinkEvent, LinkState, NoAccess, Problem};
use signal_wire::{ClientFrame, LiveKitAccess, RelayFrame, Resume};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::connect_async;

use crate::livekit_server::LiveKit;
use crate::support::process::{Process, program};
use crate::support::{Person, Proxy, Raw, somebody, soon};

const CALL: CallNumber = CallNumber(0x0123_4567_89ab_cdef);

/// A relay that uses this server and logs all that it can, with these options besides.
async fn relay(server: &LiveKit, args: &[&str]) -> Process {
    let options = server.relay_options().expect("there is room");
    let mut all: Vec<&str> = options.iter().map(String::as_str).collect();
    all.extend(["--log", "trace"]);
    all.extend(args);
    Process::start(&all).await
}

async fn server() -> Option<LiveKit> {
    LiveKit::start().await.expect("it starts")
}

/// The URL and the token that somebody gets, for a call with this one.
async fn granted(person: &mut Person, other: &Person) -> (String, String) {
    match person.hear().await {
        LinkEvent::Access {
            call,
            with,
            url,
            token,
            valid_until,
        } => {
            assert_eq!((call, with), (CALL, other.address));
            let left = valid_until.duration_since(Instant::now());
            let minutes = Duration::from_secs(120)..=Duration::from_secs(300);
            assert!(minutes.contains(&left), "{left:?}");
            (url, token.as_str().to_owned())
        }
        event => panic!("{event:?}"),
    }
}

async fn is_granted(person: &mut Person) -> bool {
    matches!(person.hear().await, LinkEvent::Access { .. })
}

async fn refused(person: &mut Person) -> NoAccess {
    match person.hear().await {
        LinkEvent::NoAccess { why, .. } => why,
        event => panic!("{event:?}"),
    }
}

fn ask(person: &Person, other: &Person) {
    let asked = person.link.ask_access(CALL, other.address);
    asked.expect("there is room");
}

fn release(person: &Person) {
    person.link.release_access(CALL).expect("there is room");
}

/// Two people with access to one room.
async fn in_a_call(url: &str) -> ([Person; 2], [String; 2]) {
    let (mut ann, mut bob) = (Person::online(url).await, Person::online(url).await);
    ask(&ann, &bob);
    ask(&bob, &ann);
    let (_, one) = granted(&mut ann, &bob).await;
    let (_, other) = granted(&mut bob, &ann).await;
    ([ann, bob], [one, other])
}

#[tokio::test]
async fn both_parties_get_a_token_for_one_room_and_nobody_else_gets_any() {
    let Some(server) = server().await else { return };
    let relay = relay(&server, &[]).await;
    let mut ann = Person::online(&relay.url).await;
    let mut bob = Person::online(&relay.url).await;
    let mut eve = Person::online(&relay.url).await;
    ask(&ann, &bob);
    ann.hears_nothing().await;
    assert_eq!(server.rooms().await.expect("it answers").len(), 0);
    ask(&bob, &ann);
    let (url, anns) = granted(&mut ann, &bob).await;
    let (_, bobs) = granted(&mut bob, &ann).await;
    assert_eq!(url, server.url());
    assert_ne!(anns, bobs);
    for (token, status) in [(&anns, 200), (&bobs, 200), (&anns.replace('.', "x."), 401)] {
        assert_eq!(server.validate(token).await.expect("it answers"), status);
    }
    let rooms = server.rooms().await.expect("it answers");
    let [room] = &rooms[..] else {
        panic!("{rooms:?}")
    };
    assert_eq!(room["max_participants"], 2, "{room}");
    for other in [&ann, &bob] {
        ask(&eve, other);
        assert_eq!(refused(&mut eve).await, NoAccess::Refused);
    }

    release(&ann);
    let took = server.until_rooms(0, Duration::from_secs(2)).await;
    took.expect("the room is deleted");
    ask(&bob, &ann);
    assert_eq!(refused(&mut bob).await, NoAccess::Refused);
    let log = relay.log();
    assert!(log.contains("the LiveKit server answers"), "{log}");
    for secret in [LiveKit::SECRET, &anns, &bobs, "Bearer", &server.url()] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

/// The access in the next frame that is one.
async fn heard(raw: &mut Raw) -> LiveKitAccess {
    loop {
        match raw.hear().await.expect("the relay is there") {
            RelayFrame::Access(access) => return access,
            frame @ RelayFrame::NoAccess { .. } => panic!("{frame:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_given_again() {
    let Some(server) = server().await else { return };
    let relay = relay(&server, &[]).await;
    let ann: Identity = somebody();
    let mut bob = Person::online(&relay.url).await;
    let ask = ClientFrame::Access {
        call: CALL,
        with: bob.address,
    };
    let (mut raw, welcome) = Raw::prove(&relay.url, &ann, None).await;
    let RelayFrame::Welcome { session, .. } = welcome else {
        panic!("{welcome:?}")
    };
    raw.say(&ask).await;
    bob.link.ask_access(CALL, ann.address()).expect("room");
    let first = heard(&mut raw).await;
    assert!(matches!(bob.hear().await, LinkEvent::Access { .. }));
    drop(raw);
    for resume in [
        Some(Resume {
            session,
            received: 0,
        }),
        None,
    ] {
        let (mut raw, _) = Raw::prove(&relay.url, &ann, resume).await;
        raw.say(&ask).await;
        let again = heard(&mut raw).await;
        assert_eq!(again.token, first.token, "{resume:?}");
        assert!(again.expires_seconds <= first.expires_seconds);
    }
    assert_eq!(server.rooms().await.expect("it answers").len(), 1);
}

#[tokio::test]
async fn who_waits_asks_again_wherever_the_relay_comes_back() {
    let Some(server) = server().await else { return };
    let first = relay(&server, &[]).await;
    let proxy = Proxy::before(first.socket_address()).await;
    let mut ann = Person::online(&proxy.url).await;
    let mut bob = Person::online(&first.url).await;
    ask(&ann, &bob);
    ann.hears_nothing().await;
    proxy.cut();
    ask(&bob, &ann);
    granted(&mut ann, &bob).await;
    granted(&mut bob, &ann).await;
    for person in [&ann, &bob] {
        release(person);
    }
    let gone = server.until_rooms(0, Duration::from_secs(2)).await;
    gone.expect("the room is deleted");

    // A relay that is killed forgets who waited.
    let other = CallNumber(8);
    ann.link.ask_access(other, bob.address).expect("room");
    ann.hears_nothing().await;
    let listen = first.socket_address();
    drop(first);
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
    let options = server.relay_options().expect("there is room");
    let mut again = program();
    again.args(["--listen", &listen]).args(&options);
    let _second = Process::start_by(&mut again).await;
    bob.link.ask_access(other, ann.address).expect("room");
    assert!(matches!(ann.hear().await, LinkEvent::Access { .. }));
    assert!(matches!(bob.hear().await, LinkEvent::Access { .. }));
}

#[tokio::test]
async fn a_room_ends_after_both_connections_die() {
    let Some(server) = server().await else { return };
    let relay = relay(&server, &[]).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let (people, _) = in_a_call(&proxy.url).await;
    server.until_rooms(1, Duration::ZERO).await.expect("it");
    // As two programs that are killed: without a word, and nobody comes back.
    for person in &people {
        person.link.disconnect();
    }
    let took = server.until_rooms(0, Duration::from_secs(30)).await;
    let took = took.expect("the room is deleted");
    assert!(took > Duration::from_secs(8), "too soon: {took:?}");
}

#[tokio::test]
async fn a_call_that_goes_on_without_its_relay_keeps_its_room() {
    let Some(server) = server().await else { return };
    let relay = relay(&server, &[]).await;
    let (people, [token, _]) = in_a_call(&relay.url).await;
    let room = server.rooms().await.expect("it answers")[0]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    let url = format!(
        "{}/rtc?access_token={token}&protocol=15&sdk=rust",
        server.url()
    );
    let (socket, _) = soon(Box::pin(connect_async(url)))
        .await
        .expect("it lets us in");
    let inside = server.participants(&room).await.expect("it answers");
    assert_eq!(inside.len(), 1, "{inside:?}");
    for person in &people {
        person.link.disconnect();
    }
    // Two seconds until the relay gives the sessions up, ten until it looks.
    sleep(Duration::from_secs(15)).await;
    assert_eq!(server.rooms().await.expect("it answers").len(), 1);
    drop(socket);
    let gone = server.until_rooms(0, Duration::from_secs(30)).await;
    gone.expect("nobody is in it any more");
}

#[tokio::test]
async fn a_relay_that_ends_leaves_no_empty_room() {
    let Some(server) = server().await else { return };
    let mut relay = relay(&server, &[]).await;
    let (_people, _) = in_a_call(&relay.url).await;
    relay.signal(Signal::TERM);
    assert!(relay.ended().await.success());
    server.until_rooms(0, Duration::ZERO).await.expect("it");
    assert!(!relay.log().contains("are left to"), "{}", relay.log());
}

#[tokio::test]
async fn a_server_that_was_away_is_used_when_it_is_back() {
    let Some(server) = server().await else { return };
    let relay = relay(&server, &[]).await;
    let port = server.port();
    server.kill().await.expect("it runs");
    let mut ann = Person::online(&relay.url).await;
    let mut bob = Person::online(&relay.url).await;
    for _ in 0..2 {
        ask(&ann, &bob);
        ask(&bob, &ann);
        let both = async { (refused(&mut ann).await, refused(&mut bob).await) };
        let both = timeout(Duration::from_secs(5), both).await;
        assert_eq!(both, Ok((NoAccess::Unavailable, NoAccess::Unavailable)));
    }
    let _server = LiveKit::start_again(port).await.expect("the port is free");
    // On a busy machine it says that it is there before it has the strength to open a room.
    for _ in 0..CALLED_AGAIN {
        ask(&ann, &bob);
        ask(&bob, &ann);
        if is_granted(&mut ann).await & is_granted(&mut bob).await {
            return;
        }
    }
    panic!("never granted, though the server is back");
}

#[tokio::test]
async fn a_key_that_the_server_does_not_know_is_told_and_the_relay_lives() {
    let Some(server) = server().await else { return };
    let mut options = server.relay_options().expect("there is room");
    "otherkey".clone_into(&mut options[3]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let relay = Process::start(&options).await;
    relay.logged("refuses (HTTP 401)", 1).await;
    let mut ann = Person::online(&relay.url).await;
    let mut bob = Person::online(&relay.url).await;
    ask(&ann, &bob);
    ask(&bob, &ann);
    assert_eq!(refused(&mut ann).await, NoAccess::Unavailable);
    assert_eq!(refused(&mut bob).await, NoAccess::Unavailable);
    ann.say(&bob, "hello");
    assert_eq!(bob.hear().await, crate::support::message(&ann, "hello"));
}

/// How often two people try to call each other before they believe that the server is away.
const CALLED_AGAIN: u32 = 3;
