//! Where packets belong on the playout timeline.
//!
//! A loss moves sequence and time on together. A sender that pauses (muted, or DTX) goes on with
//! the next sequence at a later time. So the sequence tells how much is missing at least, and a
//! time that runs ahead of it tells of a pause.

use std::time::{Duration, Instant};

use super::units::{SamplePosition, Samples, Sequence};
use crate::backend::audio::SAMPLE_RATE_HZ;
use crate::frame::ReceivedFrame;
use crate::time::{MediaTime, TimeDelta};

/// Gives packets their positions, counted from the newest one.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    newest: Option<Mark>,
}

/// What is remembered of the packet with the highest sequence.
#[derive(Clone, Copy, Debug)]
struct Mark {
    sequence: Sequence,
    position: SamplePosition,
    samples: Samples,
    time: MediaTime,
    synchronised: bool,
    arrived: Instant,
}

/// Where a packet belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) position: SamplePosition,
    /// Whether a packet with a higher sequence came before it.
    pub(super) reordered: bool,
}

impl Timeline {
    /// The place of `frame`, which decodes to `samples`.
    pub(super) fn place(&mut self, frame: &ReceivedFrame, samples: Samples) -> Placed {
        let sequence = Sequence::new(frame.sequence);
        let position = match self.newest {
            None => SamplePosition::ORIGIN,
            Some(newest) if sequence > newest.sequence => newest.after(frame, samples),
            Some(newest) => {
                return Placed {
                    position: newest.before(frame, samples),
                    reordered: true,
                };
            }
        };
        self.newest = Some(Mark {
            sequence,
            position,
            samples,
            time: frame.frame.time,
            synchronised: frame.synchronised,
            arrived: frame.arrived,
        });
        Placed {
            position,
            reordered: false,
        }
    }
}

impl Mark {
    /// The position of `frame`, which has a higher sequence.
    fn after(self, frame: &ReceivedFrame, samples: Samples) -> SamplePosition {
        let missing = Sequence::new(frame.sequence).distance(self.sequence) - 1;
        let by_sequence = self.position + self.samples + samples.times(missing);
        // Times of an unsynchronised and a synchronised frame are not comparable: the clock on
        // the wall tells whether there was a pause.
        let ahead = if frame.synchronised == self.synchronised {
            Samples::in_time(frame.frame.time.since(self.time))
        } else {
            let waited = frame.arrived.saturating_duration_since(self.arrived);
            if waited < CERTAIN_PAUSE {
                Samples::ZERO
            } else {
                Samples::in_time(TimeDelta::from(waited))
            }
        };
        let by_time = self.position + ahead;
        if by_time > by_sequence + SNAP && ahead < LONGEST_PAUSE {
            by_time
        } else {
            by_sequence
        }
    }

    /// The position of `frame`, which has a lower sequence: the earlier of what sequence and time
    /// say, since a pause may lie between.
    fn before(self, frame: &ReceivedFrame, samples: Samples) -> SamplePosition {
        let behind = self.sequence.distance(Sequence::new(frame.sequence));
        let back = Samples::in_time(self.time.since(frame.frame.time));
        let by_time = self.position - back.clamp(Samples::ZERO, LONGEST_PAUSE);
        let by_sequence = self.position - samples.times(behind);
        if (by_time - by_sequence).abs() <= SNAP {
            by_sequence
        } else {
            by_time.min(by_sequence)
        }
    }
}

/// Time and sequence may differ by 5 ms: capture clocks jitter, pauses are whole packets.
const SNAP: Samples = Samples::new(SAMPLE_RATE_HZ as i64 / 200);

/// A wait that no network jitter explains.
const CERTAIN_PAUSE: Duration = Duration::from_millis(400);

/// A day: beyond that a time is nonsense, not a pause.
const LONGEST_PAUSE: Samples = Samples::new(86_400 * SAMPLE_RATE_HZ as i64);
