//! RTP timestamps to the sender's timeline, so that sound and picture can be set against each
//! other.
//!
//! Three ways lead there. A Tincan peer says in its offer or answer where on each RTP clock its
//! timeline starts, so its streams are in step from the first packet. Through a server, packets say
//! now and then when they were captured (`peer::capture_time`), and sender reports no longer count.
//! Any other peer says it in its sender reports (RFC 3550, 6.4.1), once both streams of a pair had
//! one.

use media::time::MediaTime;
use media::transport::{Stream, Streams};
use serde::{Deserialize, Serialize};

use super::clock_hz;
use super::extend::TimestampExtender;

/// The RTP timestamps at which a sender's timeline starts, in ticks of each stream's clock: 48 kHz
/// for sound, 90 kHz for pictures. Streams that are not known here are skipped when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClockOffsets(pub Streams<u32>);

/// What is known of the other side's clocks. Shared by its streams.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    offsets: Option<ClockOffsets>,
    reports: Streams<Option<Report>>,
    /// Whether packets say themselves when they were captured.
    captured: bool,
}

/// The same instant on two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// NTP format: seconds in the upper half, their fraction in the lower.
    pub(crate) ntp: u64,
    /// The stream's RTP clock.
    pub(crate) rtp: u32,
}

impl Clocks {
    /// Takes what the other side's offer or answer said. Only the first counts: its streams go on
    /// through a restart.
    pub(crate) fn announce(&mut self, offsets: ClockOffsets) {
        self.offsets.get_or_insert(offsets);
    }

    /// Takes what a sender report of the stream said. It counts only where no packet says when it was
    /// captured: whoever passes packets on may report by another clock.
    pub(crate) fn report(&mut self, stream: Stream, report: Report) {
        if !self.captured {
            self.reports[stream] = Some(report);
        }
    }

    /// Takes what a packet of the stream said of its capture.
    pub(crate) fn captured(&mut self, stream: Stream, report: Report) {
        if !std::mem::replace(&mut self.captured, true) {
            self.reports = Streams::default();
        }
        self.reports[stream] = Some(report);
    }

    /// The last report of the stream, once the stream that it is played with has reported too.
    fn reported(&self, stream: Stream) -> Option<Report> {
        self.reports[played_with(stream)].and(self.reports[stream])
    }
}

/// The stream that another one is synchronised with.
const fn played_with(stream: Stream) -> Stream {
    match stream {
        Stream::Voice => Stream::Camera,
        Stream::Camera => Stream::Voice,
        Stream::Screen => Stream::ScreenSound,
        Stream::ScreenSound => Stream::Screen,
    }
}

/// The timeline of one received stream.
#[derive(Debug)]
pub(crate) struct Timeline {
    stream: Stream,
    announced: Option<TimestampExtender>,
    own: Option<TimestampExtender>,
}

impl Timeline {
    pub(crate) const fn new(stream: Stream) -> Self {
        Self {
            stream,
            announced: None,
            own: None,
        }
    }

    /// Where `timestamp` lies on the sender's timeline, and whether that timeline is shared with the
    /// stream that it is played with.
    pub(crate) fn locate(&mut self, timestamp: u32, clocks: &Clocks) -> (MediaTime, bool) {
        let hz = clock_hz(self.stream.kind());
        if let Some(ClockOffsets(offsets)) = clocks.offsets {
            let base = offsets[self.stream];
            let extender = self
                .announced
                .get_or_insert_with(|| TimestampExtender::from_base(base));
            return (MediaTime::from_ticks(extender.extend(timestamp), hz), true);
        }
        if let Some(report) = clocks.reported(self.stream) {
            let ticks = i64::from(timestamp.wrapping_sub(report.rtp) as i32);
            let since = MediaTime::from_ticks(ticks, hz).micros();
            return (
                MediaTime::from_micros(ntp_micros(report.ntp).saturating_add(since)),
                true,
            );
        }
        let extender = self
            .own
            .get_or_insert_with(|| TimestampExtender::from_base(timestamp));
        (MediaTime::from_ticks(extender.extend(timestamp), hz), false)
    }
}

