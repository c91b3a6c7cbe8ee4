//! What a [`Sealer`](crate::Sealer) asks for, and why it refuses.

use std::fmt;

use identity::Address;

/// One thing to do, in order.
pub enum Output {
    /// Hand this frame to the relay link.
    Transmit {
        /// For whom.
        to: Address,
        /// Opaque bytes, at most [`signal_wire::MAX_PAYLOAD_BYTES`].
        frame: Vec<u8>,
    },
    /// A message arrived: whole, new, and from whom it says.
    Received {
        /// From whom: the key that the session is authenticated by.
        from: Address,
        /// In which conversation.
        conversation: u64,
        /// What.
        message: Vec<u8>,
    },
    /// The words of a conversation are known; they take the place of those told before. Told after
    /// the message that they became known with, and again only when the other side renewed its
    /// session before it had heard anything.
    Words {
        /// With whom.
        peer: Address,
        /// Which conversation.
        conversation: u64,
        /// Equal on both sides unless somebody is in the middle.
        words: [&'static str; 4],
    },
    /// The other side cannot speak with us in this conversation: it proved with its key that it has
    /// none of our versions.
    Incompatible {
        /// Who.
        peer: Address,
        /// Which conversation.
        conversation: u64,
    },
}

impl fmt::Debug for Output {
    /// Messages and words stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transmit { frame, .. } => write!(f, "Transmit({} bytes)", frame.len()),
            Self::Received { message, .. } => write!(f, "Received({} bytes)", message.len()),
            Self::Words { .. } => f.write_str("Words(…)"),
            Self::Incompatible { .. } => f.write_str("Incompatible"),
        }
    }
}

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Larger than [`crate::MAX_MESSAGE_BYTES`].
    #[error("a message of {0} bytes is too large to be sealed")]
    TooLarge(usize),
    /// The address is no key that anything can be sealed for, or our own.
    #[error("the address is no usable key")]
    WeakKey,
    /// Too much waits for the other side's first answer, or for that of others.
    #[error("too much waits for the other side")]
    Full,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}
