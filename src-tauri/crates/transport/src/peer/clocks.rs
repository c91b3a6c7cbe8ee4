//! The clocks of what we send: RTP timestamps, and sender reports that tell when a frame was captured
//! (RFC 3550, 6.4.1).
//!
//! The writer task stamps, the library's driver makes reports. Nothing here may wait: locks are held
//! for a copy.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};

use media::time::MediaTime;
use media::transport::{Stream, Streams};
use rtc::rtcp::sender_report::SenderReport;

use crate::rtp::clock_hz;
use crate::rtp::sync::{ClockOffsets, ntp_from_micros};

/// The clocks of what we send, and how much that was.
#[derive(Debug)]
pub(crate) struct SendClocks {
    pub(crate) offsets: ClockOffsets,
    /// The first frame of any stream, and the wall clock then in microseconds since 1900.
    origin: OnceLock<(MediaTime, u64)>,
    streams: Streams<StreamClock>,
}

/// One sent stream.
#[derive(Debug)]
pub(crate) struct StreamClock {
    pub(crate) ssrc: u32,
    /// The sequence number of its first packet.
    pub(crate) first_sequence: u16,
    last: Mutex<Option<LastFrame>>,
    pub(crate) packets: AtomicU64,
    /// Payload only.
    pub(crate) bytes: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct LastFrame {
    rtp: u32,
    /// From the origin.
    micros: i64,
    handed_over: Instant,
}

impl StreamClock {
    /// Whether anything was sent of the stream.
    pub(crate) fn has_sent(&self) -> bool {
        self.packets.load(Ordering::Relaxed) > 0
    }
}

impl SendClocks {
    pub(crate) fn new(offsets: ClockOffsets, ssrcs: Streams<u32>) -> Self {
        Self {
            offsets,
            origin: OnceLock::new(),
            streams: Streams::from_fn(|it| StreamClock {
                ssrc: ssrcs[it],
                // Random as RFC 3550, 5.1 wants it, in the lower half as RFC 3711, 3.3.1 wants it.
                first_sequence: (ssrcs[it] >> 17) as u16,
                last: Mutex::new(None),
                packets: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
            }),
        }
    }

    pub(crate) fn stream(&self, stream: Stream) -> &StreamClock {
        &self.streams[stream]
    }

    /// Which of our streams has this source.
    pub(crate) fn stream_of(&self, ssrc: u32) -> Option<Stream> {
        let mut streams = self.streams.iter();
        streams.find_map(|(stream, clock)| (clock.ssrc == ssrc).then_some(stream))
    }

    /// The RTP timestamp of a frame of `stream` captured at `time` and sent at `now`.
    pub(crate) fn stamp(&self, stream: Stream, time: MediaTime, now: Instant) -> u32 {
        let (origin, _) = *self.origin.get_or_init(|| (time, wall_clock()));
        let micros = time.micros_since(origin);
        let ticks = MediaTime::from_micros(micros).ticks(clock_hz(stream.kind()));
        let rtp = self.offsets.0[stream].wrapping_add(ticks as u32);
        let last = LastFrame {
            rtp,
            micros,
            handed_over: now,
        };
        *self
            .stream(stream)
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(last);
        rtp
    }

    /// When the frame of this RTP timestamp was captured, as NTP time; near the last frame only.
    pub(crate) fn captured(&self, stream: Stream, rtp: u32) -> Option<u64> {
        let clock = self.stream(stream);
        let last = (*clock.last.lock().unwrap_or_else(PoisonError::into_inner))?;
        let (_, wall) = *self.origin.get()?;
        let ticks = i64::from(rtp.wrapping_sub(last.rtp) as i32);
        let hz = i64::from(clock_hz(stream.kind()));
        let micros = last.micros.saturating_add(ticks * 1_000_000 / hz);
        Some(ntp_from_micros(wall.saturating_add_signed(micros)))
    }

    /// The report of one stream at `now`, once it has sent.
    pub(crate) fn report(&self, stream: Stream, now: Instant) -> Option<SenderReport> {
        let clock = self.stream(stream);
        let last = (*clock.last.lock().unwrap_or_else(PoisonError::into_inner))?;
        let (_, wall) = *self.origin.get()?;
        let since = now.saturating_duration_since(last.handed_over);
        let micros = last
            .micros
            .saturating_add(i64::try_from(since.as_micros()).ok()?);
        let ticks = since.as_micros() * u128::from(clock_hz(stream.kind())) / 1_000_000;
        Some(SenderReport {
            ssrc: clock.ssrc,
            ntp_time: ntp_from_micros(wall.saturating_add_signed(micros)),
            rtp_time: last.rtp.wrapping_add(ticks as u32),
            packet_count: clock.packets.load(Ordering::Relaxed) as u32,
            octet_count: clock.bytes.load(Ordering::Relaxed) as u32,
            ..SenderReport::default()
        })
    }
}

/// Microseconds since 1900 (RFC 5905, 6).
fn wall_clock() -> u64 {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_1970.as_micros())
        .unwrap_or(u64::MAX)
        .saturating_add(NTP_TO_UNIX)
}

/// Microseconds from 1900 to 1970.
const NTP_TO_UNIX: u64 = 2_208_988_800 * 1_000_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rtp::sync::ntp_micros;

    /// Clocks that start at 7, but that of the camera at the end of its range.
    fn clocks() -> SendClocks {
        let mut offsets = Streams::from_fn(|_| 7);
        offsets[Stream::Camera] = u32::MAX;
        SendClocks::new(ClockOffsets(offsets), Streams::from_fn(|it| it as u32 + 1))
    }

    #[test]
    fn reports_of_streams_name_capture_time_on_one_clock() {
        let clocks = clocks();
        let now = Instant::now();
        let captured = MediaTime::from_micros(5_000_000);
        // The picture took 40 ms to encode, the sound 5.
        let sound = clocks.stamp(Stream::Voice, captured, now + Duration::from_millis(5));
        let picture = clocks.stamp(Stream::Camera, captured, now + Duration::from_millis(40));
        assert_eq!((sound, picture), (7, u32::MAX));
        let later = now + Duration::from_millis(1005);
        let heard = clocks.report(Stream::Voice, later).unwrap();
        let seen = clocks.report(Stream::Camera, later).unwrap();
        let heard_at = ntp_micros(heard.ntp_time) - i64::from(heard.rtp_time - 7) * 1000 / 48;
        let seen_ticks = i64::from(seen.rtp_time.wrapping_sub(u32::MAX));
        let seen_at = ntp_micros(seen.ntp_time) - seen_ticks * 1000 / 90;
        assert!((heard_at - seen_at).abs() < 50, "{heard_at} {seen_at}");
    }

    #[test]
    fn a_stream_that_never_sent_reports_nothing() {
        let clocks = clocks();
        clocks.stamp(Stream::Voice, MediaTime::from_micros(0), Instant::now());
        assert!(clocks.report(Stream::Camera, Instant::now()).is_none());
        assert!(clocks.report(Stream::Voice, Instant::now()).is_some());
    }
}
