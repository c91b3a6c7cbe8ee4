//! One address, two processes: the later one has it, and they do not fight.

use identity::Identity;
use signal_client::{LinkState, Problem};
use signal_relay::Config;

use crate::support::{Person, Running, message, quick, somebody};

/// The same person twice.
fn ann() -> [Identity; 2] {
    let ann = somebody();
    [ann.clone(), ann]
}

#[tokio::test]
async fn the_second_connection_takes_over_and_the_first_stays_away() {
    let relay = Running::start(Config::default()).await;
    let bob = Person::online(&relay.url).await;
    let [ann, again] = ann();
    let mut first = Person::with(&relay.url, ann, quick());
    first.until(LinkState::Online).await;
    let mut second = Person::with(&relay.url, again, quick());
    second.until(LinkState::Online).await;

    first.until(LinkState::Offline(Problem::TakenOver)).await;
    bob.say(&second, "which one are you?");
    assert_eq!(second.hear().await, message(&bob, "which one are you?"));
    first.hears_nothing().await;
    assert_eq!(
        *first.link.state().borrow(),
        LinkState::Offline(Problem::TakenOver)
    );
    assert_eq!(*second.link.state().borrow(), LinkState::Online);
}

#[tokio::test]
async fn the_first_comes_back_when_asked() {
    let relay = Running::start(Config::default()).await;
    let bob = Person::online(&relay.url).await;
    let [ann, again] = ann();
    let mut first = Person::with(&relay.url, ann, quick());
    first.until(LinkState::Online).await;
    let mut second = Person::with(&relay.url, again, quick());
    first.until(LinkState::Offline(Problem::TakenOver)).await;

    first.link.reconnect();
    first.until(LinkState::Online).await;
    second.until(LinkState::Offline(Problem::TakenOver)).await;
    bob.say(&first, "welcome back");
    assert_eq!(first.hear().await, message(&bob, "welcome back"));
}
