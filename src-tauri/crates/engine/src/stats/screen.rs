//! The figures of shared screens.

use super::mean;
use crate::call_media::Flow;
use crate::view::ScreenStats;

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counted {
    out_bytes: u64,
    out_frames: u64,
    encode_us: u64,
    in_bytes: u64,
    decoded: u64,
}

impl Counted {
    /// As they are now.
    pub(super) fn now(flow: &Flow) -> Self {
        Self {
            out_bytes: flow.screen_out.bytes.get(),
            out_frames: flow.screen_out.frames.get(),
            encode_us: flow.screen_out.encode_us.get(),
            in_bytes: flow.screen_in.bytes.get(),
            decoded: flow.screen_in.decoded.get(),
        }
    }

    /// What became of them in so many `seconds`.
    pub(super) fn since(&self, before: &Self, seconds: f64, flow: &Flow) -> ScreenStats {
        let rate = |new: u64, old: u64| new.saturating_sub(old) as f64 / seconds;
        ScreenStats {
            send_bitrate: 8.0 * rate(self.out_bytes, before.out_bytes),
            receive_bitrate: 8.0 * rate(self.in_bytes, before.in_bytes),
            frames_per_second_sent: rate(self.out_frames, before.out_frames),
            frames_per_second_received: rate(self.decoded, before.decoded),
            key_frames_encoded: flow.screen_out.keyframes.get(),
            frames_decoded: self.decoded,
            frame_width: u32::try_from(flow.screen_in.width.get()).unwrap_or(0),
            frame_height: u32::try_from(flow.screen_in.height.get()).unwrap_or(0),
            encode_ms: mean(
                self.encode_us.saturating_sub(before.encode_us),
                self.out_frames.saturating_sub(before.out_frames),
            ) / 1e3,
        }
    }
}
