//! What two phones say to each other about their conversation.

use serde::{Deserialize, Serialize};

use crate::chat::Text;

/// A text, or word of texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Chat {
    /// Something that the user says. Repeated until it is acknowledged.
    Text {
        /// Counted from 0 in each call.
        number: u32,
        /// Clean after parsing; at most [`Text::MAX`] bytes.
        text: Text,
    },
    /// All texts with a lower number have arrived.
    Received {
        /// The number that comes next.
        next: u32,
    },
    /// The user writes.
    Typing,
}
