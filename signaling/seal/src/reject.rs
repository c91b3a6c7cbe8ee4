//! REJECT: the responder has none of the initiator's versions, and proves with its identity that it
//! says so. Signed and not sealed, so that any two versions understand it.

use identity::{Identity, verify_rejection};
use sha2::{Digest, Sha256};

use crate::dropped::Dropped;
use crate::frame::{Frame, HANDSHAKE_FRAME_BYTES, HEADER_BYTES, Kind, begin};
use crate::noise::Context;
use crate::version::Offer;

/// The SHA-256 of a whole HELLO frame.
pub(crate) type HelloHash = [u8; 32];

/// What a rejection says.
#[derive(Debug)]
pub(crate) struct Rejection {
    /// Why, by number; known is only [`NO_COMMON_VERSION`]. Whatever it is, that HELLO will have no
    /// other answer.
    pub(crate) reason: u8,
    /// What the responder has.
    pub(crate) offer: Offer,
}

pub(crate) const NO_COMMON_VERSION: u8 = 1;

const SIGNATURE_BYTES: usize = 64;

/// The hash by which a rejection names the HELLO that it answers.
pub(crate) fn hash_of_hello(frame: &[u8]) -> HelloHash {
    Sha256::digest(frame).into()
}

impl Rejection {
    /// The frame: header, signature, reason, versions and features of the responder, padding.
    pub(crate) fn sign(
        &self,
        identity: &Identity,
        context: &Context,
        hello: &HelloHash,
    ) -> Vec<u8> {
        let mut said = vec![self.reason];
        self.offer.write(&mut said);
        said.resize(HANDSHAKE_FRAME_BYTES - HEADER_BYTES - SIGNATURE_BYTES, 0);
        let signature = identity.sign_rejection(&statement(context, hello, &said));
        let mut frame = begin(Kind::Reject, context.session, HANDSHAKE_FRAME_BYTES);
        frame.extend(signature);
        frame.extend(said);
        frame
    }

    /// Reads a REJECT frame of a responder that was sent this HELLO.
    pub(crate) fn verify(
        frame: &Frame<'_>,
        context: &Context,
        hello: &HelloHash,
    ) -> Result<Self, Dropped> {
        let (signature, said) = frame.body.split_first_chunk().ok_or(Dropped::Length)?;
        verify_rejection(
            &context.responder,
            &statement(context, hello, said),
            signature,
        )
        .map_err(|_| Dropped::Signature)?;
        Self::read(said)
    }

    /// Reads what is signed: reason, versions and features, padding.
    pub(crate) fn read(said: &[u8]) -> Result<Self, Dropped> {
        let (&reason, rest) = said.split_first().ok_or(Dropped::Malformed)?;
        let (offer, _) = Offer::read(rest)?;
        Ok(Self { reason, offer })
    }
}

/// What is signed: parts of fixed length, and all that follows the signature.
fn statement(context: &Context, hello: &HelloHash, said: &[u8]) -> Vec<u8> {
    [
        &context.session.0,
        context.initiator.as_bytes().as_slice(),
        context.responder.as_bytes(),
        hello,
        said,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::SessionId;

    #[test]
    fn a_rejection_holds_for_its_hello_and_its_two_sides_only() {
        let [ann, bob, eve] = [(); 3].map(|()| Identity::generate().unwrap());
        let context = Context {
            initiator: ann.address(),
            responder: bob.address(),
            session: SessionId([1; 16]),
        };
        let hello = hash_of_hello(b"hello");
        let rejection = Rejection {
            reason: NO_COMMON_VERSION,
            offer: Offer::ours(),
        };
        let frame = rejection.sign(&bob, &context, &hello);
        assert_eq!(frame.len(), HANDSHAKE_FRAME_BYTES);
        let check = |frame: &[u8], context: &Context, hello: &HelloHash| {
            Rejection::verify(&Frame::parse(frame)?, context, hello).map(|it| it.reason)
        };
        assert_eq!(check(&frame, &context, &hello), Ok(NO_COMMON_VERSION));
        let wrong = Err(Dropped::Signature);
        assert_eq!(check(&frame, &context, &hash_of_hello(b"hullo")), wrong);
        for (initiator, responder) in [
            (eve.address(), bob.address()),
            (ann.address(), eve.address()),
        ] {
            let context = Context {
                initiator,
                responder,
                ..context
            };
            assert_eq!(check(&frame, &context, &hello), wrong);
        }
        let other = Context {
            session: SessionId([2; 16]),
            ..context
        };
        assert_eq!(check(&frame, &other, &hello), wrong);
        assert_eq!(
            check(&rejection.sign(&eve, &context, &hello), &context, &hello),
            wrong
        );
        for at in HEADER_BYTES..frame.len() {
            let mut flipped = frame.clone();
            flipped[at] ^= 1;
            assert_eq!(check(&flipped, &context, &hello), wrong, "byte {at}");
        }
    }
}
