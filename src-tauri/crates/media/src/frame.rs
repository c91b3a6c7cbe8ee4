//! Encoded frames: what crosses the transport seam.
//!
//! ```
//! use media::frame::EncodedFrame;
//! use media::time::MediaTime;
//!
//! let packet = EncodedFrame {
//!     time: MediaTime::from_ticks(960, 48_000),
//!     keyframe: true,
//!     payload: vec![15 << 3, 0, 0].into(),
//! };
//! assert_eq!(packet.time.micros(), 20_000);
//! ```

use std::time::Instant;

use bytes::Bytes;

use crate::time::MediaTime;

/// One encoded picture (H.264 access unit, Annex B) or one encoded chunk of sound (an Opus packet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedFrame {
    /// When it was captured, on the sender's timeline.
    pub time: MediaTime,
    /// Whether decoding may start here. Always true for sound.
    pub keyframe: bool,
    /// The bytes of the codec.
    pub payload: Bytes,
}

/// A frame that came from the other side, complete, in decode order, not delayed for playout.
#[derive(Clone, Debug)]
pub struct ReceivedFrame {
    /// The frame. Its time is on the *remote* timeline, see [`ReceivedFrame::synchronised`].
    pub frame: EncodedFrame,
    /// Sound: position in the stream in packets, so a gap is a loss and a repeat a duplicate.
    /// Pictures: position in frames as far as the receiver could tell them apart.
    pub sequence: u64,
    /// When its last packet arrived.
    pub arrived: Instant,
    /// Whether packets before this frame were lost for good: the decoder lacks references until
    /// the next keyframe. Always false for sound, where `sequence` tells.
    pub after_loss: bool,
    /// Whether `frame.time` is on the timeline shared by sound and picture of the sender. False
    /// until the first sender report (RFC 3550, 6.4.1) tells how the RTP clocks relate; until
    /// then times of one stream are only comparable with each other.
    pub synchronised: bool,
}
