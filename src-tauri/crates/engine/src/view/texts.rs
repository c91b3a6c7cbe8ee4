//! The texts of a conversation on their way to the page, as a list like any other.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ChatText;

pub(super) fn serialize<S: Serializer>(
    texts: &Arc<Vec<ChatText>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    texts.as_slice().serialize(serializer)
}

pub(super) fn deserialize<'a, D: Deserializer<'a>>(
    deserializer: D,
) -> Result<Arc<Vec<ChatText>>, D::Error> {
    Vec::deserialize(deserializer).map(Arc::new)
}
