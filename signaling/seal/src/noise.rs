//! The Noise handshake: `Noise_IK_25519_ChaChaPoly_BLAKE2s` (Noise Protocol Framework, revision 34)
//! between the X25519 forms of two identities.
//!
//! IK: the initiator knows the responder's static key and sends its own, sealed, in the first
//! message. The prologue names both addresses in full, because two addresses (a key and its
//! negative) have one X25519 form.

use identity::Address;
use snow::params::NoiseParams;
use snow::{Builder, HandshakeState};

use crate::frame::SessionId;

/// The hash of everything that both sides said in a handshake: the same on both, or nothing opens.
pub(crate) type HandshakeHash = [u8; 32];

/// An X25519 public key.
pub(crate) type PublicKey = [u8; 32];

/// What a REPLY carries besides its payload: an ephemeral key and a tag.
pub(crate) const REPLY_OVERHEAD: usize = 32 + TAG_BYTES;

/// What a HELLO carries besides its payload: an ephemeral key, a sealed static key, a tag.
pub(crate) const HELLO_OVERHEAD: usize = 32 + (32 + TAG_BYTES) + TAG_BYTES;

/// Of ChaCha20-Poly1305 (RFC 8439).
pub(crate) const TAG_BYTES: usize = 16;

/// The protocol of this format.
const PROTOCOL: &str = "Noise_IK_25519_ChaChaPoly_BLAKE2s";

/// The name in the prologue: nothing that another program seals with the same keys opens here.
const PROLOGUE_NAME: &[u8] = b"tincan seal v1\0";

/// Who begins which session with whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) initiator: Address,
    pub(crate) responder: Address,
    pub(crate) session: SessionId,
}

impl Context {
    /// The handshake of the side that begins.
    pub(crate) fn initiate(
        &self,
        secret: &[u8; 32],
        responder: &PublicKey,
    ) -> Result<HandshakeState, snow::Error> {
        Builder::new(parameters()?)
            .local_private_key(secret)?
            .remote_public_key(responder)?
            .prologue(&self.prologue())?
            .build_initiator()
    }

    /// The handshake of the side that answers.
    pub(crate) fn respond(&self, secret: &[u8; 32]) -> Result<HandshakeState, snow::Error> {
        Builder::new(parameters()?)
            .local_private_key(secret)?
            .prologue(&self.prologue())?
            .build_responder()
    }

    /// Parts of fixed length, so that no two contexts have one prologue.
    fn prologue(&self) -> Vec<u8> {
        [
            PROLOGUE_NAME,
            self.initiator.as_bytes(),
            self.responder.as_bytes(),
            &self.session.0,
        ]
        .concat()
    }
}

/// The hash of a handshake.
pub(crate) fn hash_of(handshake: &HandshakeState) -> HandshakeHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(handshake.get_handshake_hash());
    hash
}

fn parameters() -> Result<NoiseParams, snow::Error> {
    PROTOCOL.parse()
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER_PERMISSIVE as HEX;
    use serde_json::Value;

    use super::*;

    /// The vectors of cacophony for our protocol, as snow ships them.
    const VECTORS: &str = include_str!("../tests/vectors/noise_ik.json");

    fn bytes(of: &Value) -> Vec<u8> {
        HEX.decode(of.as_str().unwrap().as_bytes()).unwrap()
    }

    /// One side of the vectors, with its fixed ephemeral key.
    fn side(vector: &Value, who: &str) -> HandshakeState {
        let part = |name: &str| bytes(&vector[format!("{who}_{name}")]);
        let (secret, ephemeral, prologue) = (part("static"), part("ephemeral"), part("prologue"));
        let builder = Builder::new(parameters().unwrap())
            .local_private_key(&secret)
            .unwrap()
            .prologue(&prologue)
            .unwrap()
            .fixed_ephemeral_key_for_testing_only(&ephemeral);
        if who == "resp" {
            return builder.build_responder().unwrap();
        }
        let remote = part("remote_static");
        builder
            .remote_public_key(&remote)
            .unwrap()
            .build_initiator()
            .unwrap()
    }

    #[test]
    fn the_official_vectors_hold() {
        let vector: Value = serde_json::from_str(VECTORS).unwrap();
        assert_eq!(vector["protocol_name"], PROTOCOL);
        let messages: Vec<_> = vector["messages"].as_array().unwrap().iter().collect();
        let mut sides = [side(&vector, "init"), side(&vector, "resp")];
        let mut buffer = [0; 1024];
        for (turn, message) in messages[..2].iter().enumerate() {
            let sealed = sides[turn].write_message(&bytes(&message["payload"]), &mut buffer);
            let sealed = buffer[..sealed.unwrap()].to_vec();
            assert_eq!(sealed, bytes(&message["ciphertext"]));
            let opened = sides[1 - turn].read_message(&sealed, &mut buffer).unwrap();
            assert_eq!(&buffer[..opened], bytes(&message["payload"]));
        }
        for side in &sides {
            assert_eq!(hash_of(side).to_vec(), bytes(&vector["handshake_hash"]));
        }
        let sides = sides.map(|side| side.into_stateless_transport_mode().unwrap());
        for (at, message) in messages[2..].iter().enumerate() {
            let (turn, number) = (at % 2, (at / 2) as u64);
            let sealed =
                sides[turn].write_message(number, &bytes(&message["payload"]), &mut buffer);
            let sealed = buffer[..sealed.unwrap()].to_vec();
            assert_eq!(sealed, bytes(&message["ciphertext"]));
            let opened = sides[1 - turn].read_message(number, &sealed, &mut buffer);
            assert_eq!(&buffer[..opened.unwrap()], bytes(&message["payload"]));
        }
        assert_eq!(messages.len(), 6);
    }
}
