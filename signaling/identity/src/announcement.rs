//! The signatures under what somebody announces on a network: those of the alias under all that is
//! said there, and that of an identity which tells everybody that it is at an alias.

use signal_wire::Address;

use crate::key::Identity;
use crate::signed::{BadSignature, Kind};

impl Identity {
    /// Signs an announcement. Which alias it is for, and all that it says, must be in the statement.
    ///
    /// ```
    /// use identity::{Identity, verify_announcement};
    ///
    /// let ann = Identity::generate()?;
    /// let signature = ann.sign_announcement(b"Ann is here");
    /// let check = |text| verify_announcement(&ann.address(), text, &signature);
    /// assert!(check(b"Ann is here").is_ok());
    /// assert!(check(b"Bob is here").is_err());
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn sign_announcement(&self, statement: &[u8]) -> [u8; 64] {
        NAMED.sign(self, statement)
    }

    /// Signs, as an alias, all that an announcement says.
    #[must_use]
    pub fn sign_as_alias(&self, statement: &[u8]) -> [u8; 64] {
        ALIAS.sign(self, statement)
    }

    /// Signs, as an alias, the address of the network from which it speaks.
    #[must_use]
    pub fn sign_source(&self, source: &[u8]) -> [u8; 64] {
        SOURCE.sign(self, source)
    }

    /// Signs, as an alias, that it leaves for good.
    #[must_use]
    pub fn sign_goodbye(&self) -> [u8; 64] {
        GOODBYE.sign(self, &[])
    }
}

/// Checks what [`Identity::sign_announcement`] made. Strict: weak keys and malleable signatures are
/// refused.
///
/// # Errors
/// When the signature does not fit.
pub fn verify_announcement(
    address: &Address,
    statement: &[u8],
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    NAMED.verify(address, statement, signature)
}

/// Checks what [`Identity::sign_as_alias`] made, as strictly as [`verify_announcement`].
///
/// # Errors
/// When the signature does not fit.
pub fn verify_alias(
    alias: &Address,
    statement: &[u8],
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    ALIAS.verify(alias, statement, signature)
}

/// Checks what [`Identity::sign_source`] made, as strictly as [`verify_announcement`].
///
/// # Errors
/// When the signature does not fit.
pub fn verify_source(
    alias: &Address,
    source: &[u8],
    signature: &[u8; 64],
) -> Result<(), BadSignature> {
    SOURCE.verify(alias, source, signature)
}

/// Checks what [`Identity::sign_goodbye`] made, as strictly as [`verify_announcement`].
///
/// # Errors
/// When the signature does not fit.
pub fn verify_goodbye(alias: &Address, signature: &[u8; 64]) -> Result<(), BadSignature> {
    GOODBYE.verify(alias, &[], signature)
}

const NAMED: Kind = Kind(b"tincan lan announcement v1\0");
const ALIAS: Kind = Kind(b"tincan lan alias v1\0");
const SOURCE: Kind = Kind(b"tincan lan source v1\0");
const GOODBYE: Kind = Kind(b"tincan lan goodbye v1\0");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify_rejection;

    type Check = fn(&Address, &[u8], &[u8; 64]) -> Result<(), BadSignature>;

    #[test]
    fn what_is_signed_for_one_purpose_holds_for_no_other() {
        let ann = Identity::generate().unwrap();
        // A goodbye says nothing but itself.
        let text = b"";
        let signatures = [
            ann.sign_announcement(text),
            ann.sign_as_alias(text),
            ann.sign_source(text),
            ann.sign_goodbye(),
            ann.sign_rejection(text),
        ];
        let checks: [Check; 5] = [
            verify_announcement,
            verify_alias,
            verify_source,
            |alias, _, signature| verify_goodbye(alias, signature),
            verify_rejection,
        ];
        for (signed, signature) in signatures.iter().enumerate() {
            for (checked, check) in checks.iter().enumerate() {
                let holds = check(&ann.address(), text, signature).is_ok();
                assert_eq!(holds, signed == checked, "{signed} as {checked}");
            }
        }
    }

    #[test]
    fn a_signature_holds_for_one_statement_of_one_key() {
        let [ann, eve] = [0; 2].map(|_| Identity::generate().unwrap());
        let checks: [(Check, [u8; 64]); 3] = [
            (verify_announcement, ann.sign_announcement(b"text")),
            (verify_alias, ann.sign_as_alias(b"text")),
            (verify_source, ann.sign_source(b"text")),
        ];
        for (check, signature) in checks {
            assert_eq!(check(&ann.address(), b"text", &signature), Ok(()));
            let other_text = check(&ann.address(), b"next", &signature);
            assert_eq!(other_text, Err(BadSignature));
            let other_key = check(&eve.address(), b"text", &signature);
            assert_eq!(other_key, Err(BadSignature));
        }
        let goodbye = ann.sign_goodbye();
        assert_eq!(verify_goodbye(&ann.address(), &goodbye), Ok(()));
        let other = verify_goodbye(&eve.address(), &goodbye);
        assert_eq!(other, Err(BadSignature));
    }
}
