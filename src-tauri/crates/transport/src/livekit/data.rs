//! What LiveKit's reliable data channel carries: our own control messages, and chat as official
//! clients write and read it.
//!
//! Control messages are user packets under a [topic](TOPIC) of ours. Chat is a text stream of
//! version 1 on `lk.chat`; the older `ChatMessage` is read. Packets are numbered from 1, so that
//! none is taken twice when a resume sends some again. Pure: bytes in, values out.
//!
//! With keys, every packet is an `EncryptedPacket`, and what comes in clear is refused.

#[cfg(fuzzing)]
pub mod fuzzing;
mod read;
mod stream;
#[cfg(test)]
mod tests;
mod write;

pub use read::{DataError, Reader, Received};
pub use write::{TooLarge, Writer};

use super::Redacted;

/// A text of the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatText {
    /// Unique: a UUID, at most [`MAX_ID`] bytes.
    pub id: String,
    /// When it was sent, by the sender's clock: milliseconds since 1970.
    pub at_ms: i64,
    /// At most [`MAX_TEXT`] bytes.
    pub text: Redacted<String>,
}

/// Of our control messages; official clients ignore what they do not know.
pub const TOPIC: &str = "tincan.control";
/// Bytes of a text: what a person pastes, and not a file.
pub const MAX_TEXT: usize = 64 * 1024;
/// Bytes of the name of a text or stream; a UUID has 36.
pub const MAX_ID: usize = 64;
/// Bytes of a packet. Measured: 65,300 pass the server, 65,500 are lost without a word; SDKs stop
/// at 64,000.
pub const MAX_PACKET: usize = 64_000;

/// The topic of the chat.
const CHAT: &str = "lk.chat";
