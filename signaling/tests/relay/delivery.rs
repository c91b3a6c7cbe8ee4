//! Messages arrive, in order, or their sender hears that they did not.

use std::time::Duration;

use bytes::Bytes;
use signal_client::{Link, LinkEvent, LinkState, Problem, SendError};
use signal_relay::Config;
use signal_wire::MAX_PAYLOAD_BYTES;

use crate::support::{Person, Running, message, quick, somebody, soon};

#[tokio::test]
async fn two_people_exchange_messages_in_order() {
    let relay = Running::start(Config::default()).await;
    let (mut ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    ann.say(&bob, "hello");
    ann.say(&bob, "are you there?");
    assert_eq!(bob.hear().await, message(&ann, "hello"));
    assert_eq!(bob.hear().await, message(&ann, "are you there?"));
    bob.say(&ann, "yes");
    assert_eq!(ann.hear().await, message(&bob, "yes"));
    relay.stop().await;
}

#[tokio::test]
async fn the_largest_and_the_smallest_message_arrive() {
    let relay = Running::start(Config::default()).await;
    let (ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    for size in [0, MAX_PAYLOAD_BYTES] {
        let payload = Bytes::from(vec![0xa5; size]);
        ann.link.send(bob.address, payload.clone()).unwrap();
        assert_eq!(
            bob.hear().await,
            LinkEvent::Message {
                from: ann.address,
                payload
            }
        );
    }
    let too_large = Bytes::from(vec![0; MAX_PAYLOAD_BYTES + 1]);
    assert!(matches!(
        ann.link.send(bob.address, too_large),
        Err(SendError::TooLarge(_))
    ));
}

#[tokio::test]
async fn nobody_there_is_an_answer() {
    let relay = Running::start(Config::default()).await;
    let mut ann = Person::online(&relay.url).await;
    let nobody = somebody().address();
    ann.link
        .send(nobody, Bytes::from_static(b"hello?"))
        .unwrap();
    assert_eq!(
        ann.hear().await,
        LinkEvent::NotHere {
            to: nobody,
            why: signal_client::Absence::Unknown
        }
    );
}

#[tokio::test]
async fn one_who_closed_is_not_here_at_once() {
    let relay = Running::start(Config::default()).await;
    let (mut ann, bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    let bob_was = bob.address;
    bob.link.close().await;
    ann.link
        .send(bob_was, Bytes::from_static(b"hello?"))
        .unwrap();
    assert_eq!(
        ann.hear().await,
        LinkEvent::NotHere {
            to: bob_was,
            why: signal_client::Absence::Closed
        }
    );
}

#[tokio::test]
async fn what_was_sent_before_closing_arrives() {
    let relay = Running::start(Config::default()).await;
    let (ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    let expected = message(&ann, "goodbye");
    ann.say(&bob, "goodbye");
    ann.link.close().await;
    assert_eq!(bob.hear().await, expected);
}

#[tokio::test]
async fn what_arrived_before_a_goodbye_is_not_told_as_lost() {
    let relay = Running::start(Config::default()).await;
    let (mut ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    ann.say(&bob, "hello");
    assert_eq!(bob.hear().await, message(&ann, "hello"));
    bob.say(&ann, "no");
    let expected = message(&bob, "no");
    bob.link.close().await;
    assert_eq!(ann.hear().await, expected);
    // An answer about hello would stand before what the next message says.
    ann.say(&ann, "still here");
    assert_eq!(ann.hear().await, message(&ann, "still here"));
}

#[tokio::test]
async fn what_is_sent_before_the_link_is_up_arrives() {
    let relay = Running::start(Config::default()).await;
    let mut bob = Person::online(&relay.url).await;
    let ann = Person::new(&relay.url);
    ann.say(&bob, "early");
    assert_eq!(bob.hear().await, message(&ann, "early"));
}

#[tokio::test]
async fn a_stopping_relay_tells_its_clients_and_they_find_its_successor() {
    let relay = Running::start(Config::default()).await;
    let place = relay.socket_address();
    let (mut ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    relay.stop().await;
    ann.until(LinkState::Offline(Problem::Unreachable)).await;
    bob.until(LinkState::Offline(Problem::Unreachable)).await;
    ann.say(&bob, "still there?");
    let relay = Running::start_at(&place, Config::default()).await;
    // Bob may come back after Ann's message has been answered with "not here"; then she repeats.
    loop {
        tokio::select! {
            event = bob.hear() => {
                assert_eq!(event, message(&ann, "still there?"));
                break;
            }
            event = ann.hear() => {
                assert_eq!(event, LinkEvent::NotHere { to: bob.address, why: signal_client::Absence::Unknown });
                // As fast as the relay answers, she would only fill her own outbox.
                tokio::time::sleep(Duration::from_millis(20)).await;
                ann.say(&bob, "still there?");
            }
        }
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_url_without_a_path_finds_the_relay() {
    let relay = Running::start(Config::default()).await;
    Person::online(&format!("ws://{}", relay.socket_address())).await;
    assert!(Link::connect("http://127.0.0.1/v2", somebody().into()).is_err());
}

#[tokio::test]
async fn dropping_a_link_ends_its_connection() {
    let relay = Running::start(Config::default()).await;
    let (mut ann, bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    let (bob_was, mut state) = (bob.address, bob.link.state());
    drop(bob);
    soon(async { while state.changed().await.is_ok() {} }).await;
    ann.link.send(bob_was, Bytes::new()).unwrap();
    assert_eq!(
        ann.hear().await,
        LinkEvent::NotHere {
            to: bob_was,
            why: signal_client::Absence::Closed
        }
    );
}

#[tokio::test]
async fn a_full_link_says_so_and_old_messages_expire() {
    let timing = signal_client::Timing {
        keep: Duration::from_millis(100),
        ..quick()
    };
    // Nothing listens on port 1 of this machine.
    let mut ann = Person::with("ws://127.0.0.1:1/v2", somebody(), timing);
    let to = somebody().address();
    for _ in 0..Link::CAPACITY {
        ann.link.send(to, Bytes::new()).unwrap();
    }
    assert_eq!(ann.link.send(to, Bytes::new()), Err(SendError::Full));
    for _ in 0..Link::CAPACITY {
        assert_eq!(ann.hear().await, LinkEvent::Expired { to });
    }
    ann.link.send(to, Bytes::new()).unwrap();
}
