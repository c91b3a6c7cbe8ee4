//! What two phones say of a recording of their call.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::id::RecordingId;

/// Either: what I say of the recording that I want. On every change, and again until it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Which one.
    pub id: RecordingId,
    /// How far it is.
    pub stance: Wants,
}

/// How far a recording is, as whoever wants it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Wants {
    /// May I?
    Asked {
        /// Signed by whoever asks.
        statement: Statement,
    },
    /// I record.
    Running,
    /// I do not, or not any more.
    Over {
        /// Why.
        why: RecordOver,
        /// Whether I know that it is over for you too.
        heard: bool,
    },
}

/// Either: what I say of the recording that you want. On every change, and again until it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Which one.
    pub id: RecordingId,
    /// What becomes of it.
    pub stance: Allows,
}

/// What becomes of a recording, as whoever is recorded says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Allows {
    /// The user is asked.
    Shown,
    /// You may.
    Agreed {
        /// Signed by whoever agrees.
        statement: Statement,
    },
    /// You may not, or not any more.
    Over {
        /// Why.
        why: RecordOver,
        /// Whether I know that it is over for you too.
        heard: bool,
    },
}

/// Why a recording is over, as one side tells the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordOver {
    /// My user does not want it any more.
    Stopped,
    /// My user does not want it.
    Refused,
    /// Nobody answered.
    NoAnswer,
    /// It cannot be written.
    Failed,
    /// A reason of a later version.
    #[serde(other)]
    Unknown,
}

/// What somebody signed: that they ask for a recording, or agree to it. Opaque; at most
/// [`Statement::MAX`] bytes.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Statement(String);

impl Statement {
    /// The longest statement, bytes: three times what one takes.
    pub const MAX: usize = 1024;

    /// A statement of this text; none when it is too long.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        (text.len() <= Self::MAX).then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).ok_or_else(|| serde::de::Error::custom("a statement is too long"))
    }
}

impl fmt::Debug for Statement {
    /// What people signed stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({} bytes)", self.0.len())
    }
}
