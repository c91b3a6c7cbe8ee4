//! All sealed sessions of one identity.

use std::sync::Arc;
use std::time::Instant;

use identity::{Address, Identity};

/// All sealed sessions of one identity. A conversation (a call) has one session, or for a moment
/// two: one that goes and one that comes, after the other side lost its state.
///
/// Drain [`Sealer::poll_output`] after every call of another method.
#[derive(Debug)]
pub struct Sealer {
    _identity: Arc<Identity>,
}

/// One thing to do, in order.
#[derive(Debug)]
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
    /// The words of a conversation are known. Told once for each conversation.
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

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Larger than [`crate::MAX_MESSAGE_BYTES`].
    #[error("a message of {0} bytes is too large to be sealed")]
    TooLarge(usize),
    /// The address is no key that anything can be sealed for.
    #[error("the address is no usable key")]
    WeakKey,
    /// Too much waits for the other side's first answer.
    #[error("too much waits for the other side")]
    Full,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

impl Sealer {
    /// No session yet.
    #[must_use]
    pub fn new(identity: Arc<Identity>) -> Self {
        Self {
            _identity: identity,
        }
    }

    /// Seals a message of a conversation and sends it; where there is no session yet, begins one and
    /// sends the message as soon as the other side answers. A message equal to one that waits
    /// already is not queued again.
    ///
    /// # Errors
    /// When it cannot be sealed or kept.
    pub fn send(
        &mut self,
        _now: Instant,
        _to: Address,
        _conversation: u64,
        _message: &[u8],
    ) -> Result<(), SendError> {
        Ok(())
    }

    /// Takes a frame that came through a relay.
    pub fn receive(&mut self, _now: Instant, _from: Address, _frame: &[u8]) {}

    /// Names the conversation whose session must outlive all others: that of the current call.
    pub fn set_active(&mut self, _conversation: Option<(Address, u64)>) {}

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// When to call [`Sealer::handle_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Time has passed: sends again what may be lost, and forgets what is too old.
    pub fn handle_timeout(&mut self, _now: Instant) {}
}
