//! The frames of both directions and their text form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::outline::Outline;
use crate::{
    Address, CallNumber, Capabilities, Challenge, IceServers, LiveKitAccess, MAX_FRAME_BYTES,
    MessageId, NoAccess, Payload, Proof, SessionToken,
};

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
#[serde(rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame, in answer to the challenge.
    Hello {
        /// [`crate::VERSION`].
        version: u16,
        /// What the client can do beyond this version's first frames.
        #[serde(default, skip_serializing_if = "Capabilities::is_empty")]
        capabilities: Capabilities,
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
    /// Name STUN and TURN servers again: the credentials of the last ones end soon.
    Ice {},
    /// Let this client into the room of a call at the relay's LiveKit server. To be asked only where
    /// the relay's capabilities name [`Capabilities::LIVEKIT`]. The answer comes when the other party
    /// has asked too; whoever asks again gets the same answer again.
    Access {
        /// The call.
        call: CallNumber,
        /// The other party.
        with: Address,
    },
    /// The call is over for this client, or it has no use for a room: the room is closed, and nobody
    /// gets into it any more.
    Release {
        /// The call.
        call: CallNumber,
    },
}

/// The session that a client wants to go on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The token of its welcome.
    pub session: SessionToken,
    /// The last number that arrived from the relay; 0 for none.
    pub received: u64,
}

/// What a relay says to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
        /// What the relay can do beyond this version's first frames.
        #[serde(default, skip_serializing_if = "Capabilities::is_empty")]
        capabilities: Capabilities,
        /// Names the session in a later `hello`.
        session: SessionToken,
        /// Whether this is the session that the client wanted to go on with. When it is not,
        /// both directions count from 1 again.
        resumed: bool,
        /// The last number that arrived from the client; 0 for none.
        received: u64,
        /// Servers that help to find a path, where the relay knows some.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ice: Option<IceServers>,
    },
    /// Something from somebody.
    Envelope {
        /// Rises with every envelope, `not_here` and `refused` of the session, from 1.
        seq: u64,
        /// The id that its sender gave it.
        id: MessageId,
        /// From whom: an address that was proven to the relay.
        from: Address,
        /// The content, which the relay does not look into.
        payload: Payload,
    },
    /// An envelope was not delivered: nobody is connected at its address, or whoever was did not
    /// take it while it was kept. Several that nobody at one address took may share one answer.
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
    /// An envelope was not taken, which says nothing of whether somebody is there: more of this
    /// sender or its network waits for that address than may, or the relay is short of memory. It
    /// can be sent again later. Several to one address may share one answer.
    Refused {
        /// Numbered together with the envelopes.
        seq: u64,
        /// The id of that envelope.
        id: MessageId,
        /// For whom it was.
        to: Address,
    },
    /// Everything from the client up to this number has been dealt with.
    Ack {
        /// The last number that arrived.
        seq: u64,
    },
    /// The answer to `ice`.
    Ice(IceServers),
    /// The answer to `access` once both parties have asked.
    Access(LiveKitAccess),
    /// The answer to `access` where there is none.
    NoAccess {
        /// The call.
        call: CallNumber,
        /// Why.
        #[serde(default)]
        why: NoAccess,
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
    /// program ends or is killed. A relay inside an application does not say so of a goodbye: who
    /// leaves the network, or their link, may be in a call with a neighbour all the same.
    Closed,
    /// Whoever was there has not been heard of for too long: their network failed, or their machine
    /// sleeps.
    Silent,
    /// Nobody was there lately, or the relay does not say, as one inside an application of who said
    /// goodbye.
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
    /// Too many clients prove their addresses at this moment; come back later.
    Busy,
    /// Something that this version does not know.
    #[serde(other)]
    Unknown,
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
    /// A frame that this version does not know. To be skipped.
    #[error("a frame of a kind that is not known")]
    Unknown,
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
        parse(text, &Self::KINDS)
    }

    /// The text form.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// The name of every kind.
    const KINDS: [&str; 6] = ["hello", "envelope", "ack", "ice", "access", "release"];
}

impl RelayFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// When the text is no frame.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        parse(text, &Self::KINDS)
    }

    /// The text form.
    #[must_use]
    pub fn encode(&self) -> String {
        encode(self)
    }

    /// The name of every kind.
    const KINDS: [&str; 11] = [
        "ice",
        "access",
        "no_access",
        "challenge",
        "welcome",
        "envelope",
        "not_here",
        "refused",
        "ack",
        "taken_over",
        "error",
    ];
}

/// Reads a frame. One that cannot be read is of an unknown kind, if its outline names a kind that
/// is not among `kinds`, else malformed.
fn parse<T: DeserializeOwned>(text: &str, kinds: &[&str]) -> Result<T, FrameError> {
    if text.len() > MAX_FRAME_BYTES {
        return Err(FrameError::TooLarge { bytes: text.len() });
    }
    serde_json::from_str(text).map_err(|error| match serde_json::from_str(text) {
        Ok(Outline { kind }) if !kinds.contains(&&*kind) => FrameError::Unknown,
        Ok(_) | Err(_) => FrameError::Malformed {
            line: error.line(),
            column: error.column(),
        },
    })
}

fn encode<T: Serialize>(frame: &T) -> String {
    serde_json::to_string(frame).expect("frames hold only strings, numbers and booleans")
}
