//! From encoded frames to RTP payloads and back, without a socket and without a clock.
//!
//! Everything here is pure: packets and the present time come in as arguments. What it takes
//! apart are remote bytes, so nothing in it panics, and every buffer has a bound.

pub(crate) mod assemble;
pub(crate) mod depacketise;
pub(crate) mod extend;
pub(crate) mod fit;
pub(crate) mod h264;
pub(crate) mod history;
pub(crate) mod missing;
pub(crate) mod packetise;
#[cfg(test)]
mod repair;
pub(crate) mod sync;

use media::transport::Kind;

/// The rate of the RTP clock of a stream of this kind, hertz.
pub(crate) const fn clock_hz(kind: Kind) -> u32 {
    match kind {
        Kind::Audio => AUDIO_HZ,
        Kind::Video => VIDEO_HZ,
    }
}

/// The clock of pictures, hertz (RFC 6184, 8.2.1).
const VIDEO_HZ: u32 = 90_000;

/// The clock of Opus, hertz (RFC 7587, 4.1).
const AUDIO_HZ: u32 = 48_000;
