//! The signature under a refusal to speak: that a caller and this identity have no version in
//! common.

use signal_wire::Address;

use crate::key::Identity;
use crate::signed::{BadSignature, Kind};

impl Identity {
    /// Signs a rejection. What it rejects, and for whom, must be in the statement.
    ///
    /// ```
    /// use identity::{Identity, verify_rejection};
    ///
    /// let ann = Identity::generate()?;
    /// let signature = ann.sign_rejection(b"no common version");
    /// let check = |text| verify_rejection(&ann.address(), text, &signature);
    /// assert!(check(b"no common version").is_ok());
    /// assert!(check(b"another statement").is_err());
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn sign_rejection(&self, statement: &[u8]) -> [u8; 64] {
        KIND.sign(self, statement)
    }
}

/// Checks what [`Identity::sign_rejection`] made. Strict: weak keys and malleable signatures are
/// refused.
///
/// # Errors
/// When the signature does not fit.
pub fn verify_rejection(
    address: &Address,
    statement: &[u8],
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    KIND.verify(address, statement, signature)
}

const KIND: Kind = Kind(b"tincan seal rejection v1\0");

#[cfg(test)]
mod tests {
    use signal_wire::{Challenge, Proof};

    use super::*;
    use crate::Authority;
    use crate::verify_proof;

    #[test]
    fn a_rejection_holds_for_its_signer_and_statement_only() {
        let ann = Identity::generate().unwrap();
        let bob = Identity::generate().unwrap();
        let signature = ann.sign_rejection(b"statement");
        let check = |who: &Identity, text: &[u8], signature: &[u8; 64]| {
            verify_rejection(&who.address(), text, signature)
        };
        assert_eq!(check(&ann, b"statement", &signature), Ok(()));
        assert_eq!(check(&bob, b"statement", &signature), Err(BadSignature));
        assert_eq!(check(&ann, b"statemens", &signature), Err(BadSignature));
        for at in 0..signature.len() {
            let mut wrong = signature;
            wrong[at] ^= 1;
            assert_eq!(check(&ann, b"statement", &wrong), Err(BadSignature));
        }
    }

    #[test]
    fn a_proof_to_a_relay_is_no_rejection_and_the_other_way_round() {
        let ann = Identity::generate().unwrap();
        let challenge = Challenge([3; 32]);
        let relay = Authority::new("host", 443);
        let said = [&challenge.0[..], relay.as_str().as_bytes()].concat();
        let proof = ann.prove(&challenge, &relay);
        assert!(verify_rejection(&ann.address(), &said, &proof.0).is_err());
        let rejection = Proof(ann.sign_rejection(&said));
        assert!(verify_proof(&ann.address(), &challenge, &relay, &rejection).is_err());
    }
}