/// Microseconds since the NTP epoch.
pub(crate) const fn ntp_micros(ntp: u64) -> i64 {
    let seconds = (ntp >> 32) as i64;
    let fraction = (((ntp & 0xffff_ffff) * 1_000_000) >> 32) as i64;
    seconds * 1_000_000 + fraction
}

/// The NTP format of `micros` microseconds since the NTP epoch.
pub(crate) const fn ntp_from_micros(micros: u64) -> u64 {
    let fraction = ((micros % 1_000_000) << 32) / 1_000_000;
    ((micros / 1_000_000) << 32) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_offsets_put_streams_on_one_timeline_at_once() {
        let mut clocks = Clocks::default();
        let mut offsets = Streams::from_fn(|_| 77);
        offsets[Stream::Voice] = u32::MAX - 10;
        clocks.announce(ClockOffsets(offsets));
        let (mut audio, mut video) = (Timeline::new(Stream::Voice), Timeline::new(Stream::Camera));
        let heard = audio.locate(48_000u32.wrapping_sub(11), &clocks);
        assert_eq!(heard, (MediaTime::from_micros(1_000_000), true));
        assert_eq!(
            video.locate(90_077, &clocks),
            (MediaTime::from_micros(1_000_000), true)
        );
        assert_eq!(
            video.locate(77u32.wrapping_sub(90), &clocks),
            (MediaTime::from_micros(-1_000), true)
        );
    }

    #[test]
    fn streams_are_apart_until_both_of_a_pair_have_reported() {
        let mut clocks = Clocks::default();
        let (mut audio, mut video) = (Timeline::new(Stream::Voice), Timeline::new(Stream::Camera));
        assert_eq!(
            audio.locate(5_000, &clocks),
            (MediaTime::from_micros(0), false)
        );
        assert_eq!(
            audio.locate(5_960, &clocks),
            (MediaTime::from_micros(20_000), false)
        );
        let ntp = ntp_from_micros(10_000_000);
        clocks.report(Stream::Voice, Report { ntp, rtp: 5_000 });
        clocks.report(Stream::Screen, Report { ntp, rtp: 1 });
        assert!(!audio.locate(5_960, &clocks).1);
        clocks.report(Stream::Camera, Report { ntp, rtp: 9 });
        let (heard, seen) = (
            audio.locate(5_960, &clocks),
            video.locate(9 + 1_800, &clocks),
        );
        assert!(heard.1 && seen.1);
        assert!(heard.0.micros_since(seen.0).abs() <= 1);
        let mut screen = Timeline::new(Stream::Screen);
        assert!(!screen.locate(1, &clocks).1, "its sound has not reported");
    }

    #[test]
    fn ntp_keeps_microseconds() {
        for micros in [0, 1, 999_999, 1_000_000, 3_900_000_000_123_456] {
            let back = ntp_micros(ntp_from_micros(micros)) as u64;
            assert!(micros.abs_diff(back) <= 1);
        }
    }

    #[test]
    fn what_packets_say_of_their_capture_makes_sender_reports_void() {
        let mut clocks = Clocks::default();
        let report = |seconds: u64, rtp| Report {
            ntp: seconds << 32,
            rtp,
        };
        clocks.report(Stream::Voice, report(100, 0));
        clocks.report(Stream::Camera, report(100, 0));
        clocks.captured(Stream::Voice, report(200, 0));
        let voice = |clocks: &Clocks| Timeline::new(Stream::Voice).locate(0, clocks);
        assert!(!voice(&clocks).1, "the camera has said nothing that counts");
        clocks.captured(Stream::Camera, report(200, 0));
        clocks.report(Stream::Voice, report(300, 0));
        let (time, synchronised) = voice(&clocks);
        assert_eq!((time.micros(), synchronised), (200_000_000, true));
    }
}
