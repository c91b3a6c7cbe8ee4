//! Connections to a server on a socket: a fake one, for the protocol's corners. LiveKit's own is joined in
//! `tests/tests/livekit.rs`.

mod fake;
mod tls;

use std::time::Duration;

use tokio::time::timeout;

use self::fake::{Fake, Reply};
use super::{Cause, Config, Connection, Event, Offer, Request, Sync, Token};
use crate::livekit::proto::model::{LeaveRequest, ParticipantInfo};
use crate::livekit::proto::request::Content as Asked;
use crate::livekit::proto::response::{Content, JoinResponse, ReconnectResponse};

fn config(url: &str) -> Config {
    Config {
        url: url.into(),
        token: Token::shared("secret-token".to_owned()),
        version: "test".to_owned(),
        offer: None,
        tracks: Vec::new(),
        resume_for: Duration::from_secs(5),
    }
}

async fn next(connection: &mut Connection) -> Event {
    let next = timeout(Duration::from_secs(10), connection.next()).await;
    next.expect("an event in time").expect("an event")
}

/// Until the end, which is told.
async fn cause(mut connection: Connection) -> Cause {
    loop {
        if let Event::Closed(cause) = next(&mut connection).await {
            assert_eq!(connection.next().await, None, "something after the end");
            return cause;
        }
    }
}

fn joined() -> Reply {
    Reply::Message(Content::Join(Box::new(JoinResponse {
        participant: Some(ParticipantInfo {
            sid: "PA_us".to_owned(),
            ..ParticipantInfo::default()
        }),
        ..JoinResponse::default()
    })))
}

fn resumed() -> Reply {
    Reply::Message(Content::Reconnect(ReconnectResponse::default()))
}

fn sync() -> Request {
    Request::Sync(Box::new(Sync {
        offer: offer(1),
        answer: "answer".into(),
        published: Vec::new(),
        received: Vec::new(),
    }))
}

fn offer(id: u32) -> Offer {
    let sdp = "offer".into();
    Offer { sdp, id }
}

#[tokio::test]
async fn the_token_travels_in_the_header_alone() {
    let mut fake = Fake::start(vec![vec![joined()]]).await;
    let mut connection = Connection::open(config(&fake.url));
    assert!(matches!(next(&mut connection).await, Event::Joined(_)));
    let request = fake.request().await;
    assert_eq!(request.authorization, "Bearer secret-token");
    assert!(request.target.starts_with("/rtc/v1?join_request="));
    assert!(!request.target.contains("secret"));
    connection.close(Duration::from_secs(1)).await;
    assert!(matches!(fake.asked().await, Asked::Leave(it) if it.reason == 1));
}

#[tokio::test]
async fn a_dropped_connection_leaves_the_room() {
    let mut fake = Fake::start(vec![vec![joined()]]).await;
    let mut connection = Connection::open(config(&fake.url));
    next(&mut connection).await;
    drop(connection);
    assert!(matches!(fake.asked().await, Asked::Leave(_)));
}

#[tokio::test]
async fn a_lost_socket_resumes_through_a_fault_and_syncs_first() {
    let scripts = vec![
        vec![joined(), Reply::Cut],
        vec![Reply::Status(500)],
        vec![resumed()],
    ];
    let mut fake = Fake::start(scripts).await;
    let mut connection = Connection::open(config(&fake.url));
    assert!(matches!(next(&mut connection).await, Event::Joined(_)));
    assert_eq!(next(&mut connection).await, Event::Lost);
    connection.ask(Request::Offer(offer(2))).unwrap();
    assert!(matches!(next(&mut connection).await, Event::Resumed(_)));
    connection.ask(sync()).unwrap();
    assert!(matches!(fake.asked().await, Asked::SyncState(_)));
    assert!(matches!(fake.asked().await, Asked::Offer(it) if it.id == 2));
}

#[tokio::test]
async fn a_server_that_refuses_or_is_none_is_told_apart() {
    let ways = [
        (401, Cause::Refused),
        (403, Cause::Refused),
        (404, Cause::TooOld),
        (500, Cause::ServerFault),
        (503, Cause::ServerFault),
        (302, Cause::NotLiveKit),
        (200, Cause::NotLiveKit),
    ];
    for (status, expected) in ways {
        let fake = Fake::start(vec![vec![Reply::Status(status)]]).await;
        let connection = Connection::open(config(&fake.url));
        assert_eq!(cause(connection).await, expected, "HTTP {status}");
    }
}

#[tokio::test]
async fn a_room_that_is_gone_is_told_from_a_server_that_is_too_old() {
    let ways = [
        ("404 page not found\n", Cause::TooOld),
        ("requested room does not exist", Cause::RoomGone),
    ];
    for (words, expected) in ways {
        let fake = Fake::start(vec![vec![Reply::Words(404, words)]]).await;
        let connection = Connection::open(config(&fake.url));
        assert_eq!(cause(connection).await, expected, "{words}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_or_where_nobody_is_ends_at_once() {
    for address in ["", "ftp://x", "mailto:x", "ws://"] {
        let connection = Connection::open(config(address));
        assert_eq!(cause(connection).await, Cause::BadAddress, "{address}");
    }
    let nobody = Connection::open(config("ws://127.0.0.1:1"));
    assert_eq!(cause(nobody).await, Cause::Unreachable);
}

#[tokio::test]
async fn what_a_server_does_instead_of_a_join_has_a_name() {
    let full = Content::Leave(LeaveRequest {
        reason: 7,
        action: 0,
    });
    let ways = [
        (Reply::Message(full), Cause::NotAdmitted),
        (Reply::Cut, Cause::HungUp),
        (Reply::Bytes(vec![0xff; 30]), Cause::BadMessage),
        (Reply::Bytes(vec![0; 64 * 1024 + 1]), Cause::BadMessage),
        (Reply::Text, Cause::BadMessage),
    ];
    for (reply, expected) in ways {
        let shown = format!("{reply:?}");
        let fake = Fake::start(vec![vec![reply]]).await;
        let connection = Connection::open(config(&fake.url));
        assert_eq!(cause(connection).await, expected, "{shown}");
    }
}

#[tokio::test]
async fn who_does_not_listen_for_long_misses_nothing_and_may_still_ask() {
    let mut script = vec![joined()];
    script.extend(
        std::iter::repeat_with(|| {
            Reply::Message(Content::MediaSections(
                crate::livekit::proto::response::MediaSectionsRequirement::default(),
            ))
        })
        .take(1_000),
    );
    let mut fake = Fake::start(vec![script]).await;
    let mut connection = Connection::open(config(&fake.url));
    assert!(matches!(next(&mut connection).await, Event::Joined(_)));
    // Nobody takes events, and requests are carried all the same.
    connection.ask(Request::Offer(offer(9))).unwrap();
    assert!(matches!(fake.asked().await, Asked::Offer(it) if it.id == 9));
    for _ in 0..1_000 {
        assert!(matches!(
            next(&mut connection).await,
            Event::MediaSections { .. }
        ));
    }
}
