//! Sender reports that tell when a frame was captured (RFC 3550, 6.4.1).
//!
//! The library's own reports would tell when a frame was handed to the library: sound takes 5 ms to
//! encode and a picture 40, so the other side would play them 35 ms apart. [`SenderReports`] is an
//! interceptor in their place and runs in the library's driver; [`SendClocks`] is written by the
//! writer task too. Nothing here may wait: locks are held for a copy.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use media::time::MediaTime;
use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtcp::sender_report::SenderReport;
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;

use super::tap::RtcpState;
use crate::rtp::sync::{ClockOffsets, Kind, ntp_from_micros};

/// The clocks of what we send, and how much that was.
#[derive(Debug)]
pub(crate) struct SendClocks {
    pub(crate) offsets: ClockOffsets,
    /// The first frame of either stream, and the wall clock then in microseconds since 1900.
    origin: OnceLock<(MediaTime, u64)>,
    pub(crate) audio: StreamClock,
    pub(crate) video: StreamClock,
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

impl SendClocks {
    pub(crate) fn new(offsets: ClockOffsets, audio_ssrc: u32, video_ssrc: u32) -> Self {
        let stream = |ssrc| StreamClock {
            ssrc,
            // Random as RFC 3550, 5.1 wants it, in the lower half as RFC 3711, 3.3.1 wants it.
            first_sequence: (ssrc >> 17) as u16,
            last: Mutex::new(None),
            packets: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        let (audio, video) = (stream(audio_ssrc), stream(video_ssrc));
        Self {
            offsets,
            origin: OnceLock::new(),
            audio,
            video,
        }
    }

    pub(crate) const fn stream(&self, kind: Kind) -> &StreamClock {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    /// The RTP timestamp of a frame of `kind` captured at `time` and sent at `now`.
    pub(crate) fn stamp(&self, kind: Kind, time: MediaTime, now: Instant) -> u32 {
        let (origin, _) = *self.origin.get_or_init(|| (time, wall_clock()));
        let micros = time.micros_since(origin);
        let ticks = MediaTime::from_micros(micros).ticks(kind.hz());
        let rtp = self.offsets.of(kind).wrapping_add(ticks as u32);
        let last = LastFrame {
            rtp,
            micros,
            handed_over: now,
        };
        *self
            .stream(kind)
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(last);
        rtp
    }

    /// The report of one stream at `now`, once it has sent.
    fn report(&self, kind: Kind, now: Instant) -> Option<SenderReport> {
        let stream = self.stream(kind);
        let last = (*stream.last.lock().unwrap_or_else(PoisonError::into_inner))?;
        let (_, wall) = *self.origin.get()?;
        let since = now.saturating_duration_since(last.handed_over);
        let micros = last
            .micros
            .saturating_add(i64::try_from(since.as_micros()).ok()?);
        let ticks = since.as_micros() * u128::from(kind.hz()) / 1_000_000;
        Some(SenderReport {
            ssrc: stream.ssrc,
            ntp_time: ntp_from_micros(wall.saturating_add_signed(micros)),
            rtp_time: last.rtp.wrapping_add(ticks as u32),
            packet_count: stream.packets.load(Ordering::Relaxed) as u32,
            octet_count: stream.bytes.load(Ordering::Relaxed) as u32,
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

/// The interceptor.
pub(crate) struct SenderReports {
    clocks: Arc<SendClocks>,
    rtcp_state: Arc<RtcpState>,
    due: Option<Instant>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl SenderReports {
    pub(crate) fn new(clocks: Arc<SendClocks>, rtcp_state: Arc<RtcpState>) -> Self {
        Self {
            clocks,
            rtcp_state,
            due: None,
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for SenderReports {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if matches!(packet.message.packet, Packet::Rtp(_)) {
            self.due.get_or_insert(packet.now + FIRST_REPORT);
        }
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.due.is_none_or(|due| now < due) {
            return Ok(());
        }
        self.due = Some(now + INTERVAL);
        let mut packets: Vec<Box<dyn rtcp::Packet>> = Vec::new();
        for kind in [Kind::Audio, Kind::Video] {
            if let Some(report) = self.clocks.report(kind, now) {
                self.rtcp_state.sent_report(report.ntp_time, now);
                packets.push(Box::new(report));
            }
        }
        // An empty compound packet means something else to the library.
        if !packets.is_empty() {
            self.writes.push_back(TaggedPacket {
                now,
                transport: TransportContext::default(),
                message: AttributedPacket::new(Packet::Rtcp(packets)),
            });
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.due
    }
}

impl Interceptor for SenderReports {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

/// From the first packet to the first report: soon, since other peers synchronise by it, but
/// late enough that both streams have begun.
const FIRST_REPORT: Duration = Duration::from_millis(100);

/// Between reports: what the other side's round trip time and loss figures are renewed by.
const INTERVAL: Duration = Duration::from_secs(1);

/// Microseconds from 1900 to 1970.
const NTP_TO_UNIX: u64 = 2_208_988_800 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::sync::ntp_micros;

    #[test]
    fn reports_of_both_streams_name_capture_time_on_one_clock() {
        let clocks = SendClocks::new(
            ClockOffsets {
                audio: 7,
                video: u32::MAX,
            },
            1,
            2,
        );
        let now = Instant::now();
        let captured = MediaTime::from_micros(5_000_000);
        // The picture took 40 ms to encode, the sound 5.
        let sound = clocks.stamp(Kind::Audio, captured, now + Duration::from_millis(5));
        let picture = clocks.stamp(Kind::Video, captured, now + Duration::from_millis(40));
        assert_eq!((sound, picture), (7, u32::MAX));
        let later = now + Duration::from_millis(1005);
        let heard = clocks.report(Kind::Audio, later).unwrap();
        let seen = clocks.report(Kind::Video, later).unwrap();
        let heard_at = ntp_micros(heard.ntp_time) - i64::from(heard.rtp_time - 7) * 1000 / 48;
        let seen_ticks = i64::from(seen.rtp_time.wrapping_sub(u32::MAX));
        let seen_at = ntp_micros(seen.ntp_time) - seen_ticks * 1000 / 90;
        assert!((heard_at - seen_at).abs() < 50, "{heard_at} {seen_at}");
    }

    #[test]
    fn a_stream_that_never_sent_reports_nothing() {
        let clocks = SendClocks::new(ClockOffsets { audio: 0, video: 0 }, 1, 2);
        clocks.stamp(Kind::Audio, MediaTime::from_micros(0), Instant::now());
        assert!(clocks.report(Kind::Video, Instant::now()).is_none());
        assert!(clocks.report(Kind::Audio, Instant::now()).is_some());
    }
}
