//! The signature under what somebody announces to everybody on a network: who is at an alias.

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
        KIND.sign(self, statement)
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
    KIND.verify(address, statement, signature)
}

const KIND: Kind = Kind(b"tincan lan announcement v1\0");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify_rejection;

    #[test]
    fn an_announcement_is_no_rejection_and_the_other_way_round() {
        let ann = Identity::generate().unwrap();
        let address = ann.address();
        let announced = ann.sign_announcement(b"statement");
        let rejected = ann.sign_rejection(b"statement");
        assert_eq!(
            verify_announcement(&address, b"statement", &announced),
            Ok(())
        );
        assert_eq!(
            verify_announcement(&address, b"statement", &rejected),
            Err(BadSignature)
        );
        assert_eq!(
            verify_rejection(&address, b"statement", &announced),
            Err(BadSignature)
        );
    }
}
