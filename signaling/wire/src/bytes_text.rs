//! Bytes as base64 text (RFC 4648, URL-safe alphabet, no padding) inside frames.

use std::fmt;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{MAX_PAYLOAD_BYTES, text};

/// Defines a newtype over `N` bytes that travels as base64 and whose `Debug` hides them.
macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; $length]);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = decode(deserializer, $length)?;
                let bytes = <[u8; $length]>::try_from(bytes)
                    .map_err(|_| de::Error::custom(concat!("not ", $length, " bytes")))?;
                Ok(Self(bytes))
            }
        }
    };
}

fixed_bytes! {
    /// Random bytes that a client signs to prove its address; fresh for every connection.
    Challenge, 32
}

fixed_bytes! {
    /// The Ed25519 signature that proves an address.
    Proof, 64
}

fixed_bytes! {
    /// Names a session to the relay. Who knows it and the key may resume the session.
    SessionToken, 16
}

fixed_bytes! {
    /// Names an envelope from end to end, chosen at random by its sender.
    MessageId, 8
}

/// The content of an envelope, which the relay does not look into: at most [`MAX_PAYLOAD_BYTES`].
///
/// ```
/// use signal_wire::{MAX_PAYLOAD_BYTES, Payload};
///
/// let payload = Payload::new("hello".into())?;
/// assert_eq!(format!("{payload:?}"), "Payload(5 bytes)");
/// assert!(Payload::new(vec![0; MAX_PAYLOAD_BYTES + 1].into()).is_err());
/// # Ok::<(), signal_wire::PayloadTooLarge>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Bytes);

/// A payload is larger than [`MAX_PAYLOAD_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payload of {bytes} bytes is larger than {MAX_PAYLOAD_BYTES}")]
pub struct PayloadTooLarge {
    /// Its size.
    pub bytes: usize,
}

impl Payload {
    /// Takes bytes as a payload.
    ///
    /// # Errors
    /// When they are too many.
    pub fn new(bytes: Bytes) -> Result<Self, PayloadTooLarge> {
        if bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(PayloadTooLarge { bytes: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// Its size in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(decode(deserializer, MAX_PAYLOAD_BYTES)?.into()))
    }
}

/// Decodes at most `limit` bytes; a longer text is refused before anything is allocated.
fn decode<'de, D: Deserializer<'de>>(deserializer: D, limit: usize) -> Result<Vec<u8>, D::Error> {
    text::read(deserializer, |text| {
        if text.len() > BASE64URL_NOPAD.encode_len(limit) {
            return Err("too many bytes");
        }
        BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| "not base64")
    })
}
