//! Who somebody is: a public key, and its text form.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The address of an installation: its Ed25519 public key.
///
/// The text form is `tincan:` and 55 letters and digits: base32 (RFC 4648, lower case, no
/// padding) of the 32 bytes and 2 check bytes, so that a typo is recognised. Reading ignores
/// case, and takes the letters without `tincan:` too.
///
/// ```
/// use signal_wire::{Address, AddressError};
///
/// let address = Address::from_bytes([7; 32]);
/// let text = address.to_string();
/// assert_eq!(text.parse(), Ok(address));
/// assert_eq!(text.to_uppercase().parse(), Ok(address));
/// assert_eq!(text[..60].parse::<Address>(), Err(AddressError::Mistyped));
/// assert_eq!("Ann".parse::<Address>(), Err(AddressError::NotAnAddress));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address([u8; Self::LENGTH]);

impl Address {
    /// The scheme that begins every address and every invite link.
    pub const SCHEME: &str = "tincan:";
    /// Bytes of a public key.
    pub const LENGTH: usize = 32;
    /// Characters of the text form, scheme included.
    pub const TEXT_LENGTH: usize = Self::SCHEME.len() + BODY_LENGTH;

    /// The address that this public key is. Any bytes are taken; whether they are a key shows
    /// when a signature is checked.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The public key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It does not look like an address at all.
    #[error("not an address")]
    NotAnAddress,
    /// It looks like an address, but letters are missing, too many or wrong.
    #[error("a mistyped address")]
    Mistyped,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; Self::LENGTH + CHECK_LENGTH];
        bytes[..Self::LENGTH].copy_from_slice(&self.0);
        bytes[Self::LENGTH..].copy_from_slice(&check(&self.0));
        let mut body = [0; BODY_LENGTH];
        BASE32_NOPAD.encode_mut(&bytes, &mut body);
        body.make_ascii_lowercase();
        let body = std::str::from_utf8(&body).map_err(|_| fmt::Error)?;
        f.write_str(Self::SCHEME)?;
        f.write_str(body)
    }
}

impl fmt::Debug for Address {
    /// Addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text
            .split_at_checked(Self::SCHEME.len())
            .unwrap_or(("", text));
        let has_scheme = scheme.eq_ignore_ascii_case(Self::SCHEME);
        let body = if has_scheme { rest } else { text };
        if !has_scheme && !looks_like_body(body) {
            return Err(AddressError::NotAnAddress);
        }
        let mut body: [u8; BODY_LENGTH] = body
            .as_bytes()
            .try_into()
            .map_err(|_| AddressError::Mistyped)?;
        body.make_ascii_uppercase();
        let mut bytes = [0; Self::LENGTH + CHECK_LENGTH];
        BASE32_NOPAD
            .decode_mut(&body, &mut bytes)
            .map_err(|_| AddressError::Mistyped)?;
        let (key, sum) = bytes
            .split_first_chunk::<{ Self::LENGTH }>()
            .ok_or(AddressError::Mistyped)?;
        if sum == check(key) {
            Ok(Self(*key))
        } else {
            Err(AddressError::Mistyped)
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::text::read(deserializer, str::parse)
    }
}

/// Whether a text without the scheme can only be meant as an address: no word or name is as long
/// and made of these characters.
fn looks_like_body(text: &str) -> bool {
    text.len() == BODY_LENGTH
        && text
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || (b'2'..=b'7').contains(&b))
}

/// CRC-16/CCITT-FALSE: finds every error within 16 neighbouring bits, so every wrong letter and
/// every swap of two neighbours, and all but one in 65,536 of the rest.
fn check(key: &[u8]) -> [u8; CHECK_LENGTH] {
    let mut crc = 0xffff_u16;
    for byte in key {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            let carry = crc & 0x8000 != 0;
            crc <<= 1;
            if carry {
                crc ^= 0x1021;
            }
        }
    }
    crc.to_be_bytes()
}

const CHECK_LENGTH: usize = 2;

/// Base32 letters of 34 bytes.
const BODY_LENGTH: usize = 55;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_is_the_published_crc() {
        assert_eq!(check(b"123456789"), [0x29, 0xb1]);
    }

    #[test]
    fn text_that_is_no_address_is_told_from_a_typo() {
        let address = Address::from_bytes([7; 32]).to_string();
        assert_eq!(address.len(), Address::TEXT_LENGTH);
        let body = &address[Address::SCHEME.len()..];
        let cases = [
            ("", AddressError::NotAnAddress),
            ("hello", AddressError::NotAnAddress),
            ("https://example.org/", AddressError::NotAnAddress),
            ("bücher:ßßßßßßßßßßßß", AddressError::NotAnAddress),
            ("tincan:", AddressError::Mistyped),
            (&address[..address.len() - 1], AddressError::Mistyped),
            (&address.replace('4', "1"), AddressError::Mistyped),
            (&format!("{address}a"), AddressError::Mistyped),
            (&format!("b{}", &body[1..]), AddressError::Mistyped),
            (
                "tincan:ßßßßßßßßßßßßßßßßßßßßßßßßßßßa",
                AddressError::Mistyped,
            ),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Address>(), Err(error), "{text}");
        }
        assert_eq!(body.parse(), Ok(Address::from_bytes([7; 32])));
        assert_eq!(
            address.to_uppercase().parse(),
            Ok(Address::from_bytes([7; 32]))
        );
    }

    #[test]
    fn debug_hides_it() {
        assert_eq!(format!("{:?}", Address::from_bytes([7; 32])), "Address(…)");
    }

    proptest! {
        #[test]
        fn text_comes_back(bytes: [u8; 32]) {
            let address = Address::from_bytes(bytes);
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }

        #[test]
        fn one_wrong_letter_or_a_swap_is_a_typo(bytes: [u8; 32], at in 0..BODY_LENGTH, to in 0..32_usize) {
            let right = Address::from_bytes(bytes).to_string();
            let at = at + Address::SCHEME.len();
            let letter = b"abcdefghijklmnopqrstuvwxyz234567"[to];
            let mut wrong = right.clone().into_bytes();
            wrong[at] = letter;
            let mut swapped = right.clone().into_bytes();
            swapped.swap(at, (at + 1).min(right.len() - 1));
            for text in [wrong, swapped].map(|text| String::from_utf8(text).unwrap()) {
                let expected =
                    if text == right { Ok(Address::from_bytes(bytes)) } else { Err(AddressError::Mistyped) };
                prop_assert_eq!(text.parse(), expected);
            }
        }

        #[test]
        fn any_text_is_judged(text in "\\PC{0,80}") {
            let _verdict: Result<Address, _> = text.parse();
        }
    }
}
