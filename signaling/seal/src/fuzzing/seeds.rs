//! What the encoders make, for the fuzz targets to begin with.

use crate::payload::{Data, Hello, Reply};
use crate::version::Offer;
use crate::words::{Commitment, Nonce};

/// What is inside a HELLO.
#[must_use]
pub fn hello() -> Vec<u8> {
    let hello = Hello {
        offer: several(),
        commitment: Commitment::to(&nonce()),
    };
    hello.encode().to_vec()
}

/// What is inside a REPLY.
#[must_use]
pub fn reply() -> Option<Vec<u8>> {
    let reply = Reply {
        agreement: Offer::ours().agree(&several())?,
        nonce: nonce(),
    };
    Some(reply.encode().to_vec())
}

/// What is inside DATA, with and without the random value.
#[must_use]
pub fn data(message: &[u8], reveals: bool) -> Option<Vec<u8>> {
    let data = Data {
        conversation: 0x0102_0304_0506_0708,
        reveal: reveals.then(nonce),
        message,
    };
    Some(data.encode()?.to_vec())
}

/// What a REJECT says.
#[must_use]
pub fn statement() -> Vec<u8> {
    let mut said = vec![crate::reject::NO_COMMON_VERSION];
    several().write(&mut said);
    said.resize(174, 0);
    said
}

/// An offer of this version and a later one.
fn several() -> Offer {
    let mut offer = Offer::ours();
    offer.versions.push(7);
    offer
}

fn nonce() -> Nonce {
    Nonce::from_bytes(&[9; Nonce::BYTES])
}
