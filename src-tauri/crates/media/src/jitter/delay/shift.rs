//! Whether the path became longer.
//!
//! Jitter lets some packets through fast. When for a second none of them is among the faster half,
//! and they do not become slower any more, the path itself takes longer, and what seemed a delay is
//! none. But a path whose transit goes back soon after only swings, and swings are jitter.

use crate::time::TimeDelta;

/// Watches the transits of one stream.
#[derive(Debug, Default)]
pub(super) struct ShiftDetector {
    run: Option<Run>,
    last: Option<Shift>,
    swing: Option<Swing>,
}

/// Arrivals one after the other of which none is an ordinary one.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// What is ordinary, from before the run.
    ordinary: TimeDelta,
    /// The least transits of its last parts, the oldest first.
    least: [TimeDelta; PARTS],
    /// Parts that have begun, and how much of the last one has been received.
    parts: usize,
    received: TimeDelta,
}

/// The path became longer by this much.
#[derive(Clone, Copy, Debug)]
struct Shift {
    by: TimeDelta,
    /// The transit half way between before and after.
    half: TimeDelta,
    at: TimeDelta,
}

/// The path became longer and shorter again.
#[derive(Clone, Copy, Debug)]
struct Swing {
    by: TimeDelta,
    at: TimeDelta,
}

/// One arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at: TimeDelta,
    pub(super) length: TimeDelta,
    pub(super) transit: TimeDelta,
    /// The least transit of late.
    pub(super) fastest: TimeDelta,
}

/// What an arrival tells of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it was.
    Same,
    /// It may have become longer.
    Open,
    /// Its fastest packets take this much longer than before.
    Longer(TimeDelta),
}

impl ShiftDetector {
    /// Judges an arrival; half of all delays are up to `median`.
    pub(super) fn judge(&mut self, sample: Sample, median: TimeDelta) -> Verdict {
        self.notice_return(sample);
        let delay = sample.transit - sample.fastest;
        let ordinary = self.run.map_or(median, |it| it.ordinary).max(LEAST);
        if delay <= ordinary {
            self.run = None;
            return Verdict::Same;
        }
        let run = self.run.get_or_insert_with(|| Run::new(ordinary));
        run.add(sample);
        let Some(least) = run.level() else {
            return Verdict::Open;
        };
        let by = least - sample.fastest;
        if self.swings(by, sample.at) {
            return Verdict::Open;
        }
        self.run = None;
        self.last = Some(Shift {
            by,
            half: sample.fastest + TimeDelta::from_micros(by.micros() / 2),
            at: sample.at,
        });
        Verdict::Longer(by)
    }

    /// Forgets the timeline, but not that the path swings.
    pub(super) fn restart(&mut self) {
        self.run = None;
        self.last = None;
    }

    fn notice_return(&mut self, sample: Sample) {
        if let Some(shift) = self.last.take_if(|it| sample.transit < it.half)
            && sample.at - shift.at < SOON
        {
            self.swing = Some(Swing {
                by: shift.by,
                at: sample.at,
            });
        }
    }

    /// Whether the path swings by that much anyway.
    fn swings(&self, by: TimeDelta, now: TimeDelta) -> bool {
        self.swing
            .is_some_and(|it| now - it.at < SOON && by < it.by * 2)
    }
}

impl Run {
    const fn new(ordinary: TimeDelta) -> Self {
        Self {
            ordinary,
            least: [LONGEST; PARTS],
            parts: 1,
            received: TimeDelta::ZERO,
        }
    }

    fn add(&mut self, sample: Sample) {
        if self.received >= PART {
            self.parts = (self.parts + 1).min(PARTS);
            self.least.rotate_left(1);
            self.least[PARTS - 1] = LONGEST;
            self.received = TimeDelta::ZERO;
        }
        self.received = self.received + sample.length;
        let least = &mut self.least[PARTS - 1];
        *least = sample.transit.min(*least);
    }

    /// The least transit once the run is long enough and has stopped rising.
    fn level(&self) -> Option<TimeDelta> {
        let (first, rest) = self.least.split_first()?;
        let rest = rest.iter().copied().min()?;
        let certain = self.parts == PARTS && *first + LEAST >= rest;
        certain.then_some(rest.min(*first))
    }
}

/// A path that is longer by less than 15 ms is heard by nobody.
const LEAST: TimeDelta = TimeDelta::from_millis(15);

/// Six parts of 200 ms, the last of them begun: no path is that unlucky with each of fifty
/// packets.
const PARTS: usize = 6;
const PART: TimeDelta = TimeDelta::from_millis(200);

/// More than any transit.
const LONGEST: TimeDelta = TimeDelta::from_micros(i64::MAX);

/// A path that goes back within 8 s swings.
const SOON: TimeDelta = TimeDelta::from_millis(8000);
