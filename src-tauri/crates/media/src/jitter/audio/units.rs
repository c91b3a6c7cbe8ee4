//! Units of the playout timeline, so that samples, positions and packets cannot be mixed up.
//!
//! Sums saturate: times and sequence numbers come from the other side and may be any number.

use std::ops::{Add, Sub};
use std::time::Duration;

use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::time::{MediaTime, TimeDelta};

/// A number of samples at 48 kHz; negative for the way back from one position to an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Samples(i64);

/// A place on the playout timeline: samples from an arbitrary origin. Loss and pauses of the
/// sender take their room on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SamplePosition(i64);

/// A packet's place in the stream, see [`crate::frame::ReceivedFrame::sequence`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sequence(u64);

impl Samples {
    pub(super) const ZERO: Self = Self(0);

    pub(super) const fn new(count: i64) -> Self {
        Self(count)
    }

    /// As many as lie in a slice of `len`.
    pub(super) const fn in_slice(len: usize) -> Self {
        Self(len as i64)
    }

    /// How long a slice of them is; a negative number makes an empty one.
    pub(super) fn slice_len(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }

    /// As many as there are in `time`, without the rest.
    pub(super) const fn in_time(time: TimeDelta) -> Self {
        Self(MediaTime::from_micros(time.micros()).ticks(SAMPLE_RATE_HZ))
    }

    /// How long they play.
    pub(super) const fn time(self) -> TimeDelta {
        MediaTime::from_ticks(self.0, SAMPLE_RATE_HZ).since_epoch()
    }

    /// How long they play, to the nanosecond; zero for a negative number.
    pub(super) fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0.max(0) as f64 / f64::from(SAMPLE_RATE_HZ))
    }

    /// As many `count` times over.
    pub(super) fn times(self, count: u64) -> Self {
        Self(
            self.0
                .saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)),
        )
    }

    pub(super) const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }
}

impl Add for Samples {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Samples {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SamplePosition {
    /// Where the timeline begins.
    pub(super) const ORIGIN: Self = Self(0);

    /// This position as time from the origin of the timeline.
    pub(super) const fn time(self) -> MediaTime {
        MediaTime::from_ticks(self.0, SAMPLE_RATE_HZ)
    }
}

impl Add<Samples> for SamplePosition {
    type Output = Self;

    fn add(self, by: Samples) -> Self {
        Self(self.0.saturating_add(by.0))
    }
}

impl Sub<Samples> for SamplePosition {
    type Output = Self;

    fn sub(self, by: Samples) -> Self {
        Self(self.0.saturating_sub(by.0))
    }
}

impl Sub for SamplePosition {
    type Output = Samples;

    fn sub(self, earlier: Self) -> Samples {
        Samples(self.0.saturating_sub(earlier.0))
    }
}

impl Sequence {
    pub(super) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The sequence `packets` later.
    pub(super) const fn after(self, packets: u64) -> Self {
        Self(self.0.saturating_add(packets))
    }

    /// How many packets lie between the two, whichever comes first.
    pub(super) const fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The slot of this packet in a ring of `slots`.
    pub(super) const fn slot(self, slots: u64) -> usize {
        (self.0 % slots) as usize
    }
}
