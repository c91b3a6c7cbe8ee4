//! Why a frame is dropped.

/// The reason for which a frame changes nothing, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Dropped {
    /// Call messages are only taken out of sealed sessions.
    #[error("a message that is not sealed")]
    Plain,
    /// Of a later format, or no frame of ours.
    #[error("an unknown format")]
    Format,
    /// Of a later kind.
    #[error("an unknown kind")]
    Kind,
    /// Not as long as frames of its kind are.
    #[error("a wrong length")]
    Length,
    /// Opened, but not what this version looks like.
    #[error("contents that are malformed")]
    Malformed,
    /// The envelope says that it comes from us.
    #[error("a frame from ourselves")]
    Ourselves,
    /// The sender's address is no key.
    #[error("a sender whose address is no usable key")]
    WeakKey,
    /// Sealed with another key than the sender's.
    #[error("a sender who is somebody else")]
    WrongSender,
    /// Damaged, forged, or meant for another.
    #[error("a frame that does not open")]
    Unauthentic,
    /// A number that was there before.
    #[error("a repeated number")]
    Repeated,
    /// A number so far behind that nobody knows whether it was there before.
    #[error("a number that is too old")]
    Late,
    /// No session of this name with this sender.
    #[error("an unknown session")]
    UnknownSession,
    /// A HELLO for a session that exists.
    #[error("a HELLO of a session that exists")]
    KnownSession,
    /// A HELLO that differs from the one which its session began with.
    #[error("another HELLO of the same session")]
    OtherHello,
    /// The sender revealed another random value than it committed to.
    #[error("a random value that was not committed to")]
    Commitment,
    /// The session belongs to another conversation.
    #[error("a message of another conversation")]
    OtherConversation,
    /// Another session took the place of this one.
    #[error("a RESET of a session that was replaced")]
    Replaced,
    /// Nothing was sent lately that a RESET could be the answer to.
    #[error("a RESET without a cause")]
    NoCause,
    /// A signature that is not the callee's, or under something else.
    #[error("a REJECT with a wrong signature")]
    Signature,
    /// The system gives no random bytes.
    #[error("no random bytes to answer with")]
    NoRandomness,
    /// The sender has begun as much as one sender may.
    #[error("too many sessions half-open with one sender")]
    HalfOpenOfSender,
    /// Others have begun as much as all together may.
    #[error("too many sessions half-open")]
    HalfOpen,
    /// Too many handshakes a second, of the sender or of all together.
    #[error("too many handshakes a second")]
    HandshakeRate,
    /// Too many answers to one HELLO, or repeats of it.
    #[error("too many answers to one HELLO")]
    AnswerRate,
    /// Too many RESETs of one conversation, or no room to act on one.
    #[error("too many RESETs")]
    ResetRate,
}

impl Dropped {
    /// Whether somebody sends too much, which is worth a warning; all others are worth a line when
    /// somebody looks for them.
    pub(crate) const fn is_flood(self) -> bool {
        match self {
            Self::HalfOpenOfSender
            | Self::HalfOpen
            | Self::HandshakeRate
            | Self::AnswerRate
            | Self::ResetRate => true,
            Self::Plain
            | Self::Format
            | Self::Kind
            | Self::Length
            | Self::Malformed
            | Self::Ourselves
            | Self::WeakKey
            | Self::WrongSender
            | Self::Unauthentic
            | Self::Repeated
            | Self::Late
            | Self::UnknownSession
            | Self::KnownSession
            | Self::OtherHello
            | Self::Commitment
            | Self::OtherConversation
            | Self::Replaced
            | Self::NoCause
            | Self::Signature
            | Self::NoRandomness => false,
        }
    }
}
