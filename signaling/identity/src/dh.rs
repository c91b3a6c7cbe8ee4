//! The X25519 form of identities (RFC 7748), for key agreement with the key that is an address.
//!
//! The map is the birational one of RFC 7748, section 4.1. It forgets the sign of a point: an
//! Ed25519 key and its negative have one X25519 key. So whoever agrees on a key with it also
//! authenticates the whole address, for instance in the prologue of a Noise handshake. That one key
//! may serve both Ed25519 and X25519 is shown in IACR ePrint 2021/509.

use curve25519_dalek::montgomery::MontgomeryPoint;
use ed25519_dalek::VerifyingKey;
use signal_wire::Address;
use zeroize::Zeroizing;

use crate::key::Identity;

/// An address is no key that a secret can be agreed on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address is no usable key")]
pub struct WeakKey;

impl Identity {
    /// The X25519 secret, which X25519 itself clamps. Wiped when dropped.
    ///
    /// ```
    /// use identity::{Identity, x25519_public};
    ///
    /// let ann = Identity::generate()?;
    /// assert_eq!(ann.x25519_secret().len(), 32);
    /// assert!(x25519_public(&ann.address()).is_ok());
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    #[must_use]
    pub fn x25519_secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_scalar_bytes())
    }

    /// The secret that the holders of two identities share, by X25519 (RFC 7748, section 6.1). Not
    /// evenly random: derive keys from it. Wiped when dropped.
    ///
    /// ```
    /// use identity::Identity;
    ///
    /// let (ann, bob) = (Identity::generate()?, Identity::generate()?);
    /// assert_eq!(ann.shared_secret(&bob.address()), bob.shared_secret(&ann.address()));
    /// # Ok::<(), identity::NoRandomness>(())
    /// ```
    ///
    /// # Errors
    /// When the address is no key that a secret can be agreed on with, see [`x25519_public`].
    pub fn shared_secret(&self, with: &Address) -> Result<Zeroizing<[u8; 32]>, WeakKey> {
        let public = MontgomeryPoint(x25519_public(with)?);
        let shared = public.mul_clamped(*self.x25519_secret());
        Ok(Zeroizing::new(shared.to_bytes()))
    }
}

/// The X25519 public key of an address.
///
/// # Errors
/// When the bytes are no point, not the one encoding of their point, or a point with a part of
/// small order: no honest key is such a point, and with one of small order alone everybody knows
/// the secret that is agreed on.
pub fn x25519_public(address: &Address) -> Result<[u8; 32], WeakKey> {
    let key = VerifyingKey::from_bytes(address.as_bytes()).map_err(|_| WeakKey)?;
    let point = key.to_edwards();
    if point.compress().as_bytes() != address.as_bytes()
        || point.is_small_order()
        || !point.is_torsion_free()
    {
        return Err(WeakKey);
    }
    Ok(point.to_montgomery().to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The eight points of small order, and encodings of them that are not canonical.
    const SMALL_ORDER: [&str; 12] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];

    fn address(hex: &str) -> Address {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        Address::from_bytes(bytes.try_into().unwrap())
    }

    #[test]
    fn the_two_forms_of_a_key_belong_together() {
        for _ in 0..100 {
            let ann = Identity::generate().unwrap();
            let base = VerifyingKey::from(&ann.key);
            assert_eq!(
                x25519_public(&ann.address()),
                Ok(base.to_montgomery().to_bytes())
            );
        }
        // RFC 8032, test 1, mapped as libsodium does (crypto_sign_ed25519_pk_to_curve25519).
        let known = address("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
        let mapped = data_encoding::HEXLOWER.encode(&x25519_public(&known).unwrap());
        assert_eq!(
            mapped,
            "d85e07ec22b0ad881537c2f44d662d1a143cf830c57aca4305d85c7a90f6b62e"
        );
    }

    #[test]
    fn a_secret_is_shared_by_two_and_by_no_third() {
        let [ann, bob, eve] = [0; 3].map(|_| Identity::generate().unwrap());
        let secret = |one: &Identity, other: &Identity| one.shared_secret(&other.address());
        assert_eq!(secret(&ann, &bob), secret(&bob, &ann));
        assert_ne!(secret(&ann, &bob), secret(&ann, &eve));
        assert_ne!(secret(&ann, &bob), secret(&eve, &bob));
        for hex in SMALL_ORDER {
            assert_eq!(ann.shared_secret(&address(hex)), Err(WeakKey), "{hex}");
        }
    }

    #[test]
    fn weak_keys_and_bytes_that_are_no_key_are_refused() {
        for hex in SMALL_ORDER {
            assert_eq!(x25519_public(&address(hex)), Err(WeakKey), "{hex}");
        }
        let no_point = address("0200000000000000000000000000000000000000000000000000000000000000");
        assert_eq!(x25519_public(&no_point), Err(WeakKey));
    }

    #[test]
    fn a_key_with_a_part_of_small_order_is_refused() {
        let ann = Identity::generate().unwrap();
        let honest = ann.key.verifying_key().to_edwards();
        let small = address(SMALL_ORDER[4]);
        let small = VerifyingKey::from_bytes(small.as_bytes())
            .unwrap()
            .to_edwards();
        let mixed = Address::from_bytes((honest + small).compress().to_bytes());
        assert_eq!(x25519_public(&mixed), Err(WeakKey));
    }

    #[test]
    fn the_negative_of_a_key_has_the_same_x25519_form() {
        let ann = Identity::generate().unwrap().address();
        let mut bytes = *ann.as_bytes();
        bytes[31] ^= 0x80;
        let negative = Address::from_bytes(bytes);
        assert_ne!(negative, ann);
        assert_eq!(x25519_public(&negative), x25519_public(&ann));
    }
}
