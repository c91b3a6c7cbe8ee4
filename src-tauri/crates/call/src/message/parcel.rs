//! A parcel of a session, and its form on the wire.

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MAX_PARCEL;

/// Opaque bytes of a session; base64 (RFC 4648) on the wire.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Parcel(pub Vec<u8>);

impl fmt::Debug for Parcel {
    /// Parcels stay out of logs: they hold network addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parcel({} bytes)", self.0.len())
    }
}

impl Serialize for Parcel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Parcel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64
            .decode(text.as_bytes())
            .map_err(serde::de::Error::custom)?;
        if bytes.len() > MAX_PARCEL {
            return Err(serde::de::Error::custom("the parcel is too large"));
        }
        Ok(Self(bytes))
    }
}
