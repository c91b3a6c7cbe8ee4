//! Reads a text of a frame where it stands: serde's own `Cow` would copy it first.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};

/// Reads a text by `read`.
pub(crate) fn read<'de, D, T, E>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    deserializer.deserialize_str(Text(read))
}

struct Text<F>(F);

impl<T, E, F> Visitor<'_> for Text<F>
where
    F: FnOnce(&str) -> Result<T, E>,
    E: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<X: de::Error>(self, text: &str) -> Result<T, X> {
        (self.0)(text).map_err(X::custom)
    }
}
