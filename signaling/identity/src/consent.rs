//! The signature under what somebody says of a recording: that they ask for it, or agree to it.

use signal_wire::Address;

use crate::key::Identity;
use crate::signed::{BadSignature, Kind};

impl Identity {
    /// Signs that its owner asks for a recording or agrees to one. Which recording, of which call,
    /// with whom and when must be in the statement.
    ///
    /// ```
    /// use identity::{Identity, verify_consent};
    ///
    /// let ann = Identity::generate()?;
    /// let signature = ann.sign_consent(b"agrees");
    /// let check = |text| verify_consent(&ann.address(), text, &signature);
    /// assert!(check(b"agrees").is_ok());
    /// assert!(check(b"asks").is_err());
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn sign_consent(&self, statement: &[u8]) -> [u8; 64] {
        KIND.sign(self, statement)
    }
}

/// Checks what [`Identity::sign_consent`] made. Strict: weak keys and malleable signatures are
/// refused.
///
/// # Errors
/// When the signature does not fit.
pub fn verify_consent(
    address: &Address,
    statement: &[u8],
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    KIND.verify(address, statement, signature)
}

const KIND: Kind = Kind(b"tincan recording consent v1\0");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify_rejection;

    #[test]
    fn consent_holds_for_its_signer_and_statement_only_and_is_nothing_else() {
        let (ann, bob) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let signature = ann.sign_consent(b"agrees");
        let check = |who: &Identity, text| verify_consent(&who.address(), text, &signature);
        assert_eq!(check(&ann, b"agrees"), Ok(()));
        assert_eq!(check(&bob, b"agrees"), Err(BadSignature));
        assert_eq!(check(&ann, b"agreed"), Err(BadSignature));
        assert!(verify_rejection(&ann.address(), b"agrees", &signature).is_err());
        let rejection = ann.sign_rejection(b"agrees");
        assert!(verify_consent(&ann.address(), b"agrees", &rejection).is_err());
    }
}
