//! The parsers of what is inside frames, as the fuzz targets call them. Each function reads a
//! stranger's bytes, and asserts what holds of everything that is read.

use signal_wire::MAX_PAYLOAD_BYTES;

use crate::frame::{Frame, begin};
use crate::payload::{Data, Hello, Reply};
use crate::reject::Rejection;
use crate::version::Offer;

pub mod seeds;

/// A frame as it travels: written again it is the same, and an envelope has room for it.
pub fn frame(bytes: &[u8]) {
    let Ok(frame) = Frame::parse(bytes) else {
        return;
    };
    assert!(bytes.len() <= MAX_PAYLOAD_BYTES, "no envelope holds it");
    let mut again = begin(frame.kind, frame.session, bytes.len());
    again.extend(frame.body);
    assert_eq!(again, bytes);
    assert_eq!(frame.whole, bytes);
}

/// What is inside a HELLO.
pub fn hello(bytes: &[u8]) {
    let Ok(hello) = Hello::parse(bytes) else {
        return;
    };
    let written = hello.encode();
    starts_alike(&written, bytes, offer(&hello.offer) + 32);
    let again = Hello::parse(&written).expect("what was written is read");
    assert_eq!(again.offer, hello.offer);
    assert_eq!(again.commitment, hello.commitment);
}

/// What is inside a REPLY.
pub fn reply(bytes: &[u8]) {
    let Ok(reply) = Reply::parse(bytes) else {
        return;
    };
    let written = reply.encode();
    starts_alike(written.as_slice(), bytes, 2 + 4 + 32);
    let again = Reply::parse(written.as_slice()).expect("what was written is read");
    assert_eq!(again.agreement, reply.agreement);
    assert_eq!(again.nonce.as_bytes(), reply.nonce.as_bytes());
}

/// What is inside DATA. What is larger than any frame is read too, and not written again.
pub fn data(bytes: &[u8]) {
    let Ok(data) = Data::parse(bytes) else {
        return;
    };
    let reveal = data.reveal.as_ref().map_or(0, |it| it.as_bytes().len());
    let fields = 1 + 8 + 2 + reveal + data.message.len();
    assert!(fields <= bytes.len(), "a message beyond the end");
    let Some(written) = data.encode() else {
        return;
    };
    starts_alike(&written, bytes, fields);
    let again = Data::parse(&written).expect("what was written is read");
    assert_eq!(again.conversation, data.conversation);
    assert_eq!(again.message, data.message);
}

/// What a REJECT says, behind its signature.
pub fn statement(bytes: &[u8]) {
    let Ok(rejection) = Rejection::read(bytes) else {
        return;
    };
    let mut written = vec![rejection.reason];
    rejection.offer.write(&mut written);
    starts_alike(&written, bytes, 1 + offer(&rejection.offer));
}

/// The length of an offer, which is within its limits.
fn offer(offer: &Offer) -> usize {
    assert!((1..=Offer::MAX_VERSIONS).contains(&offer.versions.len()));
    let ours = Offer::ours();
    if let Some(agreement) = ours.agree(offer) {
        assert!(ours.allows(agreement), "a choice that was not offered");
    }
    1 + 2 * offer.versions.len() + 4
}

/// Asserts that two texts are the same up to their padding.
fn starts_alike(written: &[u8], read: &[u8], length: usize) {
    assert_eq!(written.get(..length), read.get(..length));
}
