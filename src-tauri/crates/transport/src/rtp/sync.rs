//! RTP timestamps to the sender's timeline, so that sound and picture can be set against each
//! other.
//!
//! Two ways lead there. A Tincan peer says in its offer or answer where on each RTP clock its
//! timeline starts, so the two are in step from the first packet. Any other peer says it in its
//! sender reports (RFC 3550, 6.4.1), once both streams had one.

use media::time::MediaTime;
use serde::{Deserialize, Serialize};

use super::extend::TimestampExtender;
use super::{AUDIO_HZ, VIDEO_HZ};

/// Sound or picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Opus.
    Audio,
    /// H.264.
    Video,
}

impl Kind {
    /// The rate of its RTP clock, hertz.
    pub(crate) const fn hz(self) -> u32 {
        match self {
            Self::Audio => AUDIO_HZ,
            Self::Video => VIDEO_HZ,
        }
    }
}

/// The RTP timestamps at which a sender's timeline starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffsets {
    /// Of the sound, in ticks of 48 kHz.
    pub audio: u32,
    /// Of the pictures, in ticks of 90 kHz.
    pub video: u32,
}

impl ClockOffsets {
    pub(crate) const fn of(self, kind: Kind) -> u32 {
        match kind {
            Kind::Audio => self.audio,
            Kind::Video => self.video,
        }
    }
}

/// What is known of the other side's clocks. Shared by its two streams.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    offsets: Option<ClockOffsets>,
    audio: Option<Report>,
    video: Option<Report>,
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

    /// Takes what a sender report of the stream said.
    pub(crate) const fn report(&mut self, kind: Kind, report: Report) {
        match kind {
            Kind::Audio => self.audio = Some(report),
            Kind::Video => self.video = Some(report),
        }
    }

    const fn both_reported(&self) -> bool {
        self.audio.is_some() && self.video.is_some()
    }

    const fn reported(&self, kind: Kind) -> Option<Report> {
        match kind {
            Kind::Audio => self.audio,
            Kind::Video => self.video,
        }
    }
}

/// The timeline of one received stream.
#[derive(Debug)]
pub(crate) struct Timeline {
    kind: Kind,
    announced: Option<TimestampExtender>,
    own: Option<TimestampExtender>,
}

impl Timeline {
    pub(crate) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            announced: None,
            own: None,
        }
    }

    /// Where `timestamp` lies on the sender's timeline, and whether that timeline is shared by its
    /// two streams.
    pub(crate) fn locate(&mut self, timestamp: u32, clocks: &Clocks) -> (MediaTime, bool) {
        let hz = self.kind.hz();
        if let Some(offsets) = clocks.offsets {
            let base = offsets.of(self.kind);
            let extender = self
                .announced
                .get_or_insert_with(|| TimestampExtender::from_base(base));
            return (MediaTime::from_ticks(extender.extend(timestamp), hz), true);
        }
        if let Some(report) = clocks
            .reported(self.kind)
            .filter(|_| clocks.both_reported())
        {
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
    fn announced_offsets_put_both_streams_on_one_timeline_at_once() {
        let mut clocks = Clocks::default();
        clocks.announce(ClockOffsets {
            audio: u32::MAX - 10,
            video: 77,
        });
        let (mut audio, mut video) = (Timeline::new(Kind::Audio), Timeline::new(Kind::Video));
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
    fn streams_are_apart_until_both_have_reported() {
        let mut clocks = Clocks::default();
        let (mut audio, mut video) = (Timeline::new(Kind::Audio), Timeline::new(Kind::Video));
        assert_eq!(
            audio.locate(5_000, &clocks),
            (MediaTime::from_micros(0), false)
        );
        assert_eq!(
            audio.locate(5_960, &clocks),
            (MediaTime::from_micros(20_000), false)
        );
        let ntp = ntp_from_micros(10_000_000);
        clocks.report(Kind::Audio, Report { ntp, rtp: 5_000 });
        assert!(!audio.locate(5_960, &clocks).1);
        clocks.report(Kind::Video, Report { ntp, rtp: 9 });
        let (heard, seen) = (
            audio.locate(5_960, &clocks),
            video.locate(9 + 1_800, &clocks),
        );
        assert!(heard.1 && seen.1);
        assert!(heard.0.micros_since(seen.0).abs() <= 1);
    }

    #[test]
    fn ntp_keeps_microseconds() {
        for micros in [0, 1, 999_999, 1_000_000, 3_900_000_000_123_456] {
            let back = ntp_micros(ntp_from_micros(micros)) as u64;
            assert!(micros.abs_diff(back) <= 1);
        }
    }
}
