//! Who a message is from is what its sender proved, whatever else the sender says.

use signal_client::LinkEvent;
use tokio_tungstenite::tungstenite::Message;

use super::{Process, hostile};
use crate::support::{Person, Raw, somebody};

#[tokio::test]
async fn nobody_speaks_under_the_address_of_another() {
    let relay = Process::start(&[]).await;
    let (ann, mut bob) = (
        Person::online(&relay.url).await,
        Person::online(&relay.url).await,
    );
    let eve = somebody();
    let mut raw = Raw::connect_from(&relay.url, hostile(0))
        .await
        .expect("room");
    raw.say(&raw.hello(&eve, &raw.relay, None)).await;
    let text = format!(
        r#"{{"envelope":{{"seq":1,"id":"AAAAAAAAAAA","to":"{}","from":"{}","payload":"aGVsbG8"}}}}"#,
        bob.address, ann.address
    );
    raw.send(Message::text(text)).await;
    let LinkEvent::Message { from, .. } = bob.hear().await else {
        panic!("no message");
    };
    assert_eq!(from, eve.address());
}
