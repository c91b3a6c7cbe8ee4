//! Encryption of whole frames, end to end, between an encoder and the packets.

use std::fmt;

use bytes::Bytes;
use media::transport::Stream;

/// Encrypts what is sent and decrypts what is received. Called by the tasks that write and receive
/// frames; never waits.
pub(crate) trait FrameCipher: Send + Sync + fmt::Debug {
    /// A frame as it leaves; `None` when it must not.
    fn seal(&self, stream: Stream, frame: Bytes) -> Option<Bytes>;

    /// A frame as the other side's encoder made it; `None` when it is to be dropped.
    fn open(&self, stream: Stream, frame: Bytes) -> Option<Bytes>;
}
