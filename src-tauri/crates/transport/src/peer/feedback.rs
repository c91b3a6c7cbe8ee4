//! What the other side's RTCP says of what we send: the value that the library's driver hands to
//! the session task.

use std::time::Duration;

use media::transport::{NetworkEstimate, Stream};

/// One piece of feedback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Feedback {
    /// The other side's decoder of this stream of pictures needs a keyframe (PLI or FIR).
    KeyframeRequested(Stream),
    /// What the other side received of one stream since its last report (RFC 3550, 6.4.1).
    Reception {
        stream: Stream,
        /// 0 to 1.
        fraction_lost: f32,
        rtt: Option<Duration>,
    },
    /// The path carries only smaller packets: with payloads of at most so many bytes.
    PacketsShrank(usize),
    /// What the network carries now.
    Estimate(NetworkEstimate),
}
