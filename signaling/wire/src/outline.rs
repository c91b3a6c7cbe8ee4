//! What every frame of every version has in common: the name of its kind.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The kind of a frame: a text, or the one name in an object. Of the rest only that it is JSON is
/// checked.
pub(crate) struct Outline<'de> {
    pub(crate) kind: Cow<'de, str>,
}

impl<'de> Deserialize<'de> for Outline<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Kind)
    }
}

struct Kind;

impl<'de> Visitor<'de> for Kind {
    type Value = Outline<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame")
    }

    fn visit_borrowed_str<E>(self, kind: &'de str) -> Result<Outline<'de>, E> {
        Ok(Outline { kind: kind.into() })
    }

    fn visit_str<E>(self, kind: &str) -> Result<Outline<'de>, E> {
        Ok(Outline {
            kind: kind.to_owned().into(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline<'de>, A::Error> {
        let Some((kind, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? else {
            return Err(A::Error::custom("no kind"));
        };
        if map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            return Err(A::Error::custom("more than one kind"));
        }
        Ok(Outline { kind: kind.into() })
    }
}
