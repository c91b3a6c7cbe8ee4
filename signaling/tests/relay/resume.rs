//! A broken connection loses nothing and doubles nothing.

use std::time::Duration;

use bytes::Bytes;
use identity::Address;
use signal_client::{LinkEvent, LinkState, Problem, SendError};
use signal_relay::{Config, Limits, Timing};
use signal_wire::{ClientFrame, MessageId, Payload, RelayFrame, Resume};
use tokio::time::{interval, sleep};

use crate::support::{Person, Proxy, Raw, Running, message, quick, somebody, soon};

/// No rate limit and deep outboxes: these tests are about order and number.
fn generous() -> Config {
    let limits = Limits {
        frames_per_second: 100_000,
        frames_burst: 100_000,
        outbox_frames: 10_000,
        outbox_bytes: 64 * 1024 * 1024,
        proofs_per_second_per_ip: 100_000,
        ..Limits::default()
    };
    Config {
        limits,
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_arrives_once_and_in_order_under_random_cuts() {
    let relay = Running::start(generous()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let (mut ann, mut bob) = (
        Person::online(&proxy.url).await,
        Person::online(&proxy.url).await,
    );
    let (ann_is, bob_is) = (ann.address, bob.address);
    let exchange = async { tokio::join!(count(&mut ann, bob_is), count(&mut bob, ann_is)) };
    let mut cuts = 0_u32;
    let cutting = async {
        loop {
            // Anything from "while dialing" to "after some messages".
            let pause = getrandom::u32().expect("random bytes") % 60;
            sleep(Duration::from_millis(pause.into())).await;
            proxy.cut();
            cuts += 1;
        }
    };
    let (at_ann, at_bob) = tokio::select! {
        numbers = soon(exchange) => numbers,
        () = cutting => unreachable!("it goes on until the exchange is over"),
    };
    assert!(cuts > 10, "{cuts} cuts");
    let expected: Vec<u32> = (0..NUMBERS).collect();
    assert_eq!(at_bob, expected);
    assert_eq!(at_ann, expected);
    ann.hears_nothing().await;
    bob.hears_nothing().await;
}

/// Says numbers to somebody, and hears as many from them.
async fn count(person: &mut Person, to: Address) -> Vec<u32> {
    let mut heard = Vec::new();
    let mut said = 0;
    let mut ticks = interval(Duration::from_millis(2));
    while said < NUMBERS || heard.len() < NUMBERS as usize {
        tokio::select! {
            _ = ticks.tick(), if said < NUMBERS => {
                let payload = Bytes::copy_from_slice(&said.to_be_bytes());
                match person.link.send(to, payload) {
                    Ok(()) => said += 1,
                    Err(error) => assert_eq!(error, SendError::Full),
                }
            }
            event = person.hear() => match event {
                LinkEvent::Message { payload, .. } => {
                    let bytes = payload.as_ref().try_into().expect("four bytes were sent");
                    heard.push(u32::from_be_bytes(bytes));
                }
                other => panic!("{other:?} among the numbers"),
            }
        }
    }
    heard
}

const NUMBERS: u32 = 300;

#[tokio::test]
async fn a_message_for_one_who_is_away_for_a_moment_waits() {
    let relay = Running::start(Config::default()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let ann = Person::online(&relay.url).await;
    let mut bob = Person::online(&proxy.url).await;
    proxy.freeze();
    proxy.cut();
    bob.until(LinkState::Offline(Problem::Unreachable)).await;
    ann.say(&bob, "hello");
    sleep(Duration::from_millis(50)).await;
    proxy.thaw();
    bob.link.reconnect();
    assert_eq!(bob.hear().await, message(&ann, "hello"));
}

#[tokio::test]
async fn a_link_that_is_broken_on_purpose_stays_away_until_it_is_asked_back_and_loses_nothing() {
    let relay = Running::start(Config::default()).await;
    let mut ann = Person::online(&relay.url).await;
    let mut bob = Person::online(&relay.url).await;
    bob.link.disconnect();
    bob.until(LinkState::Offline(Problem::Unreachable)).await;
    ann.say(&bob, "hello");
    bob.say(&ann, "good day");
    bob.hears_nothing().await;
    ann.hears_nothing().await;
    bob.link.reconnect();
    bob.until(LinkState::Online).await;
    assert_eq!(bob.hear().await, message(&ann, "hello"));
    assert_eq!(ann.hear().await, message(&bob, "good day"));
}

#[tokio::test]
async fn one_who_does_not_come_back_is_not_here_also_for_earlier_messages() {
    let timing = Timing {
        resume: Duration::from_millis(200),
        ..Timing::default()
    };
    let relay = Running::start(Config {
        timing,
        ..Config::default()
    })
    .await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let mut ann = Person::online(&relay.url).await;
    let bob = Person::online(&proxy.url).await;
    proxy.freeze();
    proxy.cut();
    sleep(Duration::from_millis(50)).await;
    ann.say(&bob, "hello");
    assert_eq!(
        ann.hear().await,
        LinkEvent::NotHere {
            to: bob.address,
            why: signal_client::Absence::Closed
        }
    );
}

#[tokio::test]
async fn one_whose_machine_broke_the_connection_is_soon_not_here() {
    let relay = Running::start(Config::default()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let mut ann = Person::online(&relay.url).await;
    let bob = Person::online(&proxy.url).await;
    proxy.freeze();
    proxy.cut();
    sleep(Duration::from_millis(50)).await;
    ann.say(&bob, "are you still there?");
    let told = tokio::time::timeout(Duration::from_secs(4), ann.hear()).await;
    assert_eq!(
        told.unwrap(),
        LinkEvent::NotHere {
            to: bob.address,
            why: signal_client::Absence::Closed
        }
    );
}

#[tokio::test]
async fn what_is_sent_again_into_a_new_session_is_recognised() {
    let relay = Running::start(Config::default()).await;
    let mut bob = Person::online(&relay.url).await;
    let ann = somebody();
    let envelope = ClientFrame::Envelope {
        seq: 1,
        id: MessageId([7; 8]),
        to: bob.address,
        payload: Payload::new(Bytes::from_static(b"once")).unwrap(),
    };
    for _ in 0..2 {
        let (mut raw, _welcome) = Raw::prove(&relay.url, &ann, None).await;
        raw.say(&envelope).await;
        assert!(matches!(raw.hear().await, Some(RelayFrame::Ack { seq: 1 })));
    }
    let payload = Bytes::from_static(b"once");
    assert_eq!(
        bob.hear().await,
        LinkEvent::Message {
            from: ann.address(),
            payload
        }
    );
    bob.hears_nothing().await;
}

#[tokio::test]
async fn a_session_is_resumed_by_its_token_only() {
    let relay = Running::start(Config::default()).await;
    let (ann, bob) = (somebody(), Person::online(&relay.url).await);
    let (mut raw, welcome) = Raw::prove(&relay.url, &ann, None).await;
    let RelayFrame::Welcome {
        capabilities: _,
        session,
        resumed: false,
        received: 0,
        ice: None,
    } = welcome
    else {
        panic!("{welcome:?}")
    };
    bob.link
        .send(ann.address(), Bytes::from_static(b"kept"))
        .unwrap();
    assert!(matches!(
        raw.hear().await,
        Some(RelayFrame::Envelope { seq: 1, .. })
    ));
    drop(raw);

    let resume = Resume {
        session,
        received: 0,
    };
    let (mut raw, welcome) = Raw::prove(&relay.url, &ann, Some(resume)).await;
    assert!(
        matches!(welcome, RelayFrame::Welcome { resumed: true, .. }),
        "{welcome:?}"
    );
    assert!(matches!(
        raw.hear().await,
        Some(RelayFrame::Envelope { seq: 1, .. })
    ));
    drop(raw);

    let stranger = somebody();
    let (_raw, welcome) = Raw::prove(&relay.url, &stranger, Some(resume)).await;
    assert!(
        matches!(welcome, RelayFrame::Welcome { resumed: false, .. }),
        "{welcome:?}"
    );
}

#[tokio::test]
async fn a_silent_relay_is_noticed_and_sooner_by_whoever_asks() {
    let relay = Running::start(Config::default()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let patient = signal_client::Timing {
        silence: Duration::from_secs(60),
        probe: Duration::from_millis(100),
        ..quick()
    };
    let strict = signal_client::Timing {
        silence: Duration::from_millis(200),
        ..quick()
    };
    let mut ann = Person::with(&proxy.url, somebody(), patient);
    let mut bob = Person::with(&proxy.url, somebody(), strict);
    ann.until(LinkState::Online).await;
    bob.until(LinkState::Online).await;
    ann.link.reconnect();
    sleep(Duration::from_millis(150)).await;
    assert_eq!(
        *ann.link.state().borrow(),
        LinkState::Online,
        "the relay answers whoever asks"
    );
    proxy.freeze();
    bob.until(LinkState::Offline(Problem::Unreachable)).await;
    ann.link.probe();
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
}

#[tokio::test]
async fn a_probe_ends_the_pause_before_the_next_attempt() {
    let relay = Running::start(Config::default()).await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let patient = signal_client::Timing {
        first_retry: Duration::from_secs(3600),
        longest_retry: Duration::from_secs(3600),
        ..quick()
    };
    let mut ann = Person::with(&proxy.url, somebody(), patient);
    ann.until(LinkState::Online).await;
    proxy.cut();
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
    ann.link.probe();
    ann.until(LinkState::Online).await;
}

#[tokio::test]
async fn a_silent_client_is_noticed() {
    let timing = Timing {
        ping: Duration::from_millis(50),
        silence: Duration::from_millis(200),
        resume: Duration::ZERO,
        ..Timing::default()
    };
    let relay = Running::start(Config {
        timing,
        ..Config::default()
    })
    .await;
    let proxy = Proxy::before(relay.socket_address()).await;
    let mut ann = Person::online(&relay.url).await;
    let bob = Person::online(&proxy.url).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(
        *bob.link.state().borrow(),
        LinkState::Online,
        "pings keep it alive"
    );
    proxy.freeze();
    soon(async {
        loop {
            ann.say(&bob, "hello?");
            tokio::select! {
                event = ann.hear() => break assert_eq!(event, LinkEvent::NotHere { to: bob.address, why: signal_client::Absence::Silent }),
                () = sleep(Duration::from_millis(100)) => {}
            }
        }
    })
    .await;
}
