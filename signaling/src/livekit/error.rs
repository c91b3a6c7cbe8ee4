//! What can go wrong at the server.

/// Why the server did not do what it was asked. What it says of that is not kept: it may quote the
/// token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// Nothing listens there, or it cannot be found.
    #[error("the LiveKit server cannot be reached")]
    Unreachable,
    /// Its certificate is none that this machine trusts, or is for another name.
    #[error("the certificate of the LiveKit server is not trusted")]
    Untrusted,
    /// It did not answer in time; what was asked may have been done all the same.
    #[error("the LiveKit server does not answer")]
    Unanswered,
    /// It said no; 401 is a key or a secret that it does not know.
    #[error("the LiveKit server refuses (HTTP {0})")]
    Refused(u16),
    /// It said what cannot be understood.
    #[error("the answer of the LiveKit server makes no sense")]
    Garbled,
}
