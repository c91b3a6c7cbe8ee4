//! Signatures under statements of one kind: what is signed for one purpose holds for no other.

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use signal_wire::Address;

use crate::key::Identity;

/// A signature does not fit its address or what it is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature under a statement is wrong")]
pub struct BadSignature;

/// A kind of statement. Its text begins what is signed, and ends in a zero byte, so that no kind
/// begins another.
pub(crate) struct Kind(pub(crate) &'static [u8]);

impl Kind {
    /// Signs a statement of this kind.
    pub(crate) fn sign(&self, identity: &Identity, statement: &[u8]) -> [u8; 64] {
        identity.key.sign(&self.text(statement)).to_bytes()
    }

    /// Checks a signature under a statement of this kind. Strict: weak keys and malleable
    /// signatures are refused.
    pub(crate) fn verify(
        &self,
        address: &Address,
        statement: &[u8],
        signature: &[u8; 64],
    ) -> Result<(), BadSignature> {
        VerifyingKey::from_bytes(address.as_bytes())
            .and_then(|key| {
                key.verify_strict(&self.text(statement), &Signature::from_bytes(signature))
            })
            .map_err(|_| BadSignature)
    }

    fn text(&self, statement: &[u8]) -> Vec<u8> {
        [self.0, statement].concat()
    }
}
