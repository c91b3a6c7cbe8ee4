//! Messages of the other phone: one that is read is written and read again, and stays within an
//! envelope.

#![no_main]

use call::chat::Text;
use call::message::{Body, Chat, MAX_MESSAGE, MAX_PARCEL, Message};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(bytes) else {
        return;
    };
    let written = message.encode();
    assert!(written.len() <= MAX_MESSAGE);
    match &message.body {
        Body::Parcel { parcel, .. } => assert!(parcel.0.len() <= MAX_PARCEL),
        Body::Invite { name, .. } | Body::Accept { name, .. } => {
            assert!(name.chars().count() <= call::id::Peer::MAX_NAME);
        }
        Body::Chat(Chat::Text { text, .. }) => assert!(text.as_str().len() <= Text::MAX),
        Body::Ringing
        | Body::Received { .. }
        | Body::Renew { .. }
        | Body::Controls(_)
        | Body::Receipt(_)
        | Body::Record(_)
        | Body::Recorded(_)
        | Body::Chat(Chat::Received { .. } | Chat::Typing)
        | Body::Still
        | Body::Over { .. } => {}
    }
    assert_eq!(Message::parse(&written), Ok(message));
});
