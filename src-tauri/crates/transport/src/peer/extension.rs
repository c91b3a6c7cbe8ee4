//! What headers of RTP packets carry besides transport-wide numbers.

/// What a header of RTP may carry (RFC 8285).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extension {
    /// Which m-line a packet belongs to (RFC 9143, 15).
    Mid,
    /// When its content was captured, which a server that counts sources anew passes on.
    CaptureTime,
}

impl Extension {
    /// What it is called in a description.
    pub(crate) const fn uri(self) -> &'static str {
        match self {
            Self::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Self::CaptureTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
        }
    }
}
