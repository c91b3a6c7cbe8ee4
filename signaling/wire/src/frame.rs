//! The frames of both directions and their text form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Address, Challenge, MAX_FRAME_BYTES, MessageId, Payload, Proof, SessionToken};

/// What a client says to a relay.
///
/// ```
/// use signal_wire::ClientFrame;
///
/// let frame = ClientFrame::Ack { seq: 7 };
/// assert_eq!(frame.encode(), r#"{"ack":{"seq":7}}"#);
/// assert_eq!(ClientFrame::parse(&frame.encode())?, frame);
/// # Ok::<(), signal_wire::FrameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientFrame {
    /// The first frame, in answer to the challenge.
    Hello {
        /// [`crate::VERSION`].
        version: u16,
        /// Who this is.
        address: Address,
        /// The challenge, signed by the address.
        proof: Proof,
        /// The session to go on with, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    /// Something for somebody.
    Envelope {
        /// Rises with every envelope of the session, from 1.
        seq: u64,
        /// Tells it from every other envelope of this sender, also in a later session.
        id: MessageId,
        /// For whom.
        to: Address,
        /// The content, which the relay does not look into.
        payload: Payload,
    },
    /// Everything from the relay up to this number has arrived.
    Ack {
        /// The last number that arrived.
        seq: u64,
    },
}

/// The session that a client wants to go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The token of its welcome.
    pub session: SessionToken,
    /// The last number that arrived from the relay; 0 for none.
    pub received: u64,
}

/// What a relay says to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RelayFrame {
    /// The first frame: prove who you are.
    Challenge {
        /// [`crate::VERSION`].
        version: u16,
        /// What to sign.
        nonce: Challenge,
    },
    /// The address is proven.
    Welcome {
        /// Names the session in a later `hello`.
        session: SessionToken,
        /// Whether this is the session that the client wanted to go on with. When it is not,
        /// both directions count from 1 again.
        resumed: bool,
        /// The last number that arrived from the client; 0 for none.
        received: u64,
    },
    /// Something from somebody.
    Envelope {
        /// Rises with every envelope and every `not_here` of the session, from 1.
        seq: u64,
        /// The id that its sender gave it.
        id: MessageId,
        /// From whom: an address that was proven to the relay.
        from: Address,
        /// The content, which the relay does not look into.
        payload: Payload,
    },
    /// An envelope was not delivered: nobody is connected at its address, or whoever was did not
    /// take it while it was kept.
    NotHere {
        /// Numbered together with the envelopes.
        seq: u64,
        /// The id of that envelope.
        id: MessageId,
        /// For whom it was.
        to: Address,
        /// Why.
        #[serde(default)]
        why: Absence,
    },
    /// Everything from the client up to this number has been dealt with.
    Ack {
        /// The last number that arrived.
        seq: u64,
    },
    /// Another connection of the same address took over. The connection ends; the client must
    /// not come back by itself, or the two would take over from each other for ever.
    TakenOver,
    /// The connection ends for this reason.
    Error {
        /// The reason.
        code: ErrorCode,
    },
}

/// Why nobody is at an address, as far as the relay knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Whoever was there left: said goodbye, or their machine closed the connection, as when the
    /// program ends or is killed.
    Closed,
    /// Whoever was there has not been heard of for too long: their network failed, or their machine
    /// sleeps.
    Silent,
    /// Nobody was there lately, or the relay does not say.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Why a relay ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A frame that is too large, no frame at all, or not the one that is due.
    Malformed,
    /// The client speaks another version.
    Version,
    /// The proof does not fit the address, the challenge or this relay.
    BadProof,
    /// The client took too long to prove its address.
    Timeout,
    /// The client does not take what is sent to it.
    TooSlow,
    /// The relay stops; come back later.
    ShuttingDown,
}

/// Why a text is no frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Larger than [`MAX_FRAME_BYTES`].
    #[error("frame of {bytes} bytes is larger than {MAX_FRAME_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the JSON of a frame. The cause may quote the text, so it is not kept.
    #[error("not a frame: wrong at line {line} column {column}")]
    Malformed {
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
}

impl ClientFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// When the text is no frame.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        parse(text)
    }

    /// The text form.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }
}

impl RelayFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// When the text is no frame.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        parse(text)
    }

    /// The text form.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, FrameError> {
    if text.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLarge { bytes: text.len() });
    }
    serde_json::from_str(text).map_err(|e| FrameError::Malformed {
        line: e.line(),
        column: e.column(),
    })
}

fn encode<T: Serialize>(frame: &T) -> String {
    serde_json::to_string(frame).expect("frames hold only strings, numbers and booleans")
}
